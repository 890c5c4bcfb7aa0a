/** bench:correction as it runs, in small: the rows it writes, that what is there stays, and the page that is made of them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, run } from "../support/runtimes.js";

interface Row {
  readonly model: string;
  readonly target: string;
  readonly transition: string;
  readonly corrector: string;
  readonly process: string;
  readonly n: number;
  readonly seed: number;
  readonly date: string;
  readonly machine: { readonly node: string };
  readonly error?: string;
  readonly ess?: { readonly reverse: number; readonly forward?: number };
  readonly logZ?: { readonly value: number; readonly error: number };
  readonly elbo?: number;
  readonly eubo?: number;
  readonly modeTv?: { readonly raw: { readonly value: number }; readonly weighted?: { readonly value: number } };
  readonly calls?: { readonly scores: number; readonly products: number; readonly energy: number };
  readonly ancestors?: number;
  readonly density?: readonly { readonly sigma: number; readonly density: number; readonly scoreError: number }[];
}

const script = resolve("bench/correction.mjs");
const BASE = "2 modes, d 8, a 1, 2:1 |";
let folder = "";
let first: Outcome;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bnem-bench-correction-"));
  first = await bench("--filter", `model=exact;${BASE};process=ve`, "--page");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bench = (...argv: string[]) =>
  run(process.execPath, [script, "--quick", "--seed", "3", ...argv], { env: { BNEM_RESULTS: folder } });
const file = () => join(folder, "correction.json");
const rowsThere = async (): Promise<Row[]> => JSON.parse(await readFile(file(), "utf8")).result.rows;
const pick = (rows: readonly Row[], transition: string, corrector: string) =>
  rows.find((row) => row.transition === transition && row.corrector === corrector) as Row;
/** What does not change from run to run. */
const lasting = ({ ess, logZ, calls, modeTv }: Row) => ({ ess, logZ, calls, modeTv });

test("a row for every transition and corrector of the exact model, with its figures, costs and machine", async () => {
  expect(first.code, first.stderr).toBe(0);
  const rows = await rowsThere();
  const transitions = ["bridge", "exponential", "tuned", "diagonal", "low-rank", "full", "map", "exact"];
  expect([...new Set(rows.map(({ transition }) => transition))].sort()).toEqual([...transitions].sort());
  expect([...new Set(rows.map(({ corrector }) => corrector))]).toEqual(["path", "smc", "smc moves", "exchange"]);
  expect(rows.length).toBe(4 * transitions.length);
  for (const row of rows) {
    expect(row.error, `${row.transition} ${row.corrector}`).toBeUndefined();
    expect(row).toMatchObject({ seed: 3, n: 128, machine: { node: process.version } });
    expect(Date.parse(row.date)).toBeGreaterThan(0);
    expect(row.modeTv?.raw.value).toBeGreaterThanOrEqual(0);
    expect(row.calls?.energy).toBeGreaterThan(0);
  }
});

test("the exact step has no error of its own, at no cost of the network; its paths stand between ELBO and EUBO", async () => {
  const rows = await rowsThere();
  const exact = pick(rows, "exact", "path");
  expect(exact.ess?.reverse).toBeGreaterThan(0.95);
  expect(exact.ess?.forward).toBeGreaterThan(0.95);
  expect(Math.abs(exact.logZ?.value as number)).toBeLessThan(0.05);
  const map = pick(rows, "map", "path");
  expect(map.elbo as number).toBeLessThan(map.eubo as number);
  expect(map.calls?.products).toBeGreaterThan(0);
  expect(pick(rows, "tuned", "path").calls?.products).toBe(0);
  expect(pick(rows, "tuned", "path").ancestors).toBe(1);
});

test("a second run makes nothing; a missing row comes back with the same numbers, beside the others", async () => {
  const before = await rowsThere();
  const again = await bench("--filter", `model=exact;${BASE};process=ve`);
  expect(again.stderr).toContain(`0 of ${before.length} rows to make`);
  expect(await rowsThere()).toEqual(before);
  const whole = JSON.parse(await readFile(file(), "utf8"));
  const gone = pick(before, "tuned", "smc");
  whole.result.rows = before.filter((row) => row !== gone);
  await writeFile(file(), JSON.stringify(whole));
  const third = await bench("--filter", `model=exact;${BASE};transition=tuned`, "--budget", "600");
  expect(third.code, third.stderr).toBe(0);
  const after = await rowsThere();
  expect(lasting(pick(after, "tuned", "smc"))).toEqual(lasting(gone));
});

test("a learned model is trained once and has rows of its own, its densities among them", async () => {
  const own = await bench("--filter", `model=dsm;${BASE};transition=none`);
  expect(own.code, own.stderr).toBe(0);
  const weighed = await bench("--filter", `model=dsm;${BASE};transition=tuned;corrector=path;process=ve`);
  expect(weighed.code, weighed.stderr).toBe(0);
  expect(weighed.stderr).not.toContain("steps in");
  const rows = (await rowsThere()).filter(({ model }) => model === "dsm");
  expect(rows.map(({ corrector }) => corrector)).toEqual(["density", "path"]);
  for (const { density, scoreError } of rows[0].density ?? []) {
    expect(density).toBeGreaterThan(0);
    expect(scoreError).toBeGreaterThan(0);
  }
  expect(rows[1].ess?.reverse).toBeGreaterThan(0);
});

test("the page says of each of the paper's statements whether these rows agree", async () => {
  expect(first.stdout).toContain("a quick run: no figure to keep");
  const page = await readFile(join(folder, "correction.html"), "utf8");
  for (const words of ["untuned first-order", "posterior covariance", "transport maps", "every variant", "log-density"]) {
    expect(page).toContain(words);
  }
  expect(page).toContain("rows are missing");
  expect(page).not.toMatch(/<script|https?:\/\//);
});

test("what is not there is refused by name; --list makes nothing", async () => {
  const unknown = await bench("--filter", "transition=no-such-one");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("no row fits");
  const budget = await bench("--budget", "soon");
  expect(budget.stderr).toContain("--budget must be a whole number");
  const list = await bench("--list", "--filter", "dial=dimension;transition=full;model=exact");
  expect(list.stdout.trim().split("\n").length).toBe(21);
});
