/** The acceptance ratio of several states, on Gaussians whose free energies are known. */
import { beforeAll, describe, expect, it } from "vitest";
import { mbar, mbarOfBlocks } from "../../bench/support/mbar.mjs";
import { derive, keyOf } from "../../src/core/random.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";

const DIM = 3;
/** Variances of the states, ends two decades apart, and means along the first axis. */
const VARIANCES = [1, 2.5, 8, 30, 100];
const MEANS = [0, 0.4, -0.8, 1, 3];
/** -log Z_k + log Z_0 of exp(-|x - m|^2 / 2v). */
const EXACT = VARIANCES.map((v) => (-DIM / 2) * Math.log(v / VARIANCES[0]));

/** Draws of all states and their energies in all states; `offset` is added to every energy of the last state. */
function block(seed: number, counts: number[], offset = 0) {
  const draws = counts.flatMap((count, k) => {
    const { data } = normalRows(derive(keyOf(seed), "mbar"), k, 0, count, DIM);
    return Array.from({ length: count }, (_, row) =>
      Array.from(data.subarray(row * DIM, (row + 1) * DIM), (z, d) => Math.sqrt(VARIANCES[k]) * z + (d === 0 ? MEANS[k] : 0)),
    );
  });
  const energies = VARIANCES.map((v, k) =>
    Float64Array.from(draws, (x) => {
      const square = x.reduce((sum, value, d) => sum + (value - (d === 0 ? MEANS[k] : 0)) ** 2, 0);
      return square / (2 * v) + (k === VARIANCES.length - 1 ? offset : 0);
    }),
  );
  return { energies, counts };
}

const COUNTS = [300, 200, 250, 400, 150];
const blocks = (offset?: number) => Array.from({ length: 20 }, (_, i) => block(100 + i, COUNTS, offset));
const largestZ = ({ f, standardError }: ReturnType<typeof mbarOfBlocks>) =>
  Math.max(...EXACT.slice(1).map((exact, k) => Math.abs(f[k + 1] - exact) / standardError[k + 1]));

beforeAll(async () => {
  await initKernels();
});

describe("mbar", () => {
  it("solves its own equations", () => {
    const { energies, counts } = block(7, COUNTS);
    const f = mbar(energies, counts);
    expect(f[0]).toBe(0);
    for (let k = 0; k < f.length; k++) {
      let sum = 0;
      for (let n = 0; n < energies[0].length; n++) {
        const all = counts.reduce((total, count, j) => total + count * Math.exp(f[j] - energies[j][n]), 0);
        sum += Math.exp(f[k] - energies[k][n]) / all;
      }
      expect(Math.abs(Math.log(sum))).toBeLessThan(1e-8);
    }
  });

  it("agrees with closed forms within its errors, which are small", () => {
    const found = mbarOfBlocks(blocks());
    // Power: an error of .3 kT is 6 standard errors or more.
    expect(Math.max(...found.standardError)).toBeLessThan(0.05);
    expect(largestZ(found)).toBeLessThan(6);
  });

  it("sees a state whose energy is off by .3 kT", () => {
    expect(largestZ(mbarOfBlocks(blocks(0.3)))).toBeGreaterThan(6);
  });

  it("takes draws that a state forbids", () => {
    const { energies, counts } = block(8, COUNTS);
    energies[0][energies[0].length - 1] = Infinity;
    expect(mbar(energies, counts).every(Number.isFinite)).toBe(true);
  });

  it("says where states share nothing", () => {
    const energies = [Float64Array.of(0, 0, Infinity, Infinity), Float64Array.of(Infinity, Infinity, 0, 0)];
    expect(() => mbar(energies, [2, 2])).toThrow(RangeError);
  });
});
