/** SiLU and its derivatives against f64, in both builds, over every size of x and at the ends of arrays. */
import { beforeAll, describe, expect, it } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { initKernels, type Kernels, kernels } from "../../src/kernels/load.js";
import { referenceNormals } from "../reference/normals.js";
import { siluBendTwin, siluSlopeTwin, siluTwin } from "../reference/silu.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

function numbers(count: number, seed: number): Float32Array {
  return referenceNormals(keyOf(seed), 0, 0, count, 1).data;
}

function grid(low: number, high: number, count = 20_001): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

/** Runs a kernel over inputs of one length; gives `outputs` arrays of that length and checks what follows them stays. */
function run(
  exact: boolean,
  inputs: readonly Float32Array[],
  outputs: number,
  call: (kernel: Kernels["exports"], inputs: number[], outputs: number[]) => void,
): Float32Array[] {
  const { exports, arena } = kernels("test", exact);
  const count = inputs[0].length;
  const bytes = 4 * count + 16;
  return arena.lease(new Array(inputs.length + outputs).fill(bytes), (lease) => {
    const from = inputs.map((values) => lease.put(values));
    const to = Array.from({ length: outputs }, () => lease.put(new Float32Array(count + 4).fill(7)));
    call(exports, from, to);
    for (const at of to) expect(Array.from(lease.get(at + 4 * count, 4))).toEqual([7, 7, 7, 7]);
    return to.map((at) => lease.get(at, count));
  });
}

const silu = (exact: boolean, x: Float32Array) => run(exact, [x], 1, (kernel, [px], [py]) => kernel.silu(px, 0, py, x.length))[0];
const gradient = (exact: boolean, x: Float32Array, dy: Float32Array) =>
  run(exact, [x, dy], 1, (kernel, [px, pdy], [po]) => kernel.siluGradient(px, pdy, po, x.length))[0];
const curvature = (exact: boolean, x: Float32Array, dy: Float32Array, g: Float32Array) =>
  run(exact, [x, dy, g], 2, (kernel, [px, pdy, pg], [ox, ody]) => kernel.siluCurvature(px, pdy, pg, ox, ody, x.length));

/**
 * exp(-|x|) is off by r(x) roundings: at most 2 |x| + 6 in either build (the argument times log2 e is rounded once). The sigmoid
 * takes two roundings more, each derivative a few; where exp is small, its error is small beside 1 unless x < 0.
 */
function bound(x: number, size: number): number {
  return U * (2 * Math.min(60, Math.abs(x)) * Math.exp(-Math.max(0, x)) + 16) * size + 1e-24;
}

describe.each([
  { build: "plain", exact: true },
  { build: "relaxed", exact: false },
])("$build build", ({ exact }) => {
  const one = (x: Float32Array) => new Float32Array(x.length).fill(1);

  it.each([
    [-1, 1],
    [-10, 10],
    [-100, 100],
    [-1e-3, 1e-3],
    [-3e38, 3e38],
  ])("equals f64 on %f .. %f", (low, high) => {
    const x = grid(low, high);
    const y = silu(exact, x);
    const slope = gradient(exact, x, one(x));
    const [bend, again] = curvature(exact, x, one(x), one(x));
    expect(again).toEqual(slope);
    x.forEach((v, i) => {
      const s = 1 / (1 + Math.exp(-v));
      const t = 1 / (1 + Math.exp(v));
      expect(Math.abs(y[i] - siluTwin(v))).toBeLessThanOrEqual(bound(v, Math.abs(siluTwin(v))));
      const held = Math.min(100, Math.abs(v));
      expect(Math.abs(slope[i] - siluSlopeTwin(v))).toBeLessThanOrEqual(bound(v, s * (1 + held * t)));
      expect(Math.abs(bend[i] - (Math.abs(v) > 100 ? 0 : siluBendTwin(v)))).toBeLessThanOrEqual(
        bound(-Math.abs(v), s * t * (2 + held)),
      );
    });
  });

  it("has a relative error near 1e-6 where x > -10", () => {
    const x = grid(-10, 30);
    const y = silu(exact, x);
    x.forEach((v, i) => {
      expect(Math.abs(y[i] - siluTwin(v))).toBeLessThanOrEqual(1.5e-6 * Math.abs(siluTwin(v)));
    });
  });

  it("has its limits at infinity, and NaN stays NaN", () => {
    const x = Float32Array.of(Infinity, -Infinity, 3e38, -3e38, Number.NaN, 0);
    expect(Array.from(silu(exact, x), (v) => v + 0)).toEqual([Infinity, 0, x[2], 0, Number.NaN, 0]);
    expect(Array.from(gradient(exact, x, one(x)), (v) => v + 0)).toEqual([1, 0, 1, 0, Number.NaN, 0.5]);
    const [bend] = curvature(exact, x, one(x), one(x));
    expect(Array.from(bend, (v) => v + 0)).toEqual([0, 0, 0, 0, Number.NaN, 0.5]);
    const nan = new Float32Array(6).fill(Number.NaN);
    expect(gradient(exact, Float32Array.of(0, 1, 2, 3, -90, 90), nan)).toEqual(nan);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 11, 17])("treats %i numbers as it treats each alone, in place too", (count) => {
    const [x, dy, g, residual] = [1, 2, 3, 4].map((seed) => numbers(count, seed));
    const alone = (f: (i: number) => Float32Array) => Float32Array.from({ length: count }, (_, i) => f(i)[0]);
    const at = (values: Float32Array, i: number) => values.slice(i, i + 1);
    expect(silu(exact, x)).toEqual(alone((i) => silu(exact, at(x, i))));
    expect(gradient(exact, x, dy)).toEqual(alone((i) => gradient(exact, at(x, i), at(dy, i))));
    const both = curvature(exact, x, dy, g);
    expect(both[0]).toEqual(alone((i) => curvature(exact, at(x, i), at(dy, i), at(g, i))[0]));
    expect(both[1]).toEqual(alone((i) => curvature(exact, at(x, i), at(dy, i), at(g, i))[1]));
    const [sum] = run(exact, [x, residual], 1, (kernel, [px, pr], [py]) => kernel.silu(px, pr, py, count));
    expect(sum).toEqual(silu(exact, x).map((v, i) => v + residual[i]));
    const [inPlace] = run(exact, [x], 1, (kernel, [px], [py]) => {
      kernel.silu(px, 0, px, count);
      kernel.silu(px, 0, py, count);
    });
    expect(inPlace).toEqual(silu(exact, silu(exact, x)));
  });

  it("is tied to its derivatives by differences", () => {
    // Central differences of fourth order at h = 0.05: h^4/30 times a fifth derivative below 1.5, and 1.5 f32 errors of 2e-6 / h.
    const x = grid(-8, 8, 641);
    const h = 0.05;
    const slopeOf = (f: (x: Float32Array) => Float32Array) => {
      const [a, b, c, d] = [-2, -1, 1, 2].map((step) => f(x.map((v) => v + step * h)));
      return x.map((_, i) => (8 * (c[i] - b[i]) - (d[i] - a[i])) / (12 * h));
    };
    const slope = gradient(exact, x, one(x));
    const [bend] = curvature(exact, x, one(x), one(x));
    slopeOf((v) => silu(exact, v)).forEach((v, i) => {
      expect(Math.abs(v - slope[i])).toBeLessThan(1e-4);
    });
    slopeOf((v) => gradient(exact, v, one(v))).forEach((v, i) => {
      expect(Math.abs(v - bend[i])).toBeLessThan(1e-4);
    });
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 9, 11, 15, 16, 17, 37])(
    "keeps derivatives of %i numbers with the bits of those computed anew",
    (count) => {
      const extremes = [Number.NaN, Infinity, -Infinity, 3e38, -3e38, 90, -90, 17, -17, -0];
      const [x, dy, g, residual] = [1, 2, 3, 4].map((seed) => numbers(count, seed));
      // Odd places, so that a vector holds both; a short array holds one.
      for (let i = 1; i < count; i += 2) x[i] = extremes[(count + (i >> 1)) % extremes.length];
      const ones = one(x);
      const [bends] = curvature(exact, x, ones, ones);
      for (const old of [null, residual]) {
        const [y, slope, bend] = run(exact, [x, residual], 3, (kernel, [px, pr], [py, ps, pb]) =>
          kernel.siluKept(px, old ? pr : 0, py, ps, pb, count),
        );
        expect(y).toEqual(old ? silu(exact, x).map((v, i) => v + old[i]) : silu(exact, x));
        expect(slope).toEqual(gradient(exact, x, ones));
        expect(bend).toEqual(bends);
        // Without the second derivative, and in place.
        const [inPlace, first] = run(exact, [x, residual], 2, (kernel, [px, pr], [py, ps]) => {
          kernel.copyRows(px, count, py, count, 1, count);
          kernel.siluKept(py, old ? pr : 0, py, ps, 0, count);
        });
        expect(inPlace).toEqual(y);
        expect(first).toEqual(slope);
      }
      const slope = gradient(exact, x, ones);
      const [forX, forDy] = run(exact, [slope, bends, dy, g], 2, (kernel, [ps, pb, pdy, pg], [ox, ody]) =>
        kernel.siluKeptCurvature(ps, pb, pdy, pg, ox, ody, count),
      );
      expect([forX, forDy]).toEqual(curvature(exact, x, dy, g));
      const [overDy, overG] = run(exact, [slope, bends], 2, (kernel, [ps, pb], [pdy, pg]) => {
        kernel.copyRows(pb, count, pdy, count, 1, count);
        kernel.copyRows(ps, count, pg, count, 1, count);
        kernel.siluKeptCurvature(ps, pb, pdy, pg, pdy, pg, count);
      });
      expect(overDy).toEqual(curvature(exact, x, bends, slope)[0]);
      expect(overG).toEqual(curvature(exact, x, bends, slope)[1]);
    },
  );
});
