/** The fused optimiser step against its f64 twin: every length, beside guards, with a bound derived from the roundings. */
import { beforeAll, describe, expect, test } from "vitest";
import { initKernels } from "../../src/kernels/load.js";
import { type AdamLane, type AdamNumbers, adamLane } from "../reference/adam.js";
import { onGuarded } from "../support/guarded-arrays.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

/** Half a unit in the last place of f32, relative. */
const U = 2 ** -24;
const NUMBERS: AdamNumbers = {
  rate: 1e-3 / (1 - 0.9 ** 7),
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  correction: 1 / (1 - 0.99 ** 7),
  shrink: 0.37,
  emaDecay: 0.999,
};

interface Arrays {
  readonly p: Float32Array;
  readonly g: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly ema: Float32Array;
}

function arraysOf(count: number): Arrays {
  const wave = (shift: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + shift) * 2 ** (((i * 5 + shift) % 17) - 9));
  return { p: wave(0), g: wave(1), m: wave(2), v: wave(3).map((x) => x * x), ema: wave(4) };
}

function step(exact: boolean, { p, g, m, v, ema }: Arrays, numbers: AdamNumbers): Arrays {
  const { rate, beta1, beta2, epsilon, correction, shrink, emaDecay } = numbers;
  const after = onGuarded(exact, [p, g, m, v, ema], (kernel, at) => {
    const [pp, pg, pm, pv, pe] = at;
    kernel.adamStep(pp, pg, pm, pv, pe, p.length, rate, beta1, beta2, epsilon, correction, shrink, emaDecay);
  });
  return { p: after[0], g: after[1], m: after[2], v: after[3], ema: after[4] };
}

/** Largest errors that the roundings of one step allow. */
function boundsOf(lane: AdamLane, g: number, next: AdamLane, numbers: AdamNumbers): AdamLane {
  const { rate, beta1, correction, shrink, epsilon, emaDecay } = numbers;
  // m: two products of three roundings each, one sum. v: all terms positive, at most six. size: half of those, and five of its own.
  const m = U * (4 * Math.abs(beta1 * lane.m) + 5 * Math.abs((1 - beta1) * shrink * g));
  const v = U * 7 * next.v;
  const size = Math.sqrt(next.v * correction) + epsilon;
  const move = Math.abs(next.p - lane.p);
  const p = U * (Math.abs(next.p) + 12 * move) + (rate * m) / size;
  const ema = U * (3 * Math.abs(emaDecay * lane.ema) + 3 * Math.abs((1 - emaDecay) * next.p)) + (1 - emaDecay) * p;
  return { p: 1.01 * p, m: 1.01 * m, v: 1.01 * v, ema: 1.01 * ema };
}

/** Errors over bounds, the largest of each quantity. */
function excess(before: Arrays, after: Arrays, numbers: AdamNumbers): AdamLane {
  const worst = { p: 0, m: 0, v: 0, ema: 0 };
  for (let i = 0; i < before.p.length; i++) {
    const lane = { p: before.p[i], m: before.m[i], v: before.v[i], ema: before.ema[i] };
    const next = adamLane(lane, before.g[i], numbers);
    const bounds = boundsOf(lane, before.g[i], next, numbers);
    for (const key of ["p", "m", "v", "ema"] as const) {
      worst[key] = Math.max(worst[key], Math.abs(after[key][i] - next[key]) / bounds[key]);
    }
  }
  return worst;
}

describe.each([
  ["plain", true],
  ["relaxed", false],
] as const)("%s build", (_, exact) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 1003])("a step of %i parameters is the f64 step within the roundings", (count) => {
    const before = arraysOf(count);
    const after = step(exact, before, NUMBERS);
    expect(after.g).toEqual(before.g);
    const worst = excess(before, after, NUMBERS);
    for (const key of ["p", "m", "v", "ema"] as const) expect(worst[key], key).toBeLessThanOrEqual(1);
  });

  test("control: a change of 1e-4 in any number is outside the bounds", () => {
    const before = arraysOf(1003);
    const after = step(exact, before, NUMBERS);
    for (const key of ["rate", "beta1", "beta2", "correction", "shrink", "emaDecay"] as const) {
      const worst = excess(before, after, { ...NUMBERS, [key]: NUMBERS[key] * (1 + 1e-4) });
      expect(Math.max(worst.p, worst.m, worst.v, worst.ema), key).toBeGreaterThan(10);
    }
    const worst = excess(before, after, { ...NUMBERS, epsilon: 1e-6 });
    expect(worst.p).toBeGreaterThan(10);
  });

  test("a parameter has the same bits at any place", () => {
    const all = step(exact, arraysOf(11), NUMBERS);
    const from = (arrays: Arrays, i: number): Arrays => {
      const { p, g, m, v, ema } = arrays;
      return { p: p.slice(i), g: g.slice(i), m: m.slice(i), v: v.slice(i), ema: ema.slice(i) };
    };
    for (let i = 1; i < 11; i++) expect(step(exact, from(arraysOf(11), i), NUMBERS)).toEqual(from(all, i));
  });

  test("NaN stays with its parameter; without gradient and moments nothing moves", () => {
    const arrays = arraysOf(6);
    arrays.g[4] = Number.NaN;
    arrays.g[2] = 0;
    arrays.m[2] = 0;
    arrays.v[2] = 0;
    const after = step(exact, arrays, NUMBERS);
    for (const key of ["p", "m", "v", "ema"] as const) {
      expect(Array.from(after[key], Number.isNaN)).toEqual([false, false, false, false, true, false]);
    }
    expect([after.p[2], after.m[2], after.v[2]]).toEqual([arrays.p[2], 0, 0]);
  });

  test("moments end at 0, not at a subnormal number", () => {
    const arrays = arraysOf(5);
    arrays.g.fill(0);
    arrays.m.fill(1.2e-38);
    arrays.v.fill(1.18e-38);
    const after = step(exact, arrays, NUMBERS);
    expect([...after.m, ...after.v]).toEqual(new Array(10).fill(0));
    expect(after.p).toEqual(arrays.p);
  });
});
