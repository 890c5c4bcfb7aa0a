/** The input features' kernels against their f64 twin, with bounds from f32's roundings, in both builds. */
import { beforeAll, describe, expect, test } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import { initKernels, kernelReport } from "../../src/kernels/load.js";
import {
  type FeatureOptions,
  frequencies,
  packFeatureTables,
  tableStride,
  waveCount,
  waveTables,
} from "../../src/networks/feature-tables.js";
import { featuresTwin, type TwinSettings } from "../reference/mlp.js";
import { FencedMemory } from "../support/fenced-memory.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

/** Unit roundoff of f32. */
const U = 2 ** -24;
const base: FeatureOptions = { features: 64, featureScale: 12, scale: 50, baseStd: 0.46, horizon: 2.2, sigmaFloor: 0.005 };
/** Dimensions around the blocks of four coordinates; numbers of waves with 0, 1, 2 and 3 pairs in the last block. */
const CASES = [
  { dim: 2, options: base },
  { dim: 1, options: { ...base, features: 1 } },
  { dim: 2, options: { ...base, features: 2, horizon: 0 } },
  { dim: 3, options: { ...base, features: 3, featureScale: 2, scale: 1 } },
  { dim: 4, options: { ...base, features: 5, scale: 3 } },
  { dim: 5, options: { ...base, features: 6 } },
  { dim: 8, options: { ...base, features: 7 } },
  { dim: 13, options: { ...base, features: 16, horizon: 0.5 } },
  { dim: 200, options: { ...base, features: 9, featureScale: 1 } },
];
const BUILDS = [
  { build: "plain", exact: true },
  { build: "relaxed", exact: false },
];

interface Inputs {
  readonly dim: number;
  readonly options: FeatureOptions;
  readonly n: number;
  readonly columns: number;
  readonly x: Float32Array;
  readonly variance: Float32Array;
  readonly v: Float32Array;
  readonly dy: Float32Array;
}

/** Rows from deep inside to far beyond the horizon's cut, at noises below the floor to above the scale, 0 among them. */
function inputs(dim: number, options: FeatureOptions, n: number): Inputs {
  const key = derive(keyOf(5), dim, options.features);
  const columns = waveCount(options.features) + dim + 1;
  const uniform = (word: string, count: number) =>
    Float32Array.from({ length: count }, (_, i) => 2 * uniformAt(derive(key, word), i) - 1);
  const far = [0.1, 0.4, 1, 1, 2, 5, 30, 1e3];
  const x = uniform("x", n * dim).map((c, i) => c * options.scale * far[Math.floor(i / dim) % far.length]);
  const variance = uniform("h", n).map((c, i) => (i % 7 === 3 ? 0 : options.scale ** 2 * 10 ** (3 * c - 2.5)));
  return { dim, options, n, columns, x, variance, v: uniform("v", n * dim), dy: uniform("dy", n * columns) };
}

function run(exact: boolean, given: Inputs, varianceStep = 1) {
  const { dim, options, n, columns } = given;
  const memory = new FencedMemory(exact);
  const dy = memory.put(given.dy);
  const x = memory.put(given.x);
  const v = memory.put(given.v);
  const variance = memory.put(varianceStep ? given.variance : given.variance.subarray(0, 1));
  const tables = memory.put(packFeatureTables(dim, options));
  const out = memory.take(n * columns);
  const tangent = memory.take(n * columns);
  const gradient = memory.take(n * dim);
  const curvature = memory.take(n * dim);
  const stride = tableStride(packFeatureTables(dim, options).length, dim);
  const scratch = memory.take(Math.ceil(memory.exports.curvatureScratch(dim, stride) / 4));
  memory.exports.features(tables, x, variance, varianceStep, out, n);
  memory.exports.featuresTangent(tables, x, variance, varianceStep, v, tangent, n);
  memory.exports.featuresGradient(tables, x, variance, varianceStep, dy, gradient, n);
  memory.exports.featuresCurvature(tables, x, variance, varianceStep, dy, v, curvature, n, scratch);
  expect(memory.intact()).toBe(true);
  return {
    out: memory.get(out, n * columns),
    tangent: memory.get(tangent, n * columns),
    gradient: memory.get(gradient, n * dim),
    curvature: memory.get(curvature, n * dim),
  };
}

function twinRow(dim: number, options: FeatureOptions, x: readonly number[], variance: number): number[] {
  const { waves, position, logNoise } = featuresTwin({ ...options, dim } as TwinSettings, x, variance);
  return [...waves, ...position, logNoise];
}

/** d twin / ds along x + s direction, differences of fourth order: error below 1e-10 for steps a thousandth of the finest wave. */
function twinRate(dim: number, options: FeatureOptions, x: readonly number[], variance: number, direction: readonly number[]) {
  const step = (2e-3 * options.scale) / options.featureScale;
  const at = (s: number) =>
    twinRow(
      dim,
      options,
      x.map((c, i) => c + s * direction[i]),
      variance,
    );
  const [a, b, c, d] = [at(step), at(-step), at(2 * step), at(-2 * step)];
  return a.map((value, i) => (8 * (value - b[i]) - (c[i] - d[i])) / (12 * step));
}

/** What the error bounds of a row are made of, in f64. */
function sizes({ dim, options }: Inputs, x: readonly number[], variance: number) {
  const { scale, sigmaFloor, horizon, baseStd, features } = options;
  const omega = frequencies(dim, features, options.featureScale);
  const total = (baseStd * scale) ** 2 + variance;
  const reach = horizon === 0 ? 0 : 1 / (dim * horizon ** 2);
  const u = (x.reduce((q, c) => q + c * c, 0) * reach) / total;
  const cut = Math.min(u, 1e8);
  const m = (1 + cut ** 4) ** -0.125;
  const k = u < 1e8 ? (m * reach * cut ** 3) / (1 + cut ** 4) / total : 0;
  const s = Math.sqrt(variance) / scale;
  const logS = Math.abs(Math.log(Math.max(s, sigmaFloor)));
  const space = (i: number, pair: number) => (pair < features ? Math.abs(omega[i * features + pair]) / (Math.PI * scale) : 0);
  /** sum_d |y_d space_dp|. */
  const along = (y: readonly number[], pair: number) => y.reduce((sum, c, i) => sum + Math.abs(c) * space(i, pair), 0);
  const pairs = Array.from({ length: features + 4 }, (_, pair) => {
    const noise = pair < features ? 0 : ([0.5, 1, 2, 4][pair - features] * logS) / Math.PI;
    const held = m * along(x, pair);
    let squared = 0;
    if (pair < features) for (let i = 0; i < dim; i++) squared += omega[i * features + pair] ** 2;
    const exponent = (squared * s * s) / 2;
    const damping = Math.exp(-exponent);
    // u has dim + 6 roundings and m half its relative error and 7 of its own; the sum dim + 1; log 1.6 ULP, s^2 two.
    const halfTurns = U * ((1.5 * dim + 13) * held + noise * (2 + 6 / Math.max(logS, 1e-3)) + 2 * (held + noise));
    // exp: 2.6 ULP and |a| roundings; a has four. Below exp(-60) it is 0.
    const dampingError = damping * U * (6 + 6 * exponent) + 1e-26;
    const waveError = damping * (Math.PI * halfTurns + 2.2e-7 + 2 * U) + dampingError;
    return { damping, waveError };
  });
  return { dim, m, k, logS, pairs, along, space, root: Math.sqrt(total) };
}

type Sizes = ReturnType<typeof sizes>;

/** Bounds of the row's features. */
function valueBounds(z: Sizes, twin: readonly number[]): number[] {
  const waves = 2 * z.pairs.length;
  return twin.map((value, i) => {
    if (i < waves) return z.pairs[i >> 1].waveError;
    return i === twin.length - 1 ? U * (1 + 6 * z.logS) : Math.abs(value) * U * (0.5 * z.dim + 13);
  });
}

/** Bounds of the error of J v; k has seven times u's relative error, and x . v its sum's. */
function rateBounds(
  z: Sizes,
  x: readonly number[],
  v: readonly number[],
  columns: number,
): { magnitude: number; error: number }[] {
  const waves = 2 * z.pairs.length;
  const outward = z.k * x.reduce((sum, c, i) => sum + Math.abs(c * v[i]), 0);
  const roundings = U * (9 * z.dim + 70);
  return Array.from({ length: columns }, (_, i) => {
    if (i < waves) {
      const pair = i >> 1;
      const rate = Math.PI * (z.m * z.along(v, pair) + outward * z.along(x, pair));
      const magnitude = rate * z.pairs[pair].damping;
      return { magnitude, error: rate * z.pairs[pair].waveError + roundings * magnitude };
    }
    if (i === columns - 1) return { magnitude: 0, error: 0 };
    const magnitude = (z.m * Math.abs(v[i - waves]) + outward * Math.abs(x[i - waves])) / z.root;
    return { magnitude, error: roundings * magnitude };
  });
}

const rowOf = (values: Float32Array, r: number, width: number) => Array.from(values.subarray(r * width, (r + 1) * width));

/** Largest |error| / bound; 1e-10 for the differences of the twin. */
function worst(values: readonly number[], truth: readonly number[], bounds: readonly number[]): number {
  return values.reduce((most, value, i) => {
    const ratio = Math.abs(value - truth[i]) / (bounds[i] + 1e-10 * (1 + Math.abs(truth[i])));
    return Number.isNaN(ratio) ? Infinity : Math.max(most, ratio);
  }, 0);
}

describe.each(BUILDS)("$build build", ({ exact }) => {
  test("is there", () => {
    expect(exact || kernelReport().relaxed).toBe(true);
  });

  test.each(CASES)("dim $dim, $options.features frequencies: value, tangent and gradient are the twin's", ({ dim, options }) => {
    const given = inputs(dim, options, dim > 50 ? 8 : 16);
    const { out, tangent, gradient } = run(exact, given);
    const { columns } = given;
    const identity = (j: number) => Array.from({ length: dim }, (_, i) => (i === j ? 1 : 0));
    for (let r = 0; r < given.n; r++) {
      const x = rowOf(given.x, r, dim);
      const h = given.variance[r];
      const v = rowOf(given.v, r, dim);
      const dy = rowOf(given.dy, r, columns);
      const z = sizes(given, x, h);
      const twin = twinRow(dim, options, x, h);
      expect(worst(rowOf(out, r, columns), twin, valueBounds(z, twin)), `value of row ${r}`).toBeLessThan(1);
      const rates = rateBounds(z, x, v, columns).map(({ error }) => error);
      expect(worst(rowOf(tangent, r, columns), twinRate(dim, options, x, h, v), rates), `tangent of row ${r}`).toBeLessThan(1);
      const every = dim > 50 ? 37 : 1;
      for (let j = 0; j < dim; j += every) {
        const rate = twinRate(dim, options, x, h, identity(j));
        const bounds = rateBounds(z, x, identity(j), columns);
        const truth = dy.reduce((sum, slope, i) => sum + slope * rate[i], 0);
        const bound = dy.reduce((sum, slope, i) => {
          return sum + Math.abs(slope) * (bounds[i].error + U * (columns + dim) * bounds[i].magnitude);
        }, 0);
        expect(worst([gradient[r * dim + j]], [truth], [bound]), `gradient of row ${r}, ${j}`).toBeLessThan(1);
      }
    }
  });

  test.each(CASES)("dim $dim, $options.features frequencies: <dy, J v> = <J^T dy, v>", ({ dim, options }) => {
    const given = inputs(dim, options, 16);
    const { tangent, gradient } = run(exact, given);
    for (let r = 0; r < given.n; r++) {
      const dy = rowOf(given.dy, r, given.columns);
      const v = rowOf(given.v, r, dim);
      const z = sizes(given, rowOf(given.x, r, dim), given.variance[r]);
      const left = rowOf(tangent, r, given.columns).reduce((sum, value, i) => sum + value * dy[i], 0);
      const right = rowOf(gradient, r, dim).reduce((sum, value, i) => sum + value * v[i], 0);
      const bounds = rateBounds(z, rowOf(given.x, r, dim), v, given.columns);
      const bound = bounds.reduce((sum, { error, magnitude }, i) => {
        return sum + Math.abs(dy[i]) * (2 * error + U * (given.columns + 2 * dim) * magnitude);
      }, 0);
      expect(Math.abs(left - right)).toBeLessThan(bound + 1e-12);
    }
  });

  test.each(CASES)(
    "dim $dim, $options.features frequencies: a row has its bits alone, in a part, and with the noise shared",
    (one) => {
      const given = inputs(one.dim, one.options, 40);
      const part = (first: number, n: number): Inputs => ({
        ...given,
        n,
        x: given.x.subarray(first * given.dim, (first + n) * given.dim),
        v: given.v.subarray(first * given.dim, (first + n) * given.dim),
        dy: given.dy.subarray(first * given.columns, (first + n) * given.columns),
        variance: given.variance.subarray(first, first + n),
      });
      const whole = run(exact, given);
      for (const [first, n] of [
        [0, 1],
        [17, 1],
        [5, 11],
        [39, 1],
      ]) {
        const some = run(exact, part(first, n));
        expect(some.out).toEqual(whole.out.subarray(first * given.columns, (first + n) * given.columns));
        expect(some.tangent).toEqual(whole.tangent.subarray(first * given.columns, (first + n) * given.columns));
        expect(some.gradient).toEqual(whole.gradient.subarray(first * given.dim, (first + n) * given.dim));
        expect(some.curvature).toEqual(whole.curvature.subarray(first * given.dim, (first + n) * given.dim));
      }
      const same = { ...given, variance: new Float32Array(given.n).fill(given.variance[1]) };
      expect(run(exact, same, 0)).toEqual(run(exact, same, 1));
    },
  );

  test("a NaN or infinite coordinate makes NaN of its row's waves and of no other row", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      for (const at of [0, 4]) {
        const given = inputs(5, base, 3);
        given.x[5 + at] = bad;
        const { out, tangent, gradient, curvature } = run(exact, given);
        const waves = waveCount(base.features);
        expect(rowOf(out, 1, given.columns).slice(0, waves).every(Number.isNaN)).toBe(true);
        expect(rowOf(tangent, 1, given.columns).slice(0, waves).every(Number.isNaN)).toBe(true);
        expect(rowOf(gradient, 1, 5).every(Number.isNaN)).toBe(true);
        expect(rowOf(curvature, 1, 5).every(Number.isNaN)).toBe(true);
        expect(Number.isFinite(out[given.columns + waves + at])).toBe(false);
        for (const r of [0, 2]) {
          expect(rowOf(out, r, given.columns).every(Number.isFinite)).toBe(true);
          expect(rowOf(gradient, r, 5).every(Number.isFinite)).toBe(true);
          expect(rowOf(curvature, r, 5).every(Number.isFinite)).toBe(true);
        }
      }
    }
  });

  test("noise that is no number, infinite, or below f32's normal numbers", () => {
    const given = inputs(2, base, 4);
    given.variance.set([Number.NaN, Infinity, 1e-40]);
    const { out } = run(exact, given);
    const waves = waveCount(base.features);
    for (const r of [0, 1]) expect(rowOf(out, r, given.columns).slice(0, waves).every(Number.isNaN)).toBe(true);
    expect(rowOf(out, 2, given.columns).every(Number.isFinite)).toBe(true);
    const floorless = { ...inputs(2, { ...base, scale: 1, sigmaFloor: 1e-21 }, 1), variance: Float32Array.of(1e-40) };
    const last = run(exact, floorless).out.at(-1) as number;
    expect(Math.abs(last - Math.log(1e-40) / 8)).toBeLessThan(1e-4);
  });

  test("cos and sin within 1e-6 for 1,000 turns either way", () => {
    const scale = 1;
    const options = { ...base, features: 1, featureScale: 1, scale, horizon: 0 };
    const { space } = waveTables(1, options);
    const n = 20_000;
    const x = Float32Array.from({ length: n }, (_, i) => ((2000 * i) / n - 1000) / space[0]);
    const variance = new Float32Array(n);
    const given = { dim: 1, options, n, columns: 12, x, variance, v: x, dy: new Float32Array(12 * n) };
    const { out } = run(exact, given);
    // The kernel's own angle in half turns, one rounding in either build.
    let most = 0;
    for (let r = 0; r < n; r++) {
      const angle = Math.PI * Math.fround(x[r] * 2 * space[0]);
      most = Math.max(most, Math.abs(out[12 * r] - Math.cos(angle)), Math.abs(out[12 * r + 1] - Math.sin(angle)));
    }
    expect(most).toBeLessThan(1e-6);
  });
});

test("the packed tables are those of the waves, in half turns", () => {
  const options = { ...base, features: 3 };
  const packed = packFeatureTables(2, options);
  const { space, noise, decay, width } = waveTables(2, options);
  expect(Array.from(packed.subarray(0, 3))).toEqual([2, 7, 8]);
  for (let p = 0; p < 8; p++) {
    const inside = p < 7;
    expect(packed[8 + p]).toBe(inside ? 2 * space[2 * p] : 0);
    expect(packed[16 + p]).toBe(inside ? 2 * space[width + 2 * p] : 0);
    expect(packed[24 + p]).toBe(inside ? 2 * noise[2 * p] : 0);
    expect(packed[32 + p] + 0).toBe(inside ? decay[2 * p] + 0 : 0);
  }
  expect(packed).toHaveLength(40);
});
