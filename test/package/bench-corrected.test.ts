/** bench:corrected as it runs, in small: the rows it writes, that they are judged beside their bars, and that what is there is not made again. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, run } from "../support/runtimes.js";

interface Row {
  readonly part: string;
  readonly task: string;
  readonly name: string;
  readonly seed: number;
  readonly quick: boolean;
  readonly date: string;
  readonly machine: { readonly node: string };
  readonly error?: string;
}

const script = resolve("bench/corrected.mjs");
let folder = "";
let first: Outcome;
const bench = (...argv: string[]) => run(process.execPath, [script, ...argv], { env: { BNEM_RESULTS: folder } });
const small = ["--part", "unbalanced", "--task", "two-modes", "--quick"];
const rowsThere = async (): Promise<Row[]> => JSON.parse(await readFile(join(folder, "corrected.json"), "utf8")).result.rows;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bnem-bench-corrected-"));
  first = await bench(...small);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a run leaves the training and one row per sample, and prints each beside its bar", async () => {
  expect(first.code, first.stderr).toBe(0);
  const rows = await rowsThere();
  expect(rows.map(({ part, name }) => `${part} ${name}`)).toEqual(["training nem", "unbalanced raw", "unbalanced weighted"]);
  for (const row of rows) {
    expect(row.error).toBeUndefined();
    expect(row).toMatchObject({ task: "two-modes", seed: 1, quick: true, machine: { node: process.version } });
  }
  expect(first.stdout).toContain("a quick run: no figure to keep");
  expect(first.stdout).toMatch(/two-modes\s+weighted .* tail >= \.01/);
});

test("what is there stays", async () => {
  const before = await rowsThere();
  const again = await bench(...small);
  expect(again.code, again.stderr).toBe(0);
  expect(again.stderr).not.toContain("made");
  expect(await rowsThere()).toEqual(before);
});

test("a part that is not there is named beside those that are", async () => {
  const wrong = await bench("--part", "learnt");
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('bench:corrected: no part "learnt"; there are learned, unbalanced');
});
