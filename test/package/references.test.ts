/** `bnem reference` as it ships, and the reference sets that ship with it. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { energyByName, init, loadReference, readExtxyz, reference, saveReference, version, writeNpy } from "bnem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/runtimes.js";

const cli = resolve("dist/cli.js");
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bnem-reference-"));
  await init();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function bnemJson(...argv: string[]) {
  const { code, stdout, stderr } = await run(process.execPath, [cli, ...argv, "--json"], { cwd: folder, timeout: 110_000 });
  expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
  return { code, data: JSON.parse(stdout), stderr };
}

/** Mean energies that long runs and the literature agree on, and the degrees of freedom. */
const SHIPPED = [
  ["dw4", -22.546, 6],
  ["lj13", -42.96, 36],
  ["lj55", -325.45, 162],
] as const;

describe("the sets that ship", () => {
  test.each(SHIPPED)("%s says how it was made, and that it is sound", async (name, meanEnergy, freedoms) => {
    const energy = energyByName(name);
    const { x, energy: energies, recipe, diagnostics } = await loadReference(await readFile(`references/${name}.npz`), energy);
    expect(x.n).toBe(1000);
    expect(energies).toEqual(energy.energy(x));
    expect(recipe).toMatchObject({ version, n: 1000, seed: 1, energy: { name, options: energy.options } });
    expect(diagnostics).toMatchObject({ stuckChains: 0, nonFinite: 0, notice: null, virial: { exact: freedoms } });
    expect(diagnostics.splitRhat).toBeLessThan(1.05);
    expect(diagnostics.ess).toBeGreaterThan(500);
    const { mean, standardError } = diagnostics.observables.energy;
    expect(Math.abs(mean - meanEnergy) / (standardError as number)).toBeLessThan(4);
    const { virial } = diagnostics;
    expect(Math.abs(virial.mean - freedoms) / (virial.standardError as number)).toBeLessThan(4);
  });

  test("dw4 comes out again from its recipe, byte for byte", async () => {
    const bytes = await readFile("references/dw4.npz");
    const { recipe } = await loadReference(bytes);
    const again = await reference(energyByName(recipe.energy.name), { n: recipe.n, seed: recipe.seed });
    expect(Buffer.from(saveReference(again)).equals(bytes)).toBe(true);
  });
});

describe("bnem reference", () => {
  const tiny = ["-n", "100", "--seed", "3", "--chains", "32", "--warmup", "100", "--pilot-steps", "100"];

  test("writes a set with its recipe, the same bytes on any number of threads, that evaluate takes", async () => {
    const one = await bnemJson("reference", "lj13", ...tiny, "-o", "a.npz", "--workers", "1");
    expect(one.code, JSON.stringify(one.data)).toBe(0);
    expect(one.data).toMatchObject({ n: 100, dim: 39, seed: 3, output: "a.npz", recipe: { move: "hmc", version } });
    expect((await bnemJson("reference", "lj13", ...tiny, "-o", "b.npz", "--workers", "2")).code).toBe(0);
    const bytes = await readFile(join(folder, "a.npz"));
    expect(bytes.equals(await readFile(join(folder, "b.npz")))).toBe(true);
    const { x, diagnostics } = await loadReference(bytes, energyByName("lj13"));
    expect(diagnostics).toEqual(one.data.diagnostics);
    await writeFile(join(folder, "x.npy"), writeNpy({ data: x.data.slice(0, 40 * 39), shape: [40, 39] }));
    const scored = await bnemJson("evaluate", "x.npy", "--energy", "lj13", "--reference", "a.npz");
    expect(scored.code, JSON.stringify(scored.data)).toBe(0);
    expect(scored.data.metrics.energyW2.value).toBeGreaterThan(0);
    const builtin = await bnemJson("evaluate", "x.npy", "--energy", "lj13", "--reference", "builtin");
    expect(builtin.data.metrics.energyW2.atFloor).toBe(true);
  });

  test("writes frames of particles, and refuses them for anything else", async () => {
    const { code } = await bnemJson("reference", "dw4", ...tiny, "-o", "a.xyz");
    expect(code).toBe(0);
    const { x } = readExtxyz(await readFile(join(folder, "a.xyz"), "utf8"), { count: 4, spatialDim: 2 });
    expect(x.n).toBe(100);
    const refused = await bnemJson("reference", "two-moons", ...tiny, "-o", "b.xyz");
    expect(refused.code).toBe(2);
    expect(refused.data.error.message).toMatch(/two-moons is no energy of particles/);
  });

  test.each([
    [["reference"], 2, /name an energy/],
    [["reference", "lj14"], 2, /did you mean "lj13"/],
    [["reference", "lj13", "-n", "0"], 2, /-n must be a whole number/],
    [["reference", "lj13", "-o", "a.txt"], 2, /ending in .npz or .xyz/],
    [["reference", "lj13", "--move", "hmc", "--replicas", "3"], 2, /says nothing to the move "hmc"/],
    [["reference", "lj13", "-o", "nowhere/a.npz"], 1, /its folder does not exist/],
  ])("%j is refused", async (argv, code, text) => {
    const refused = await bnemJson(...argv);
    expect(refused.code).toBe(code);
    expect(refused.data.error.message).toMatch(text);
  });

  test("builtin is refused where none ships", async () => {
    await writeFile(join(folder, "y.npy"), writeNpy({ data: new Float32Array(64), shape: [32, 2] }));
    const { code, data } = await bnemJson("evaluate", "y.npy", "--energy", "two-moons", "--reference", "builtin");
    expect(code).toBe(2);
    expect(data.error.message).toMatch(/none of two-moons, only of dw4, lj13, lj55/);
  });

  test("an interrupt leaves nothing behind and ends with 130", async () => {
    const before = await readdir(folder);
    const child = spawn(process.execPath, [cli, "reference", "lj55", "-n", "100000", "-o", "c.npz", "--progress", "json"], {
      cwd: folder,
    });
    await new Promise((begun) => child.stderr.once("data", begun));
    child.kill("SIGINT");
    expect(await new Promise((ended) => child.once("close", ended))).toBe(130);
    expect(await readdir(folder)).toEqual(before);
  });
});
