/**
 * Replica exchange from exact draws of every level: rows are independent, and whatever the model, the transition and the step sizes are, no
 * moment at any level may move, |z| < 6 (found: at most 2.9). Swaps with a wrong acceptance move them by more than 11 standard errors.
 */
import {
  type AnnealedTransition,
  type Batch,
  type ExchangeState,
  exactDiffusion,
  explodingLevels,
  gaussianMixture,
  init,
  makeTransition,
  replicaExchange,
  type ScoreModel,
  transitionNames,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { LEVELS, levelDraws, levelModel, unequalModes } from "../support/level-mixtures.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => init());

const CHAINS = 16_000;
const SWEEPS = 12;
const SEED = 3;
/** About that of the top level with its data. */
const PRIOR = 32;
const target = unequalModes();
const right = [2 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 3];
/** Levels that disagree about the modes; level 0 is exact. */
const wrong = [2 / 3, 0.3, 0.9, 0.5, 0.5];
/** What `measure` gives, near the right numbers and not at them: any are legal. */
const frozen = LEVELS.map(() => [0.6]);

function stateOf(weights: readonly number[], seed: number): ExchangeState {
  return { x: levelDraws(weights, CHAINS, PRIOR, seed), stepSizes: Float64Array.of(0.5, 0.7, 1.2, 2.5), frozen };
}

/** z of the mean change of bounded functions of the coordinates, the largest over the levels below the top. */
function largestChange(before: readonly Batch[], after: readonly Batch[]): { z: number; level: number } {
  let found = { z: 0, level: -1 };
  for (let k = 0; k + 1 < before.length; k++) {
    const length = Math.sqrt(1 + LEVELS[k].variance);
    const observables = [
      (x: number, y: number) => Math.tanh(x / length) + 0 * y,
      (x: number, y: number) => Math.tanh(y / length) + 0 * x,
      (x: number, y: number) => 1 / (1 + (x * x + y * y) / length ** 2),
      (x: number, y: number) => (x > 0 ? 1 : 0) * Math.tanh(y / length + 1),
    ];
    for (const f of observables) {
      const values = (x: Batch) => Array.from({ length: x.n }, (_, row) => f(x.data[2 * row], x.data[2 * row + 1]));
      const [a, b] = [values(before[k]), values(after[k])];
      const z = Math.abs(
        zOfMean(
          a.map((value, i) => b[i] - value),
          0,
        ),
      );
      if (z > found.z) found = { z, level: k };
    }
  }
  return found;
}

async function exchanged(model: ScoreModel, weights: readonly number[], transition: AnnealedTransition, leapfrogs = 1) {
  const start = stateOf(weights, SEED);
  const options = { levels: LEVELS, transition, start, sweeps: SWEEPS, priorVariance: PRIOR, seed: SEED, moves: { leapfrogs } };
  const run = await replicaExchange(model, target, options);
  return { run, change: largestChange(start.x, run.state.x) };
}

/** Every transition there is, with options where the default is far from these modes. */
const options: { readonly [name: string]: { readonly [option: string]: number } } = { bridge: { dataVariance: 0.3 } };

describe("exact draws of every level stay where they are", () => {
  async function expectInvariant(name: string, weights: readonly number[], scale: number, leapfrogs: number): Promise<void> {
    const transition = makeTransition(name, options[name]);
    const { run, change } = await exchanged(levelModel(weights, scale), weights, transition, leapfrogs);
    expect(change.z).toBeLessThan(6);
    // It is worth something only where swaps and moves happen.
    expect(Math.min(...run.swapAcceptance)).toBeGreaterThan(0.02);
    expect(Math.min(...run.acceptance)).toBeGreaterThan(0.3);
  }

  const names = transitionNames.filter((name) => name !== "given");
  test.each(names)("%s, levels that disagree about the modes, a score scaled by .8", (name) =>
    expectInvariant(name, wrong, 0.8, 1),
  );
  test("tuned, a right model, HMC", () => expectInvariant("tuned", right, 1, 3));
});

describe("negative controls", () => {
  const own = makeTransition("exponential");
  const zero = (n: number) => new Float64Array(n);
  const withoutRatio: AnnealedTransition = {
    ...own,
    down: async (request) => ({ ...(await own.down(request)), logRatio: zero(request.x.n) }),
    up: async (request) => ({ ...(await own.up(request)), logRatio: zero(request.x.n) }),
  };
  const downOnly: AnnealedTransition = {
    ...own,
    up: async (request) => ({ ...(await own.up(request)), logRatio: zero(request.x.n) }),
  };
  const wrongSign: AnnealedTransition = {
    ...own,
    up: async (request) => {
      const moved = await own.up(request);
      return { ...moved, logRatio: moved.logRatio.map((value) => -value) };
    },
  };
  test.each([
    ["no ratio of densities", withoutRatio],
    ["the ratio of the way down alone", downOnly],
    ["the ratio of the way up with the wrong sign", wrongSign],
  ] as const)("%s is noticed", async (_, transition) => {
    const { change } = await exchanged(levelModel(right), right, transition);
    expect(change.z).toBeGreaterThan(11);
  });
});

describe("modes at +-5", () => {
  const means = [
    [5, 0],
    [-5, 0],
  ];
  const far = gaussianMixture({ means, std: [0.5, 0.5], weights: [2 / 3, 1 / 3] });
  const model = exactDiffusion(far);
  const levels = explodingLevels(Float64Array.from({ length: 10 }, (_, k) => 0.01 * 10000 ** (k / 9)));
  const n = 500;

  function fraction({ data }: Batch): number {
    return Array.from({ length: n }, (_, row) => (data[2 * row] > 0 ? 1 : 0) as number).reduce((a, b) => a + b) / n;
  }

  test("chains that all begin in one mode reach both by their weights", async () => {
    const start: ExchangeState = {
      x: levels.map(() => ({ data: Float32Array.from({ length: 2 * n }, (_, i) => means[0][i % 2]), n, dim: 2 })),
      stepSizes: Float64Array.from(levels.slice(1), ({ variance }) => 0.8 * Math.sqrt(variance + 0.2)),
      frozen: levels.map(() => [0.5]),
    };
    const run = await replicaExchange(model, far, {
      levels,
      start,
      sweeps: 100,
      seed: 8,
      transition: makeTransition("bridge", { dataVariance: 0.25 }),
    });
    const z = (fraction(run.state.x[0]) - 2 / 3) / Math.sqrt(2 / 9 / n);
    expect(Math.abs(z)).toBeLessThan(6);
    expect(run.roundTrips).toBeGreaterThan(2 * n);
    // Chains alone never leave: what z would be.
    expect((1 - 2 / 3) / Math.sqrt(2 / 9 / n)).toBeGreaterThan(11);
  });
});
