import { beforeAll, describe, expect, test } from "vitest";
import { LATTICE_VECTORS } from "../../src/kernels/lattice-vectors.js";
import { initKernels, type Kernels, kernels } from "../../src/kernels/load.js";
import { normalQuantile } from "../../src/kernels/normal-quantile.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

const COUNT = 400_000;

function grid(low: number, high: number): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, i) => low + ((high - low) * i) / (COUNT - 1));
}

type InPlace = (kernel: Kernels["exports"], at: number, spare: number) => number;

/** Runs a kernel over values; it returns the pointer of its result. */
function over(exact: boolean, values: Float32Array, run: InPlace): Float32Array {
  const { exports, arena } = kernels("test", exact);
  return arena.lease([values.byteLength, values.byteLength], (lease) => {
    const at = lease.put(values);
    return lease.get(run(exports, at, lease.take(values.byteLength)), values.length);
  });
}

const exp: InPlace = (kernel, at) => {
  kernel.expArray(at, COUNT / 4);
  return at;
};
const log: InPlace = (kernel, at) => {
  kernel.logArray(at, COUNT / 4);
  return at;
};
const cos: InPlace = (kernel, at, sine) => {
  kernel.sincosArray(at, sine, COUNT / 4);
  return at;
};
const sin: InPlace = (kernel, at, sine) => {
  kernel.sincosArray(at, sine, COUNT / 4);
  return sine;
};

/** Largest error against f64, in units in the last place of the f32 result. */
function worstUlp(exact: boolean, low: number, high: number, run: InPlace, truth: (x: number) => number): number {
  const x = grid(low, high);
  const y = over(exact, x, run);
  let worst = 0;
  for (let i = 0; i < COUNT; i++) {
    const t = truth(x[i]);
    const ulp = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(t), 2 ** -126))) - 23);
    worst = Math.max(worst, Math.abs(y[i] - t) / ulp);
  }
  return worst;
}

describe.each([
  { build: "plain", exact: true, exp: [2.6, 4.5, 29, 58] },
  { build: "relaxed", exact: false, exp: [2.1, 2.5, 7.2, 14] },
])("$build build", ({ exact, exp: bounds }) => {
  test("exp has the stated error, is 1 at 0 and 0 below -60", () => {
    [-1, -4, -30, -60].forEach((low, i) => {
      expect(worstUlp(exact, low, 0, exp, Math.exp)).toBeLessThan(bounds[i]);
    });
    const ends = new Float32Array(COUNT);
    ends.set([0, -60, -60.00001, -1e38, -Infinity]);
    const values = over(exact, ends, exp);
    expect(values[0]).toBe(1);
    expect(values[1]).toBeGreaterThan(8e-27);
    expect(Array.from(values.subarray(2, 5))).toEqual([0, 0, 0]);
  });

  test("log has the stated error and is 0 at 1", () => {
    for (const [low, high] of [
      [1e-30, 1e-28],
      [1e-9, 1],
      [0.5, 2],
      [2, 1e6],
      [1e30, 1e38],
    ]) {
      expect(worstUlp(exact, low, high, log, Math.log)).toBeLessThan(1.6);
    }
    expect(over(exact, new Float32Array(COUNT).fill(1), log)[0]).toBe(0);
  });

  test("cos and sin have the stated absolute error", () => {
    const s = grid(-1, 1);
    const c = over(exact, s, cos);
    const n = over(exact, s, sin);
    let worst = 0;
    for (let i = 0; i < COUNT; i++) {
      const angle = (Math.PI / 2) * s[i];
      worst = Math.max(worst, Math.abs(c[i] - Math.cos(angle)), Math.abs(n[i] - Math.sin(angle)));
    }
    expect(worst).toBeLessThan(2.2e-7);
  });
});

test("normalQuantile gives the tabulated quantiles", () => {
  for (const [p, x] of [
    [0.5, 0],
    [0.75, 0.674489750196082],
    [0.975, 1.959963984540054],
    [0.001, -3.090232306167813],
    [1e-6, -4.753424308822899],
    [1e-9, -5.997807015007686],
    [1e-12, -7.034483825301131],
  ]) {
    expect(Math.abs(normalQuantile(p, 1 - p) - x)).toBeLessThan(2e-7 * Math.max(1, Math.abs(x)));
  }
});

test("every lattice vector is odd, in range and starts with 1; the published 2-d quality holds at K = 1024", () => {
  LATTICE_VECTORS.forEach((vector, m) => {
    const K = 2 ** (m + 1);
    expect(vector).toHaveLength(64);
    expect(vector[0]).toBe(1);
    for (const z of vector) expect(z % 2 === 1 && z < Math.max(2, K / 2), `K ${K}, z ${z}`).toBe(true);
  });
  // Shortest dual vector of the plane's lattice: at least 0.6 of the best possible sqrt(2 K / sqrt(3)).
  const z = LATTICE_VECTORS[9][1];
  let shortest = Infinity;
  for (let a = -40; a <= 40; a++) {
    for (let b = -40; b <= 40; b++) {
      if ((a !== 0 || b !== 0) && (a + b * z) % 1024 === 0) shortest = Math.min(shortest, Math.hypot(a, b));
    }
  }
  expect(shortest).toBeGreaterThan(0.6 * Math.sqrt((2 * 1024) / Math.sqrt(3)));
});
