/** Extended XYZ: the same numbers back, foreign files read, and every fault named with its line. */
import { describe, expect, it } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { readExtxyz, writeExtxyz } from "../../src/io/extxyz.js";
import { referenceNormals } from "../reference/normals.js";

const space = { count: 3, spatialDim: 3 };
const plane = { count: 4, spatialDim: 2 };
const x = referenceNormals(keyOf(1), 0, 0, 5, 9);

const TWO = `2
Properties=species:S:1:pos:R:3 energy=-1.5
Ar 0 0.5 1
Ar -1 2e-3 4
2
Properties=species:S:1:pos:R:3 energy=2
Ar 1 1 1
Ar 2 2 2
`;
/** The text with one line changed; undefined takes it out. */
function changed(line: number, to?: string): string {
  const lines = TWO.trimEnd().split("\n");
  lines.splice(line - 1, 1, ...(to === undefined ? [] : [to]));
  return lines.join("\n");
}

describe("writeExtxyz", () => {
  it("writes one frame per row, and reading gives the same bits", () => {
    const energy = Float32Array.of(-43.1, 0, 1e-30, -1e20, 7);
    const logWeights = Float64Array.of(0.1, -Infinity, 1 / 3, 0, -700.5);
    const text = writeExtxyz({ x, energy, logWeights }, space);
    expect(text.split("\n").slice(0, 3)).toEqual([
      "3",
      "Properties=species:S:1:pos:R:3 energy=-43.0999985 log_weight=0.1",
      `Ar ${Array.from(x.data.subarray(0, 3), (v) => String(Number(v.toPrecision(9)))).join(" ")}`,
    ]);
    expect(readExtxyz(text)).toEqual({ x, particles: space, energy, logWeights });
  });

  it("writes ancestors with every frame, and numbers of all frames with the first", () => {
    const ancestors = Int32Array.of(3, 0, 0, 2147483647, 3);
    const scalars = { log_z: 1 / 3, n_eff: Number.NaN, path_ess: undefined, seed: 2 ** 53 - 1 };
    const text = writeExtxyz({ x, ancestors, scalars }, space);
    const comments = text.split("\n").filter((line) => line.startsWith("Properties"));
    expect(comments[0]).toBe(
      "Properties=species:S:1:pos:R:3 ancestor=3 log_z=0.3333333333333333 n_eff=nan seed=9007199254740991",
    );
    expect(comments[4]).toBe("Properties=species:S:1:pos:R:3 ancestor=3");
    const { path_ess: _absent, ...known } = scalars;
    expect(readExtxyz(text)).toEqual({ x, particles: space, ancestors, scalars: known });
    expect(() => writeExtxyz({ x, ancestors: ancestors.subarray(1) }, space)).toThrow(/ancestors must hold n = 5/);
    expect(() => writeExtxyz({ x, scalars: { energy: 1 } }, space)).toThrow(/scalars must have names like "log_z", not "energy"/);
    expect(() => writeExtxyz({ x, scalars: { "a b": 1 } }, space)).toThrow(RangeError);
    expect(() => writeExtxyz({ x, scalars: { a: "1" as never } }, space)).toThrow(TypeError);
  });

  it("reads numbers among texts of others, and refuses ancestors that are none", () => {
    const comment = 'Lattice="5 0 0 k=3 0" pbc="T T T" step=7 note=a "u=1" stress=1e-3 Properties=species:S:1:pos:R:3';
    expect(readExtxyz(changed(2, comment).replaceAll(" energy=2", "")).scalars).toEqual({ step: 7, stress: 0.001 });
    expect(() => readExtxyz(changed(2, "ancestor=1.5"))).toThrow(/line 2: ancestor=1.5 is not a whole number/);
    expect(() => readExtxyz(changed(2, "energy=1 ancestor=1"))).toThrow(/frame 2 has no ancestor, others do/);
  });

  it("round-trips extreme f32 numbers", () => {
    const data = Float32Array.of(1.1754944e-38, 3.4028235e38, -1e-45, 16777217, 0.1, -0.3, 123456.79, 1 / 3, 2 ** -60);
    expect(readExtxyz(writeExtxyz({ x: { data, n: 1, dim: 9 } }, space)).x.data).toEqual(data);
  });

  it("writes z = 0 in the plane, which is dropped again where the plane is asked for", () => {
    const flat: Batch = referenceNormals(keyOf(2), 0, 0, 2, 8);
    const text = writeExtxyz({ x: flat }, plane, { species: "X1" });
    expect(text.split("\n")[2]).toMatch(/^X1 \S+ \S+ 0$/);
    expect(readExtxyz(text, { spatialDim: 2 })).toEqual({ x: flat, particles: plane });
    expect(readExtxyz(text).x.dim).toBe(12);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "a NaN",
      () => writeExtxyz({ x: { data: new Float32Array(9).fill(Number.NaN), n: 1, dim: 9 } }, space),
      /row 0, coordinate 0/,
    ],
    ["another dimension", () => writeExtxyz({ x }, plane), /x.dim must be 8/],
    ["energies of another length", () => writeExtxyz({ x, energy: new Float32Array(4) }, space), /energy must hold n = 5/],
    ["a species that would break the line", () => writeExtxyz({ x }, space, { species: "A r" }), /species/],
    ["an unknown option", () => writeExtxyz({ x }, space, { specie: "Ar" } as never), /did you mean "species"/],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe("readExtxyz", () => {
  it("reads plain XYZ, other columns, quoted keys, Fortran exponents and CRLF", () => {
    expect([...readExtxyz("1\nmade by hand\nC 1 2 3\n\n").x.data]).toEqual([1, 2, 3]);
    const ase =
      '1\r\nLattice="1 0 0 0 1 0 0 0 1" Properties=id:I:1:pos:R:3:forces:R:3 energy="1.5D+01" pbc="F F F"\r\n7 1 -2.5d0 +.5 9 9 9\r\n';
    const { x: read, energy } = readExtxyz(ase);
    expect([...read.data]).toEqual([1, -2.5, 0.5]);
    expect(energy).toEqual(Float32Array.of(15));
    expect(readExtxyz("1\nlog_weight=-inf energy=nan\nC 1 2 3").logWeights).toEqual(Float64Array.of(-Infinity));
  });

  it("reads the frames of the tests below", () => {
    const read = readExtxyz(TWO);
    expect(read.particles).toEqual({ count: 2, spatialDim: 3 });
    expect([...read.x.data]).toEqual([0, 0.5, 1, -1, Math.fround(2e-3), 4, 1, 1, 1, 2, 2, 2]);
    expect([...(read.energy as Float32Array)]).toEqual([-1.5, 2]);
  });

  it.each<[string, string, RegExp]>([
    ["an empty file", "  \n", /line 1: the file is empty/],
    ["a count that is no number", changed(1, "two"), /line 1: expected the count of frame 1 alone on its line, got "two"/],
    ["a count of 0", changed(1, "0"), /line 1: expected the count/],
    [
      "a count that is too large",
      changed(1, "3"),
      /line 5: expected 4 columns of a particle, got 1; the count of frame 1 \(3\) is too large/,
    ],
    [
      "a count that is too small",
      changed(1, "1"),
      /line 4: expected the count of frame 2 .*got "Ar -1 2e-3 4"; if this is a particle, the count .* too small \(1\)/,
    ],
    [
      "frames of different sizes",
      `${TWO}1\n\nAr 0 0 0\n`,
      /line 9: frame 3 has 1 particles, the first has 2; write them to different files/,
    ],
    ["a file cut off", changed(8), /line 7: the file ends after 1 of the 2 particles of frame 2; it was cut off/],
    ["a file cut off after a count", `${TWO}2`, /line 9: the file ends after 0 of the 2 particles of frame 3/],
    ["a NaN coordinate", changed(4, "Ar 0 nan 1"), /line 4: y is nan; coordinates must be finite, leave this frame out/],
    ["an infinite coordinate", changed(8, "Ar 0 1 -Inf"), /line 8: z is -Inf/],
    ["a coordinate beyond f32", changed(8, "Ar 0 1 1e39"), /line 8: z is 1e39/],
    ["a word for a coordinate", changed(3, "Ar 0x10 1 1"), /line 3: x is not a number: "0x10"/],
    ["a missing column", changed(3, "Ar 0 1"), /line 3: expected 4 columns of a particle, got 3/],
    ["an energy that is a word", changed(2, "energy=low"), /line 2: energy=low is not a number/],
    ["energies of some frames only", changed(6, "none"), /frame 2 has no energy, others do/],
    ["no positions", changed(2, "Properties=species:S:1"), /line 2: Properties names no pos/],
    ["positions in the plane", changed(2, "Properties=species:S:1:pos:R:2"), /line 2: pos must have 3 columns/],
    ["properties that are none", changed(2, "Properties=pos:R"), /line 2: .*not a list of name:type:columns/],
  ])("refuses %s with its line", (_, text, message) => {
    expect(() => readExtxyz(text)).toThrow(message);
    expect(() => readExtxyz(text)).toThrow(expect.objectContaining({ code: "bad-file" }));
  });

  it("refuses what does not fit what was asked for", () => {
    expect(() => readExtxyz(TWO, { count: 13 })).toThrow(/line 1: frame 1 has 2 particles, expected 13/);
    expect(() => readExtxyz(TWO, { spatialDim: 2 })).toThrow(
      /line 3: z is 1, but the configurations were asked for in 2 dimensions/,
    );
    expect(() => readExtxyz(TWO, { spatialDim: 4 as never })).toThrow(RangeError);
    expect(() => readExtxyz(7 as never)).toThrow(TypeError);
  });
});
