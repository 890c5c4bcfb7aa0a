/** Islands of weighted rows: values found by hand, and what their spread says of rows that are independent and rows that are not. */
import { describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { keyOf, uniformAt } from "../../src/core/random.js";
import { importance } from "../../src/correction/importance.js";
import { type IslandSummary, summarizeIslands } from "../../src/correction/islands.js";
import { zOfMean } from "../support/z-scores.js";

const near = (a: number | undefined, b: number, within = 1e-13) =>
  expect(Math.abs((a as number) - b)).toBeLessThanOrEqual(within * Math.max(1, Math.abs(b)));
const logs = (weights: readonly number[]) => Float64Array.from(weights, Math.log);

describe("by hand", () => {
  // Eight islands of 2 rows; Z_i = 1 but for the last, 9: Z = 2, sum n_i (Z_i - Z)^2 / 7 = 2 (7 + 49) / 7 = 16, v / Z^2 = 4.
  const weights = [...new Array(14).fill(1), 10, 8];
  const energy = [...new Array(14).fill(3), 1, 1];
  const s = summarizeIslands({ logWeights: logs(weights), sizes: new Array(8).fill(2), energy });

  test("log Z, its error, Kish and N_eff of log Z", () => {
    expect([s.n, s.islands, s.zeros]).toEqual([16, 8, 0]);
    near(s.logZ, Math.log(2));
    near(s.logZError, Math.sqrt(4 / 16));
    near(s.ess.value, 32 ** 2 / (14 + 164));
    near(s.ess.fraction, s.ess.value / 16);
    near(s.maxWeight, 10 / 32);
    near(s.effective?.logZ, 16 / 5);
    [0, 0, 0, 0, 0, 0, 0, Math.log(9)].forEach((value, i) => {
      near(s.islandLogZ[i], value);
    });
  });

  test("mean energy, its error and N_eff", () => {
    // W of the last island 18/32; mean 15/8; a_i = 2/32 (9/8) seven times, and 18/32 (-7/8).
    const squares = 7 * (9 / 128) ** 2 + (63 / 128) ** 2;
    near(s.energy?.mean, 15 / 8);
    near(s.energy?.variance, (14 / 32) * (9 / 8) ** 2 + (18 / 32) * (7 / 8) ** 2);
    near(s.energy?.error, Math.sqrt((16 / 7) * (squares / 2)));
    near(s.effective?.energy, (s.energy?.variance as number) / ((8 / 7) * squares));
    expect(s.effective?.limitedBy).toBe("energy");
    near(s.effective?.value, s.effective?.energy as number);
    expect(s.effective).toMatchObject({ n: 16, over: "islands", groups: 8 });
    near(s.effective?.relativeError, Math.sqrt(2 / 7));
  });

  test("split halves: islands 0, 2, 4, 6 against 1, 3, 5, 7", () => {
    // Odd half: log mean of (1, 1, 1, 9) is log 3, without the last 0, without another log(11/3).
    const without = [0, 1, 2].map(() => Math.log(11 / 3)).concat(0);
    const mean = (3 / 4) * Math.log(11 / 3);
    const variance = (3 / 4) * without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    near(s.splitHalves?.logZ, Math.log(3) / Math.sqrt(variance));
    expect(s.splitHalves?.energy).toBeGreaterThan(0);
  });

  test("a common factor moves log Z only", () => {
    const moved = summarizeIslands({ logWeights: logs(weights).map((w) => w - 4000), sizes: new Array(8).fill(2), energy });
    near(moved.logZ, Math.log(2) - 4000);
    near(moved.effective?.value, s.effective?.value as number, 1e-11);
    near(moved.splitHalves?.logZ, s.splitHalves?.logZ as number, 1e-11);
  });
});

describe("N_eff of the position", () => {
  const sizes = new Array(8).fill(20);
  const logWeights = Float64Array.from({ length: 160 }, (_, i) => Math.sin(i));
  const column = Float64Array.from({ length: 160 }, (_, i) => Math.cos(3 * i) + (i < 60 ? 1 : 0));

  test("in one dimension it is that of an energy with the same values, in islands and over rows", () => {
    const x = { data: Float32Array.from(column), n: 160, dim: 1 };
    for (const independentRows of [false, true]) {
      const s = summarizeIslands({ logWeights, sizes, energy: x.data, x, independentRows });
      near(s.effective?.position, s.effective?.energy as number, 1e-9);
    }
  });

  test("islands in one mode each: neither energy nor log Z sees it, the position does", () => {
    const mode = (row: number) => (Math.floor(row / 20) % 2 ? 5 : -5);
    const data = Float32Array.from({ length: 320 }, (_, i) => mode(i >> 1) + Math.cos(7 * i));
    const energy = Float64Array.from({ length: 160 }, (_, i) => Math.sin(11 * i));
    const rows = { logWeights: new Float64Array(160), sizes, energy };
    expect(summarizeIslands(rows).effective?.value).toBe(160);
    const { effective } = summarizeIslands({ ...rows, x: { data, n: 160, dim: 2 } });
    expect(effective?.limitedBy).toBe("position");
    // Eight islands at +-5: sum of squares 8 x 25, so that the mean is known as by 7 rows, and a little better for the width of the modes.
    expect(effective?.value).toBeGreaterThan(7);
    expect(effective?.value).toBeLessThan(7.5);
    // Weighted alike, in islands that hold both.
    const both = Float32Array.from(data, (value, i) => value - mode(i >> 1) + (i % 4 < 2 ? 5 : -5));
    expect(summarizeIslands({ ...rows, x: { data: both, n: 160, dim: 2 } }).effective?.position).toBe(160);
  });

  test("rows that do not vary have none; rows of another number are refused", () => {
    const still = { data: new Float32Array(160), n: 160, dim: 1 };
    expect(summarizeIslands({ logWeights, sizes, x: still }).effective?.position).toBeUndefined();
    expect(() => summarizeIslands({ logWeights, sizes, x: { ...still, data: new Float32Array(8), n: 8 } })).toThrow(
      /x must have 160 rows/,
    );
  });
});

describe("edges", () => {
  const sizes = new Array(8).fill(1);

  test("equal weights: N_eff is n, nothing to split, no error", () => {
    const s = summarizeIslands({ logWeights: new Float64Array(8), sizes, energy: new Array(8).fill(2) });
    expect([s.logZ, s.logZError, s.ess.value, s.effective?.value]).toEqual([0, 0, 8, 8]);
    expect(s.effective?.energy).toBeUndefined();
    expect(s.splitHalves).toEqual({ logZ: 0, energy: 0 });
  });

  test("an island without weight has Z 0 and counts; a half without weight disagrees without bound", () => {
    const logWeights = Float64Array.of(0, -Infinity, 0, -Infinity, 0, -Infinity, 0, -Infinity);
    const s = summarizeIslands({ logWeights, sizes, energy: [1, Number.NaN, 2, Number.NaN, 3, Number.NaN, 4, Number.NaN] });
    near(s.logZ, Math.log(0.5));
    expect([s.zeros, s.islandLogZ[1], s.energy?.mean]).toEqual([4, -Infinity, 2.5]);
    expect(s.splitHalves).toEqual({ logZ: Infinity, energy: Infinity });
    expect(() => summarizeIslands({ logWeights: new Float64Array(8).fill(-Infinity), sizes })).toThrow(BnemError);
    expect(() => summarizeIslands({ logWeights: new Float64Array(8).fill(-Infinity), sizes })).toThrow(
      expect.objectContaining({ code: "degenerate-weights" }),
    );
  });

  test("all the weight in one island: N_eff of log Z is about 1, though that of the energy cannot see it", () => {
    const logWeights = new Float64Array(160).fill(-Infinity).fill(0, 0, 10);
    const s = summarizeIslands({
      logWeights,
      sizes: new Array(16).fill(10),
      energy: Float64Array.from({ length: 160 }, (_, i) => i),
    });
    near(s.effective?.logZ, 160 / 161);
    expect(s.effective?.energy).toBe(160);
    expect(s.effective?.limitedBy).toBe("logZ");
    near(s.ess.value, 10);
  });

  test("fewer than 8 islands give no error; independent rows give that of importance()", () => {
    const logWeights = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const few = summarizeIslands({ logWeights, sizes: [5, 7], energy: logWeights });
    expect(few.effective).toBeUndefined();
    expect(few.splitHalves).toBeUndefined();
    expect([few.logZError, few.energy?.error]).toEqual([Number.NaN, Number.NaN]);
    const rows = summarizeIslands({ logWeights, sizes: [5, 7], energy: logWeights, independentRows: true });
    const plain = importance(logWeights);
    near(rows.logZError, plain.logZError);
    near(rows.logZ, plain.logZ);
    // Kish divides by n where the unbiased variance divides by n - 1.
    near(rows.effective?.logZ, 12 / (1 + (12 / 11) * (12 / plain.ess - 1)));
    expect(rows.effective).toMatchObject({ over: "rows", groups: 12 });
  });

  test("what is wrong is named", () => {
    const logWeights = new Float64Array(8);
    const call = (rows: object) => () => summarizeIslands(rows as never);
    expect(call({ logWeights: Float64Array.of(0, Number.NaN), sizes: [2] })).toThrow(/NaN at row 1/);
    expect(call({ logWeights: Float64Array.of(Infinity), sizes: [1] })).toThrow(RangeError);
    expect(call({ logWeights, sizes: [4, 5] })).toThrow(/must sum to the 8 rows/);
    expect(call({ logWeights, sizes: [8, 0] })).toThrow(/sizes\[1\]/);
    expect(call({ logWeights, sizes, energy: [1] })).toThrow(/8 entries/);
    expect(call({ logWeights, sizes, energy: new Array(8).fill(Number.NaN) })).toThrow(/NaN at row 0/);
    expect(call({ logWeights, sizes, energies: [] })).toThrow(/did you mean "energy"/);
    expect(call({ logWeights: [0], sizes: [1] })).toThrow(TypeError);
    expect(() => summarizeIslands(undefined as never)).toThrow(TypeError);
  });
});

/**
 * Rows of weight 2.5 with probability .4, else 0: CV^2 = 1.5, Kish n / 2.5. The energy is uniform and does not depend on the weight, so
 * N_eff of the mean energy is n / 2.5 too. With `copies` every row stands there that many times: the spread over islands of both means grows
 * by it. n / N_eff - 1 is then copies CV^2, and n / N_eff of the energy copies (1 + CV^2).
 */
function drawn(seed: number, copies: number, sizes: readonly number[]): IslandSummary {
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const key = keyOf(seed);
  const origin = (i: number) => 2 * Math.floor(i / copies);
  const logWeights = Float64Array.from({ length: n }, (_, i) => (uniformAt(key, origin(i)) < 0.4 ? Math.log(2.5) : -Infinity));
  const energy = Float64Array.from({ length: n }, (_, i) => uniformAt(key, origin(i) + 1));
  return summarizeIslands({ logWeights, sizes, energy });
}

// 100 sets of 64 islands: each estimate has a noise of sqrt(2 / 63) = 18 %, their mean of 1.8 %; 10 % are seen.
describe("over many sets", () => {
  const equal = new Array(64).fill(40);
  const unequal = Array.from({ length: 64 }, (_, i) => (i % 2 ? 60 : 20));
  const sets = (copies: number, sizes: readonly number[]) => Array.from({ length: 100 }, (_, seed) => drawn(seed, copies, sizes));
  const lossOfZ = (all: IslandSummary[]) => all.map((s) => s.n / (s.effective?.logZ as number) - 1);
  const lossOfEnergy = (all: IslandSummary[]) => all.map((s) => s.n / (s.effective?.energy as number));

  test.each([
    ["equal", equal],
    ["unequal", unequal],
  ])("independent rows in %s islands: both N_eff are Kish's, and errors are those of many sets", (_, sizes) => {
    const all = sets(1, sizes);
    expect(Math.abs(zOfMean(lossOfZ(all), 1.5))).toBeLessThan(6);
    expect(Math.abs(zOfMean(lossOfEnergy(all), 2.5))).toBeLessThan(6);
    expect(Math.abs(zOfMean(lossOfZ(all), 1.5 * 1.2))).toBeGreaterThan(6);
    const kish = all.map((s) => s.n / s.ess.value - 1);
    expect(Math.abs(zOfMean(kish, 1.5))).toBeLessThan(6);
    const chi = all.map((s) => (s.logZ / s.logZError) ** 2);
    expect(Math.abs(zOfMean(chi, 1))).toBeLessThan(6);
    const chiEnergy = all.map((s) => (((s.energy?.mean as number) - 0.5) / (s.energy?.error as number)) ** 2);
    expect(Math.abs(zOfMean(chiEnergy, 1))).toBeLessThan(6);
  });

  test("every row ten times: N_eff falls by ten, and Kish does not see it", () => {
    const all = sets(10, equal);
    expect(Math.abs(zOfMean(lossOfZ(all), 15))).toBeLessThan(6);
    expect(Math.abs(zOfMean(lossOfEnergy(all), 25))).toBeLessThan(6);
    const kish = all.map((s) => s.n / s.ess.value - 1);
    expect(Math.abs(zOfMean(kish, 15))).toBeGreaterThan(6);
    expect(Math.abs(zOfMean(kish, 1.5))).toBeLessThan(6);
  });

  test("halves of one sampler agree, halves of two do not", () => {
    const all = sets(1, equal);
    expect(Math.max(...all.map((s) => s.splitHalves?.logZ as number))).toBeLessThan(4);
    expect(Math.max(...all.map((s) => s.splitHalves?.energy as number))).toBeLessThan(4);
    const key = keyOf(7);
    const logWeights = Float64Array.from({ length: 2560 }, (_, i) => uniformAt(key, i) + (Math.floor(i / 40) % 2 ? 0.2 : 0));
    expect(summarizeIslands({ logWeights, sizes: equal }).splitHalves?.logZ).toBeGreaterThan(6);
  });
});
