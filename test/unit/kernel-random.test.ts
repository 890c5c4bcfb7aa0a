import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { initKernels } from "../../src/kernels/load.js";
import { bits, normalRows, normals, perturb, uniforms } from "../../src/kernels/normal.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { BLOCK, blockNormals, blockWords, seedLane, USE_BITS, USE_DRAWS, USE_NORMAL } from "../reference/random.js";

const key = keyOf(20240919);

beforeAll(() => initKernels());

describe("bits", () => {
  test.each([
    [0, 0],
    [1, 0],
    [0, 1],
    [0xffffffff, 0xfffffffe],
    [7, 123456],
  ])("equal the plain twin's at step %i, row %i", (step, row) => {
    expect(bits(key, step, row, 64)).toEqual(blockWords(key, step, row, USE_BITS, 16));
  });

  test("every block of a row can be made alone", () => {
    const bulk = bits(key, 3, 9, 2 * BLOCK + 100);
    for (let block = 0; block < 3; block++) {
      const part = bulk.subarray(block * BLOCK, (block + 1) * BLOCK);
      expect(part).toEqual(blockWords(key, 3, 9, USE_BITS | block, BLOCK / 4).subarray(0, part.length));
    }
  });

  test("any count is a prefix of a longer one", () => {
    const long = bits(key, 0, 0, 2500);
    for (const count of [1, 2, 3, 5, 1023, 1024, 1025, 2499]) expect(bits(key, 0, 0, count)).toEqual(long.subarray(0, count));
  });

  test("one flipped bit of any address word flips half of the state", () => {
    // 512 state bits, binomial: standard deviation 11.3, so 6 of them are 68.
    const state = (address: number[]) =>
      [0, 1, 2, 3].flatMap((lane) => seedLane({ a: address[0], b: address[1] }, address[2], address[3], address[4], lane));
    const base = [key.a, key.b, 5, 77, USE_DRAWS];
    for (let word = 0; word < 5; word++) {
      for (let bit = 0; bit < 32; bit++) {
        const other = base.map((value, i) => (i === word ? value ^ (1 << bit) : value));
        const changed = state(other).map((value, i) => (value ^ state(base)[i]) >>> 0);
        const count = changed.reduce((sum, value) => sum + value.toString(2).split("1").length - 1, 0);
        expect(Math.abs(count - 256), `word ${word}, bit ${bit}`).toBeLessThan(68);
      }
    }
  });
});

describe("uniforms", () => {
  test("are the upper 24 bits of each word, exactly", () => {
    const words = bits(key, 2, 4, 1500);
    expect(uniforms(key, 2, 4, 1500)).toEqual(Float32Array.from(words, (word) => (word >>> 8) / 16777216));
  });
});

describe("normals", () => {
  test("equal Box and Muller in f64 on the twin's words", () => {
    const ours = normals(key, 1, 2, 3 * BLOCK);
    let worst = 0;
    for (let block = 0; block < 3; block++) {
      const twin = blockNormals(key, 1, 2, USE_NORMAL | block, BLOCK / 8);
      twin.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(ours[block * BLOCK + i] - value));
      });
    }
    // Radius up to 6.56, trigonometric error 2.2e-7, three roundings of 6e-8 relative.
    expect(worst).toBeLessThan(6.56 * (2.2e-7 + 3 * 6e-8));
  });

  test("a row made alone has the bits it has in the bulk", () => {
    for (const dim of [1, 2, 3, 8, 13, 1030]) {
      const bulk = normalRows(key, 6, 40, 9, dim);
      for (let r = 0; r < 9; r++) {
        expect(normals(key, 6, 40 + r, dim)).toEqual(bulk.data.subarray(r * dim, (r + 1) * dim));
        expect(normalRows(key, 6, 40 + r, 1, dim).data).toEqual(bulk.data.subarray(r * dim, (r + 1) * dim));
      }
    }
  });

  test("rows, steps and keys are different streams", () => {
    const base = normals(key, 0, 0, 8);
    for (const other of [normals(key, 0, 1, 8), normals(key, 1, 0, 8), normals(keyOf(1), 0, 0, 8)]) {
      expect(other.filter((value, i) => value === base[i])).toHaveLength(0);
    }
  });

  test("perturb adds sqrt(h) times the row's normals", () => {
    const x = normalRows(key, 0, 0, 7, 3);
    const variance = Float32Array.of(0, 1, 4, 0.25, 9, 1e-6, 100);
    const noise = normalRows(key, 11, 0, 7, 3).data;
    const expected = x.data.map((value, i) => {
      const sigma = Math.fround(Math.sqrt(variance[Math.floor(i / 3)]));
      return Math.fround(value + Math.fround(sigma * noise[i]));
    });
    expect(perturb(x, variance, key, 11).data).toEqual(expected);
  });

  test("refuse what is no address", () => {
    expect(() => normals(key, -1, 0, 4)).toThrow(RangeError);
    expect(() => normals(key, 0, 2 ** 32, 4)).toThrow(RangeError);
    expect(() => normals(key, 0, 0, 0)).toThrow(RangeError);
    expect(() => normalRows(key, 0, 0, 1.5, 2)).toThrow(RangeError);
    expect(() => perturb(normalRows(key, 0, 0, 2, 2), Float32Array.of(1, -1), key, 0)).toThrow(/row 1/);
    expect(() => perturb(normalRows(key, 0, 0, 2, 2), Float32Array.of(1), key, 0)).toThrow(RangeError);
  });
});

describe("draws of the estimators", () => {
  const x = { data: new Float32Array(3 * 2), n: 3, dim: 2 };
  const request = { x, variance: Float32Array.of(1, 1, 1), key, quantity: "energy" } as const;

  test("iid: every block of 128 draws is the twin's block, made alone", () => {
    const y = perturbations({ ...request, mcSamples: 300, mode: "iid" }, 2);
    for (let block = 0; block < 3; block++) {
      // Eight draws at a time: eight normals of coordinate 0, then eight of coordinate 1.
      const twin = blockNormals(key, 0, 2, USE_DRAWS | block, 2 * 16);
      for (let k = 0; k < 128 && block * 128 + k < 300; k++) {
        for (let d = 0; d < 2; d++) {
          const expected = twin[16 * (k >> 3) + 8 * d + (k & 7)];
          expect(Math.abs(y[2 * (block * 128 + k) + d] - expected)).toBeLessThan(3e-6);
        }
      }
    }
  });

  test("antithetic: draws cancel in pairs, also for K that is no multiple of 8", () => {
    for (const mcSamples of [2, 4, 6, 8, 20, 256]) {
      const y = perturbations({ ...request, mcSamples, mode: "antithetic" }, 0);
      expect(y).toHaveLength(2 * mcSamples);
      const plus = y.filter((_, i) => i % 2 === 0).sort();
      for (let i = 0; i < mcSamples; i++) expect(plus[i] + plus[mcSamples - 1 - i]).toBe(0);
    }
  });

  test("lattice: each coordinate has one draw in each of K equally likely cells", () => {
    for (const mcSamples of [1, 2, 4, 64, 1024]) {
      const y = perturbations({ ...request, mcSamples, mode: "lattice" }, 1);
      for (let d = 0; d < 2; d++) {
        const column = y.filter((_, i) => i % 2 === d).sort();
        const gaps = column.slice(1).map((value, i) => value - column[i]);
        expect(Math.min(1, ...gaps)).toBeGreaterThan(0);
        // Half of the cells lie below 0, up to the shift of one cell.
        expect(Math.abs(column.filter((value) => value < 0).length - mcSamples / 2)).toBeLessThanOrEqual(1);
      }
    }
  });
});
