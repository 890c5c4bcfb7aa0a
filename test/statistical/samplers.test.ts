/**
 * Samplers against closed discrete-time recursions. The target is N(m, c I) with its exact noised score (m - x) / (c + h), so every
 * step is linear and x stays normal: mean and variance of the output follow a recursion in f64, at any step size. Six coarse
 * steps make the rules differ by more than the test can see (s.e. of a variance .0035 of itself at 160,000 numbers).
 */
import {
  bridge,
  type Corrector,
  derive,
  edmGrid,
  eulerMaruyama,
  exponential,
  geometricSchedule,
  init,
  keyOf,
  langevin,
  normalRows,
  probabilityFlow,
  reverseSde,
  type ScoreModel,
  type Transition,
  uniformGrid,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";

beforeAll(() => init());

const mean = 3;
const c = 1.5;
const dim = 4;
const n = 40_000;
const schedule = geometricSchedule({ sigmaMin: 0.05, sigmaMax: 20 });
const grid = edmGrid({ steps: 6, sigmaMin: 0.2, sigmaMax: 19 });
const priorVariance = 300;

const model: ScoreModel = {
  dim,
  score: async (x, variance) => x.data.map((value, i) => (mean - value) / (c + variance[Math.floor(i / dim)])),
};

interface Law {
  readonly mean: number;
  readonly variance: number;
}

/** x -> x + drift (m - x) / (c + h) + sqrt(noise) eps. */
function linear(law: Law, drift: number, h: number, noise: number): Law {
  const a = drift / (c + h);
  return { mean: (1 - a) * law.mean + a * mean, variance: (1 - a) ** 2 * law.variance + noise };
}

/** Law of the output by recursion; g and h are written out here, not taken from the schedule. */
function recursion(rule: string, corrector: Corrector | undefined, noiseFactor = 1): Law {
  const growth = 2 * Math.log(20 / 0.05);
  const time = (h: number) => Math.log(h / 0.0025 + 1) / growth;
  let law: Law = { mean: 0, variance: priorVariance };
  for (let k = grid.length - 1; k > 0; k--) {
    const [from, to] = [grid[k], grid[k - 1]];
    if (corrector && k < grid.length - 1) {
      const tau = corrector.stepScale * from;
      for (let j = 0; j < corrector.steps; j++) law = linear(law, tau, from, 2 * tau);
    }
    const euler = (0.0025 + from) * growth * (time(from) - time(to));
    const drift = rule === "euler-maruyama" ? euler : from - to;
    const noise: Record<string, number> = {
      "euler-maruyama": euler,
      exponential: from - to,
      bridge: ((from - to) * to) / from,
      "bridge, c": ((from - to) * (c + to)) / (c + from),
    };
    law = linear(law, drift, from, noiseFactor * noise[rule]);
  }
  return law;
}

/** z of the sample mean and of the sample variance about it, all n * dim numbers independent. */
function scores(data: Float32Array, law: Law): { mean: number; variance: number } {
  const count = data.length;
  let sum = 0;
  for (const value of data) sum += value;
  const average = sum / count;
  let square = 0;
  for (const value of data) square += (value - average) ** 2;
  return {
    mean: (average - law.mean) / Math.sqrt(law.variance / count),
    variance: (square / (count - 1) / law.variance - 1) / Math.sqrt(2 / (count - 1)),
  };
}

const rules: [string, Transition][] = [
  ["euler-maruyama", eulerMaruyama()],
  ["exponential", exponential()],
  ["bridge", bridge()],
  ["bridge, c", bridge({ dataVariance: c })],
];
const correctors: [string, Corrector | undefined][] = [
  ["no corrector", undefined],
  ["Langevin", langevin({ steps: 2, stepScale: 0.6 })],
];

describe("reverse SDE with the exact score of a Gaussian follows its recursion", () => {
  const cases = rules.flatMap(([rule, transition], i) =>
    correctors.map(([name, corrector], j) => ({ rule, transition, name, corrector, seed: 11 + 2 * i + j })),
  );
  test.each(cases)("$rule, $name", async ({ rule, transition, corrector, seed }) => {
    const path = await reverseSde(model, undefined, schedule, {
      n,
      key: keyOf(seed),
      draws: normalRows,
      grid,
      transition,
      corrector,
      priorVariance,
    });
    const z = scores(path.x.data, recursion(rule, corrector));
    expect(Math.abs(z.mean)).toBeLessThan(6);
    expect(Math.abs(z.variance)).toBeLessThan(6);
    // Controls: the same numbers against noise of half the variance, and against every other rule.
    expect(Math.abs(scores(path.x.data, recursion(rule, corrector, 0.5)).variance)).toBeGreaterThan(11);
    for (const [other] of rules) {
      if (other === rule) continue;
      const wrong = scores(path.x.data, recursion(other, corrector));
      expect(Math.max(Math.abs(wrong.mean), Math.abs(wrong.variance)), other).toBeGreaterThan(11);
    }
    const wrongCorrector = scores(path.x.data, recursion(rule, corrector ? undefined : correctors[1][1]));
    expect(Math.max(Math.abs(wrongCorrector.mean), Math.abs(wrongCorrector.variance))).toBeGreaterThan(11);
    expect(path.nonFinite).toBe(0);
    expect(path.scoreCalls).toBe(n * (corrector ? 6 + 2 * 5 : 6));
    expect([path.logWeights, path.energy, path.energyCalls]).toEqual([undefined, undefined, 0]);
  });

  test("the papers' grid (equal steps of time, ending at 0) with the papers' step, and the final Tweedie step", async () => {
    const uniform = uniformGrid(schedule, { steps: 12 });
    const tweedieGrid = edmGrid({ steps: 10, sigmaMin: 0.8, sigmaMax: 19 });
    const growth = 2 * Math.log(20 / 0.05);
    let law: Law = { mean: 0, variance: uniform[12] };
    for (let k = 12; k > 0; k--) {
      const step = ((0.0025 + uniform[k]) * growth) / 12;
      law = linear(law, step, uniform[k], step);
    }
    const options = { n, draws: normalRows };
    const path = await reverseSde(model, undefined, schedule, {
      ...options,
      key: keyOf(31),
      grid: uniform,
      transition: eulerMaruyama(),
    });
    const z = scores(path.x.data, law);
    expect(Math.abs(z.mean)).toBeLessThan(6);
    expect(Math.abs(z.variance)).toBeLessThan(6);

    let raw: Law = { mean: 0, variance: tweedieGrid[10] };
    for (let k = 10; k > 0; k--) {
      const [from, to] = [tweedieGrid[k], tweedieGrid[k - 1]];
      raw = linear(raw, from - to, from, ((from - to) * to) / from);
    }
    const last = await reverseSde(model, undefined, schedule, { ...options, key: keyOf(32), grid: tweedieGrid, tweedie: true });
    const end = scores(last.x.data, linear(raw, tweedieGrid[0], tweedieGrid[0], 0));
    expect(Math.abs(end.mean)).toBeLessThan(6);
    expect(Math.abs(end.variance)).toBeLessThan(6);
    // Control: without the Tweedie step.
    expect(Math.abs(scores(last.x.data, raw).variance)).toBeGreaterThan(11);
  });
});

describe("probability-flow ODE", () => {
  /** Heun in sigma on a linear score: a map of x - m by the factor 1 - (s - s')/2 [s/(c+s^2) + s'/(c+s'^2) (1 - (s - s') s/(c+s^2))]. */
  function heun(levels: Float64Array): number {
    let factor = 1;
    for (let k = levels.length - 1; k > 0; k--) {
      const [s, next] = [Math.sqrt(levels[k]), Math.sqrt(levels[k - 1])];
      const slope = s / (c + s * s);
      const predictor = 1 - (s - next) * slope;
      factor *= next === 0 ? predictor : 1 - ((s - next) / 2) * (slope + (next / (c + next * next)) * predictor);
    }
    return factor;
  }

  test.each([
    ["EDM grid", grid],
    ["grid ending at 0", Float64Array.of(0, ...grid)],
  ])("%s: the law is that of the stated linear map of the prior", async (_name, levels) => {
    const path = await probabilityFlow(model, { n, key: keyOf(41), draws: normalRows, grid: levels, priorVariance });
    const factor = heun(levels);
    const law = { mean: mean - factor * mean, variance: factor * factor * priorVariance };
    const z = scores(path.x.data, law);
    expect(Math.abs(z.mean)).toBeLessThan(6);
    expect(Math.abs(z.variance)).toBeLessThan(6);
    expect(path.scoreCalls).toBe(n * (levels[0] === 0 ? 2 * 7 - 1 : 2 * 6));
    // Control: Euler instead of Heun on the same numbers.
    let euler = 1;
    for (let k = levels.length - 1; k > 0; k--) {
      const s = Math.sqrt(levels[k]);
      euler *= 1 - ((s - Math.sqrt(levels[k - 1])) * s) / (c + levels[k]);
    }
    const wrong = scores(path.x.data, { mean: mean - euler * mean, variance: euler * euler * priorVariance });
    expect(Math.abs(wrong.variance)).toBeGreaterThan(11);
  });

  /** Factor by which the sampler itself maps x - m of its prior draws: least squares over rows, and the largest miss of one row. */
  async function measuredFactor(levels: Float64Array): Promise<{ factor: number; miss: number }> {
    const rows = 200;
    const key = keyOf(42);
    const end = (await probabilityFlow(model, { n: rows, key, draws: normalRows, grid: levels, priorVariance })).x.data;
    const from = Array.from(normalRows(derive(key, "prior"), 0, 0, rows, dim).data, (z) => Math.sqrt(priorVariance) * z - mean);
    const to = Array.from(end, (x) => x - mean);
    const factor = from.reduce((sum, v, i) => sum + v * to[i], 0) / from.reduce((sum, v) => sum + v * v, 0);
    return { factor, miss: Math.max(...from.map((v, i) => Math.abs(factor * v - to[i]))) };
  }

  test("every row is mapped by the stated factor", async () => {
    for (const levels of [grid, Float64Array.of(0, ...grid)]) {
      const { factor, miss } = await measuredFactor(levels);
      // f32 coordinates up to about 70 at the start: 4e-6 of rounding a step, shrunk by the map.
      expect(Math.abs(factor / heun(levels) - 1)).toBeLessThan(1e-5);
      expect(miss).toBeLessThan(1e-4);
    }
  });

  test("is of second order: halving the step divides the error of the sampler's map by about 4", async () => {
    // The exact flow maps deviations by sqrt((c + h_0) / (c + h_N)).
    const exact = Math.sqrt((c + 0.04) / (c + 361));
    const error = async (steps: number) =>
      (await measuredFactor(edmGrid({ steps, sigmaMin: 0.2, sigmaMax: 19 }))).factor / exact - 1;
    for (const steps of [40, 80, 160]) {
      const ratio = (await error(steps)) / (await error(2 * steps));
      expect(ratio).toBeGreaterThan(3.5);
      expect(ratio).toBeLessThan(4.6);
    }
  });
});
