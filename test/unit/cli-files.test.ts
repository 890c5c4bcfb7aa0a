/** Files of configurations on the command line: chosen by extension, and what does not fit the target is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { checkSampleFile, readSamples, writeSamples } from "../../src/cli/files.js";
import { UsageError } from "../../src/cli/outcome.js";

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
