/**
 * Stationary posterior targets on a mixture, whose noised score and slope are closed forms: the targets have no bias from the first draw on,
 * and the buffer keeps its law. A row per step and chain is one independent unit only where its chain is used once, so the first test draws
 * each chain once; the second compares the buffer before and after. Fixed seeds, |z| < 6; both controls fail.
 */
import {
  type Batch,
  type DrawResult,
  derive,
  type Energy,
  gaussianMixture,
  geometricSchedule,
  type HamiltonianRequest,
  type HamiltonianResult,
  init,
  keyOf,
  posterior,
} from "bnem";
import { beforeAll, expect, test } from "vitest";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => init());

const target = gaussianMixture({
  means: [
    [-1, 0],
    [1.5, 1],
  ],
  std: 0.6,
  weights: [0.3, 0.7],
});
const exact = target.exact as NonNullable<Energy["exact"]>;
const closed = target.noisedExact as NonNullable<Energy["noisedExact"]>;
const move = target.hamiltonian as (request: HamiltonianRequest) => HamiltonianResult;
const schedule = geometricSchedule({ sigmaMin: 0.05, sigmaMax: 4 });
const chains = 16_000;

/** One draw of n rows; `start` are the chains. */
async function drawn(n: number, step: number, memory: Map<string, Float64Array>, start: Batch): Promise<DrawResult> {
  const estimator = posterior({ chains, reach: 0.6, rowsPerLevel: 8 });
  const result = await estimator.draw?.({
    energy: target,
    schedule,
    n,
    low: 0.05 ** 2,
    high: schedule.variance(1),
    key: derive(keyOf(3), "step", step),
    exact: true,
    progress: 0,
    memory,
    chains: {
      equilibrate: async () => ({ x: start, stepSize: 0.25, energyCalls: 0, nonFinite: 0 }),
      hamiltonian: async (request) => move(request),
    },
  });
  return result as DrawResult;
}

/** dE_h / d log sigma by differences of the closed form in log h: error below 1e-5. */
function slopes(x: Batch, variance: Float32Array): number[] {
  const at = (factor: number) =>
    closed(
      x,
      variance.map((h) => h * factor),
    ).energy;
  const [up, down] = [at(1.01), at(1 / 1.01)];
  return Array.from(up, (value, i) => (value - down[i]) / Math.log(1.01));
}

/** z of the errors of targets against the closed forms: sigma (target - score) per axis, multiplied by the sign of the score, and the slope's. */
async function errors(start: Batch): Promise<{ score: number; slope: number }> {
  const { x, variance, target: score, slope } = await drawn(chains, 0, new Map(), start);
  const truth = closed(x, variance).score;
  const pull = Array.from(score, (s, i) => Math.sqrt(variance[i >> 1]) * (s - truth[i]) * Math.sign(truth[i]));
  const trueSlope = slopes(x, variance);
  return {
    score: zOfMean(pull, 0),
    slope: zOfMean(
      Array.from(slope as Float32Array, (s, i) => s - trueSlope[i]),
      0,
    ),
  };
}

test("score and slope targets are unbiased from the first draw; chains that are not at the target give themselves away", async () => {
  const start = exact.sample(chains, 5);
  const { score, slope } = await errors(start);
  expect(Math.abs(score)).toBeLessThan(6);
  expect(Math.abs(slope)).toBeLessThan(6);
  // Power: chains 25 % too wide.
  const wide = await errors({ ...start, data: start.data.map((v) => 1.25 * v) });
  expect(Math.max(Math.abs(wide.score), Math.abs(wide.slope))).toBeGreaterThan(8);
});

test("the buffer stays at the target, and goes there from elsewhere", async () => {
  const energyZ = (x: Float32Array, reference: Float32Array) => {
    const of = (data: Float32Array) => Array.from(target.energy({ data, n: data.length / 2, dim: 2 }));
    const [a, b] = [of(x), of(reference)];
    const mean = (v: number[]) => v.reduce((s, e) => s + e, 0) / v.length;
    const variance = (v: number[], m: number) => v.reduce((s, e) => s + (e - m) ** 2, 0) / (v.length - 1) / v.length;
    const [ma, mb] = [mean(a), mean(b)];
    return (ma - mb) / Math.sqrt(variance(a, ma) + variance(b, mb));
  };
  const after = async (start: Batch, steps: number) => {
    const memory = new Map<string, Float64Array>();
    for (let step = 0; step < steps; step++) await drawn(chains, step, memory, start);
    return Float32Array.from(memory.get("posterior.chains") as Float64Array);
  };
  const fresh = exact.sample(chains, 6).data;
  expect(Math.abs(energyZ(await after(exact.sample(chains, 5), 6), fresh))).toBeLessThan(6);
  const narrow = exact.sample(chains, 5);
  const cold = { ...narrow, data: narrow.data.map((v) => 0.9 * v) };
  const before = Math.abs(energyZ(cold.data, fresh));
  expect(before).toBeGreaterThan(8);
  expect(Math.abs(energyZ(await after(cold, 12), fresh))).toBeLessThan(before / 2);
});
