/** bench:tasks as it runs, in small: the rows it writes, that what is there stays, and that what is missing comes out the same again. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, run } from "../support/runtimes.js";

interface Calls {
  readonly plain: number;
  readonly gradient: number;
}

interface Row {
  readonly task: string;
  readonly method: string;
  readonly variant: string;
  readonly seed: number;
  readonly budget: string;
  readonly label: string;
  readonly date: string;
  readonly machine: { readonly bnem: string; readonly node: string; readonly processor: string };
  readonly quick: boolean;
  readonly n: number;
  readonly error?: string;
  readonly metrics: { readonly [name: string]: { readonly value: number; readonly floor: number; readonly floorLimit: number } };
  readonly training: { readonly steps: number; readonly seconds: number; readonly calls: Calls } | null;
  readonly sampling: { readonly seconds: number; readonly calls: Calls; readonly networkRows: number };
  readonly calls: Calls;
}

const script = resolve("bench/tasks.mjs");
let folder = "";
let first: Outcome;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bnem-bench-tasks-"));
  first = await bench("--method", "posterior", "--seed", "3", "--page");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bench = (...argv: string[]) =>
  run(process.execPath, [script, "--task", "dw4", "--quick", ...argv], { env: { BNEM_RESULTS: folder } });
const file = () => join(folder, "tasks.json");
const rowsThere = async (): Promise<Row[]> => JSON.parse(await readFile(file(), "utf8")).result.rows;
const withVariant = (rows: readonly Row[], variant: string) => rows.find((row) => row.variant === variant) as Row;
const total = ({ plain, gradient }: Calls) => plain + gradient;

const learned = ["untrained", "untrained + MALA", "raw", "raw + MALA"];
const shown = ["energyW2", "energyW2Paper", "energyW2Trimmed", "pairDistanceTv", "pairDistanceW2", "alignedW2", "pairKsd"];

test("a run leaves one row per variant and chain, each with its metrics, floors, costs, machine and label", async () => {
  expect(first.code, first.stderr).toBe(0);
  const rows = await rowsThere();
  expect(rows.map(({ variant }) => variant).filter((variant) => learned.includes(variant))).toEqual(learned);
  expect(rows.filter(({ label }) => label === "MCMC").map(({ method }) => method)).toEqual(["mala", "hmc", "tempering"]);
  for (const row of rows) {
    expect(row.error, `${row.method} ${row.variant}`).toBeUndefined();
    expect(row).toMatchObject({ task: "dw4", seed: 3, quick: true, machine: { node: process.version } });
    expect(Date.parse(row.date)).toBeGreaterThan(0);
    for (const name of shown) {
      const { value, floor, floorLimit } = row.metrics[name];
      expect([value, floor, floorLimit].every(Number.isFinite), `${row.variant} ${name}`).toBe(true);
    }
  }
  expect(withVariant(rows, "raw").label).toBe("learns from MCMC");
  expect(withVariant(rows, "untrained").label).toBe("not trained");
});

test("calls are counted: none for raw samples, those of 50 moves and a start behind them, and no more for chains than training took", async () => {
  const rows = await rowsThere();
  const raw = withVariant(rows, "raw");
  const spent = total(raw.training?.calls as Calls);
  expect(spent).toBeGreaterThan(0);
  expect(total(raw.sampling.calls)).toBe(0);
  expect(total(raw.calls)).toBe(spent);
  expect(raw.sampling.networkRows).toBeGreaterThan(0);
  expect(total(withVariant(rows, "untrained").calls)).toBe(0);
  expect(withVariant(rows, "raw + MALA").calls).toEqual({ plain: 0, gradient: spent + 51 * raw.n });
  for (const row of rows.filter(({ label }) => label === "MCMC")) {
    expect(row.n).toBe(raw.n);
    expect(total(row.calls), row.method).toBeLessThanOrEqual(spent);
    expect(total(row.calls), row.method).toBeGreaterThan(0.5 * spent);
  }
});

test("the table is printed, best energy W2 first, with the floors above and the literature apart; the page has the same rows", async () => {
  const lines = first.stdout.split("\n");
  const from = lines.findIndex((line) => line.startsWith("row "));
  const rows = await rowsThere();
  const table = lines.slice(from + 3, from + 3 + rows.length);
  expect(lines[from + 1]).toContain("exact draws");
  const order = [...rows].sort((a, b) => a.metrics.energyW2.value - b.metrics.energyW2.value);
  table.forEach((line, i) => {
    expect(line.startsWith(`${order[i].method}, ${order[i].variant}`), line).toBe(true);
  });
  expect(first.stdout).toContain("convention unverified");
  const page = await readFile(join(folder, "tasks.html"), "utf8");
  for (const { method, variant } of rows) expect(page).toContain(`${method}, ${variant}`);
  expect(page).not.toMatch(/<script|https?:\/\//);
});

test("a second run makes nothing; a missing row comes back with the same numbers, training again for it, beside the others", async () => {
  const before = await rowsThere();
  const again = await bench("--method", "posterior", "--seed", "3");
  expect(again.code, again.stderr).toBe(0);
  expect(await rowsThere()).toEqual(before);
  const whole = JSON.parse(await readFile(file(), "utf8"));
  whole.result.rows = before.filter(({ variant }) => variant !== "raw");
  await writeFile(file(), JSON.stringify(whole));
  const third = await bench("--method", "posterior", "--seed", "3");
  expect(third.code, third.stderr).toBe(0);
  const after = await rowsThere();
  expect(after.filter(({ variant }) => variant !== "raw")).toEqual(whole.result.rows);
  const { metrics, calls } = withVariant(after, "raw");
  expect({ metrics, calls }).toEqual({ metrics: withVariant(before, "raw").metrics, calls: withVariant(before, "raw").calls });
});

test("what is not there is refused by name", async () => {
  const unknown = await bench("--method", "no-such-method");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('no method of dw4 "no-such-method"; there are posterior');
  const budget = await bench("--budget", "soon");
  expect(budget.code).toBe(1);
  expect(budget.stderr).toContain("--budget must be like 120s or 400steps");
});
