/**
 * Samplers of particles on the subspace with center of mass 0. The target is a trap, E = k/2 sum_i |x_i - com|^2: on the subspace it is the
 * Gaussian of variance c = 1/k in (count - 1) spatialDim axes, its noised score is -x / (c + h), and log Z = (count - 1) spatialDim / 2 log(2 pi c).
 */
import {
  bridge,
  customEnergy,
  edmGrid,
  exponential,
  geometricSchedule,
  importance,
  init,
  keyOf,
  langevin,
  type NormalSource,
  normalRows,
  type Path,
  probabilityFlow,
  type ReverseSdeOptions,
  reverseSde,
  type ScoreModel,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { zOfWeights } from "../support/z-scores.js";

beforeAll(() => init());

const count = 4;
const spatialDim = 3;
const dim = count * spatialDim;
const freeDim = dim - spatialDim;
const particles = { count, spatialDim };
const k = 2.5;
const c = 1 / k;
const logZ = (freeDim / 2) * Math.log(2 * Math.PI * c);
const schedule = geometricSchedule({ sigmaMin: 0.05, sigmaMax: 6 });
const grid = edmGrid({ steps: 12, sigmaMin: 0.1, sigmaMax: 5 });
const priorVariance = 25 + c;

/** The center of mass of a row along each axis. */
function centerOf(row: ArrayLike<number>): number[] {
  return Array.from({ length: spatialDim }, (_, axis) => {
    let sum = 0;
    for (let i = axis; i < dim; i += spatialDim) sum += row[i];
    return sum / count;
  });
}

const trap = customEnergy({
  name: "trap",
  dim,
  particles,
  evaluate: (x, gradient) => {
    const center = centerOf(x);
    let energy = 0;
    for (let i = 0; i < dim; i++) {
      gradient[i] = k * (x[i] - center[i % spatialDim]);
      energy += (gradient[i] * gradient[i]) / (2 * k);
    }
    return energy;
  },
});

/** The exact score, or `factor` times it, plus a push of every particle that a careless network might have. */
const scoreOf = (factor = 1, push = 0): ScoreModel => ({
  dim,
  score: async (x, variance) => x.data.map((v, i) => (-factor * v) / (c + variance[Math.floor(i / dim)]) + push),
});

function onSubspace(data: Float32Array): Float32Array {
  const projected = data.slice();
  for (let row = 0; row < data.length; row += dim) {
    const center = centerOf(data.subarray(row, row + dim));
    for (let i = 0; i < dim; i++) projected[row + i] -= center[i % spatialDim];
  }
  return projected;
}

/** Largest coordinate of a center of mass in all rows. */
function farthestCenter(data: Float32Array): number {
  let farthest = 0;
  for (let row = 0; row < data.length; row += dim) {
    for (const value of centerOf(data.subarray(row, row + dim))) farthest = Math.max(farthest, Math.abs(value));
  }
  return farthest;
}

const base = { key: keyOf(3), draws: normalRows, grid, priorVariance };
const weighted = (n: number, more: Partial<ReverseSdeOptions> = {}, model = scoreOf()) =>
  reverseSde(model, trap, schedule, { ...base, n, ...more });

describe("the center of mass stays where it is along every sampler", () => {
  type Run = (model: ScoreModel) => Promise<Path>;
  const long = edmGrid({ steps: 400, sigmaMin: 0.02, sigmaMax: 5 });
  const options = { ...base, n: 40, grid: long, particles };
  const samplers: readonly (readonly [string, Run])[] = [
    ["weighted, bridge", (model) => reverseSde(model, trap, schedule, { ...options, particles: undefined })],
    ["weighted, nu, Langevin", (model) => reverseSde(model, trap, schedule, { ...options, nu: 0.5, corrector: langevin() })],
    ["raw, Tweedie", (model) => reverseSde(model, undefined, schedule, { ...options, tweedie: true })],
    ["raw, exponential", (model) => reverseSde(model, undefined, schedule, { ...options, transition: exponential() })],
    ["probability flow", (model) => probabilityFlow(model, options)],
    ["probability flow, Tweedie", (model) => probabilityFlow(model, { ...options, tweedie: true })],
  ];

  // Rounding to f32 leaves 1e-6 of coordinates up to 20; the push would carry the center of mass to 12 and beyond.
  test.each(samplers)("%s", async (_name, run) => {
    let farthest = 0;
    const inner = scoreOf(1, 0.5);
    const path = await run({
      dim,
      score: (x, variance) => {
        farthest = Math.max(farthest, farthestCenter(x.data));
        return inner.score(x, variance);
      },
    });
    expect(Math.max(farthest, farthestCenter(path.x.data))).toBeLessThan(1e-5);
    expect(path.nonFinite).toBe(0);
  });

  test("control: without particles it goes where prior, noise and score take it", async () => {
    const path = await reverseSde(scoreOf(1, 0.5), undefined, schedule, { ...options, particles: undefined });
    expect(farthestCenter(path.x.data)).toBeGreaterThan(0.1);
  });
});

describe("the law on the subspace", () => {
  const n = 30_000;

  /** Largest |z| of the entries of x x^T about 0 against variance * (identity, or the projector on the subspace). */
  function worstEntry(data: Float32Array, variance: number, projected: boolean): number {
    const expected = (i: number, j: number) => {
      const same = i === j ? 1 : 0;
      return variance * (projected && i % spatialDim === j % spatialDim ? same - 1 / count : same);
    };
    let worst = 0;
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let row = 0; row < data.length; row += dim) sum += data[row + i] * data[row + j];
        const error = Math.sqrt((expected(i, i) * expected(j, j) + expected(i, j) ** 2) / n);
        worst = Math.max(worst, Math.abs(sum / n - expected(i, j)) / error);
      }
    }
    return worst;
  }

  test("the bridge of the trap's own variance is exact: covariance (c + h_0) times the projector; control: the full space", async () => {
    const transition = bridge({ dataVariance: c });
    const options = { ...base, n, key: keyOf(17), transition };
    const { x } = await reverseSde(scoreOf(), undefined, schedule, { ...options, particles });
    expect(worstEntry(x.data, c + grid[0], true)).toBeLessThan(6);
    expect(worstEntry(x.data, c + grid[0], false)).toBeGreaterThan(11);
    const free = await reverseSde(scoreOf(), undefined, schedule, options);
    expect(worstEntry(free.x.data, c + grid[0], false)).toBeLessThan(6);
    expect(worstEntry(free.x.data, c + grid[0], true)).toBeGreaterThan(11);
  });
});

describe("path weights", () => {
  const n = 4000;
  // In 9 dimensions a weight of 12 such levels has a population ESS of .4 % (bridge) and 1 % (exponential), where z means nothing.
  const fine = edmGrid({ steps: 64, sigmaMin: 0.1, sigmaMax: 5 });

  test.each([
    ["exact score, bridge", scoreOf(), { transition: bridge() }],
    ["exact score, exponential, Langevin", scoreOf(), { transition: exponential(), corrector: langevin({ stepScale: 0.05 }) }],
    ["exact score, nu = .5", scoreOf(), { nu: 0.5 }],
    ["exact score, nu = 1, Langevin", scoreOf(), { nu: 1, corrector: langevin({ stepScale: 0.05 }) }],
    [
      "score times .95 with a push, bridge of the trap's variance",
      scoreOf(0.95, 0.3),
      { transition: bridge({ dataVariance: c }) },
    ],
  ] as const)("%s: mean w = Z in (count - 1) spatialDim axes; control: Gaussians of all dim axes", async (_name, model, more) => {
    const options = { key: keyOf(5), grid: fine, ...more };
    const { logWeights, x } = await weighted(n, options, model);
    const weights = logWeights as Float64Array;
    const summary = importance(weights);
    expect(summary.essFraction).toBeGreaterThan(0.05);
    expect(Math.abs(zOfWeights(weights, logZ))).toBeLessThan(6);
    expect(Math.abs((summary.logZ - logZ) / summary.logZError)).toBeLessThan(6);
    expect(farthestCenter(x.data)).toBeLessThan(1e-5);
    // The same paths weighed by the code for dim free axes.
    const unnamed = { ...trap, energy: trap.energy, energyAndGradient: trap.energyAndGradient, particles: undefined };
    const draws: NormalSource = (...of) => ({ data: onSubspace(normalRows(...of).data) });
    const wrong = await reverseSde(model, unnamed, schedule, { ...base, n, ...options, draws });
    expect(Math.abs(zOfWeights(wrong.logWeights as Float64Array, logZ))).toBeGreaterThan(11);
    // And log Z of all axes is another number.
    const full = (dim / 2) * Math.log(2 * Math.PI * c);
    expect(Math.abs((summary.logZ - full) / summary.logZError)).toBeGreaterThan(11);
  });

  test("exact steps to level 0 give every path the weight Z", async () => {
    const toZero = Float64Array.of(0, ...grid);
    const { logWeights } = await weighted(300, { grid: toZero, transition: bridge({ dataVariance: c }) });
    // f32 coordinates and scores: 13 levels times an error of about 1e-7 x / sqrt(Delta).
    for (const value of logWeights as Float64Array) expect(Math.abs(value - logZ)).toBeLessThan(2e-4);
  });

  /** The same numbers for other particles or other axes. */
  const moved =
    (move: (row: Float32Array) => number[]): NormalSource =>
    (key, step, first, rows, width) => {
      const { data } = normalRows(key, step, first, rows, width);
      for (let row = 0; row < rows; row++) {
        const own = data.subarray(row * width, (row + 1) * width);
        own.set(move(own));
      }
      return { data };
    };
  const order = [2, 0, 3, 1];
  const permuted = (row: ArrayLike<number>) => order.flatMap((i) => Array.from({ length: 3 }, (_, d) => row[3 * i + d]));
  const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
  /** About the third axis, then the axes exchanged in turn: a rotation. */
  const rotated = (row: ArrayLike<number>) =>
    Array.from({ length: count }, (_, i) => {
      const [a, b, z] = [row[3 * i], row[3 * i + 1], row[3 * i + 2]];
      return [z, cos * a - sin * b, sin * a + cos * b];
    }).flat();

  test.each([
    ["particles in another order", permuted],
    ["a rotation", rotated],
  ])("%s of every draw moves the samples with it and leaves the weights; control: a stretch", async (_name, move) => {
    const options = { transition: exponential(), corrector: langevin() };
    const plain = await weighted(200, options);
    const other = await weighted(200, { ...options, draws: moved(move) });
    for (let row = 0; row < 200; row++) {
      const expected = move(plain.x.data.subarray(row * dim, (row + 1) * dim));
      // f32: 12 levels, coordinates that start at up to 20 and errors that shrink with them.
      expected.forEach((value, i) => {
        expect(Math.abs(other.x.data[row * dim + i] - value)).toBeLessThan(1e-5);
      });
      const change = (other.logWeights as Float64Array)[row] - (plain.logWeights as Float64Array)[row];
      expect(Math.abs(change)).toBeLessThan(1e-3);
    }
    const stretched = await weighted(200, {
      ...options,
      draws: moved((row) => Array.from(row, (v, i) => (i % 3 ? v : 1.01 * v))),
    });
    const most = Math.max(
      ...(stretched.logWeights as Float64Array).map((w, r) => Math.abs(w - (plain.logWeights as Float64Array)[r])),
    );
    expect(most).toBeGreaterThan(0.1);
  });

  test("particles that are not the energy's are refused", async () => {
    await expect(weighted(5, { particles: { count: 6, spatialDim: 2 } })).rejects.toThrow(/must be those of the energy trap/);
    const full = { ...trap, energy: trap.energy, energyAndGradient: trap.energyAndGradient, particles: undefined };
    await expect(reverseSde(scoreOf(), full, schedule, { ...base, n: 5, particles })).rejects.toThrow(RangeError);
    expect((await weighted(5, { particles })).x).toEqual((await weighted(5)).x);
  });
});
