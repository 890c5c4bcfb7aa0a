/** Files of configurations on the command line: chosen by extension, and what does not fit the target is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { checkSampleFile, readSamples, writeSamples } from "../../src/cli/files.js";
import { UsageError } from "../../src/cli/outcome.js";
import { type NumpyArray, readNpz, sampleScalarNames, type WrittenSample, writeNpz } from "../../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "bnem-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const dimers = { name: "dimers", particles: { count: 2, spatialDim: 2 } };
const plane = { name: "plane" };
const samples = {
  x: { data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), n: 2, dim: 4 },
  energy: Float32Array.of(-1, 2),
  logWeights: Float64Array.of(0.25, -Infinity),
};

/** Weighted samples as `sample` returns them, as far as a file holds them. */
const weighted: WrittenSample = {
  ...samples,
  ancestors: Int32Array.of(4, 4),
  ess: { value: 1.5, n: 2, fraction: 0.75 },
  logZ: { value: -0.25, standardError: 0.125 },
  correction: {
    ...{ method: "smc", transition: "tuned", levels: 9, rows: 2, islands: 1, resamplings: 3, notices: [] },
    essOf: "paths since the last resampling",
    pathEss: { value: 64, n: 256, fraction: 0.25 },
    forward: { ess: { value: 30, n: 60, fraction: 0.5 }, eubo: { mean: 0.75, error: 0.1, n: 60 }, unseen: 0.125 },
    effective: {
      value: 1.25,
      n: 2,
      fraction: 0.625,
      limitedBy: "energy",
      logZ: 1.5,
      over: "islands",
      groups: 16,
      relativeError: 0.37,
    },
    ancestors: { unique: 1, n: 2 },
    trusted: { sigma: 2.5, residual: 0.5 },
    pilot: { n: 256, networkCalls: 4096, energyCalls: 1024 },
  },
  ...{ energyCalls: 1026, networkCalls: 4114, pilotCalls: 4096, nonFinite: 0, seed: 7 },
};
const scalars = {
  ...{ log_z: -0.25, log_z_error: 0.125, ess: 1.5, ess_n: 2, path_ess: 64, path_ess_n: 256, n_eff: 1.25, n_eff_n: 2 },
  ...{ forward_ess: 30, forward_ess_n: 60, eubo: 0.75, unseen: 0.125 },
  ...{ unique_ancestors: 1, unique_ancestors_n: 2, islands: 1, resamplings: 3, trusted_sigma: 2.5, trusted_residual: 0.5 },
  ...{ network_calls: 4114, energy_calls: 1026, pilot_calls: 4096, non_finite: 0, seed: 7 },
};

describe("what a sample is worth", () => {
  it.each(["w.npz", "w.xyz"])("%s gives it back beside the rows", async (name) => {
    await writeSamples(at(name), weighted, dimers);
    const { x, logWeights, ancestors, scalars: read } = await readSamples(at(name), dimers);
    expect({ x, logWeights, ancestors }).toEqual({ x: samples.x, logWeights: samples.logWeights, ancestors: weighted.ancestors });
    expect(read).toEqual(scalars);
    expect(Object.keys(scalars).sort()).toEqual([...sampleScalarNames].sort());
  });

  it("has types of its own in .npz: int32 ancestors and numbers without an axis", async () => {
    const arrays = await readNpz(readFileSync(at("w.npz")));
    expect(arrays.get("ancestor")).toMatchObject({ dtype: "int32", shape: [2] });
    expect(arrays.get("log_weight")?.dtype).toBe("float64");
    expect(arrays.get("n_eff")).toMatchObject({ dtype: "float64", shape: [] });
  });

  it("is passed over in files of others, and refused where it cannot be", async () => {
    const x = { data: samples.x.data, shape: [2, 4] };
    const write = (more: Record<string, NumpyArray>) => writeFileSync(at("other.npz"), writeNpz({ x, ...more }));
    write({ beta: { data: Float64Array.of(3), shape: [] }, ess: { data: Float32Array.of(1, 2), shape: [2] } });
    expect(await readSamples(at("other.npz"), dimers)).toEqual({ x: samples.x, scalars: {} });
    write({ ancestor: { data: Int32Array.of(1), shape: [1] } });
    await expect(readSamples(at("other.npz"), dimers)).rejects.toThrow(/ancestor has 1 entries for 2 rows of x/);
    write({ ancestor: { data: Float64Array.of(1, 0.5), shape: [2] } });
    await expect(readSamples(at("other.npz"), dimers)).rejects.toThrow(/ancestor must hold whole numbers .* got 0.5 at row 1/);
    write({ ancestor: { data: BigInt64Array.of(1n, 2n), shape: [2] } });
    expect((await readSamples(at("other.npz"), dimers)).ancestors).toEqual(Int32Array.of(1, 2));
  });

  it("loses the ancestors of rows that are left out, and nothing else", async () => {
    const say = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const x = { ...samples.x, data: samples.x.data.map((v, i) => (i === 0 ? Number.NaN : v)) };
    await writeSamples(at("v.xyz"), { ...weighted, x, ancestors: Int32Array.of(4, 9) }, dimers);
    say.mockRestore();
    const read = await readSamples(at("v.xyz"), dimers);
    expect([read.x.n, read.ancestors, read.scalars]).toEqual([1, Int32Array.of(9), scalars]);
  });
});

describe("files of configurations", () => {
  it.each(["a.npz", "a.xyz", "a.EXTXYZ"])("%s gives rows and log weights back", async (name) => {
    await writeSamples(at(name), samples, dimers);
    const read = await readSamples(at(name), dimers);
    expect(read.x).toEqual(samples.x);
    expect(read.logWeights).toEqual(samples.logWeights);
  });

  it("an .xyz file of a target in the plane has z = 0", async () => {
    await writeSamples(at("b.xyz"), samples, dimers);
    expect(readFileSync(at("b.xyz"), "utf8").split("\n").slice(0, 3)).toEqual([
      "2",
      "Properties=species:S:1:pos:R:3 energy=-1 log_weight=0.25",
      "Ar 0 1 0",
    ]);
  });

  it("leaves rows out of an .xyz file that no viewer reads, and says how many", async () => {
    const say = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const lost = { ...samples, x: { ...samples.x, data: samples.x.data.map((v, i) => (i === 0 ? Number.NaN : v)) } };
    await writeSamples(at("c.xyz"), lost, dimers);
    expect(say.mock.calls.join()).toContain("1 of 2 samples are not finite and were left out");
    say.mockRestore();
    expect((await readSamples(at("c.xyz"), dimers)).x.n).toBe(1);
    const none = { ...samples, x: { ...samples.x, data: samples.x.data.map(() => Number.NaN) } };
    await expect(writeSamples(at("d.xyz"), none, dimers)).rejects.toThrow("none of the 2 samples is finite");
  });

  it("refuses .xyz for a target without particles, other particles, and what is no text", async () => {
    expect(() => checkSampleFile("--output", "x.xyz", plane)).toThrow(UsageError);
    expect(() => checkSampleFile("--output", "x.npz", plane)).not.toThrow();
    await expect(readSamples(at("a.xyz"), plane)).rejects.toThrow(/plane is no energy of particles; use .npz or .npy/);
    const trimers = { name: "trimers", particles: { count: 3, spatialDim: 2 } };
    await expect(readSamples(at("a.xyz"), trimers)).rejects.toThrow(/a.xyz: .*line 1: frame 1 has 2 particles, expected 3/);
    writeFileSync(at("e.xyz"), readFileSync(at("a.npz")));
    await expect(readSamples(at("e.xyz"), dimers)).rejects.toThrow(/it is not text; arrays of numbers end in .npz or .npy/);
  });
});
