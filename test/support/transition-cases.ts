/** Places where annealed transitions are tested: models, levels where the variance explodes and where it is preserved, rows. */
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import type { Batch, ScoreModel } from "../../src/core/types.js";
import { LevelModel } from "../../src/correction/level-model.js";
import { type Interval, intervalOf } from "../../src/correction/levels.js";
import type { AnnealedTransition, Frozen, Moved, StepRandom } from "../../src/correction/transition.js";
import { type AnalyticModel, analyticMixture, analyticPairs } from "../reference/analytic-models.js";
import { referenceNormals } from "../reference/normals.js";

/** Two unlike components, correlated. */
export const mixture2 = analyticMixture([
  {
    weight: 2 / 3,
    mean: [1.5, 0.5],
    covariance: [
      [0.5, 0.3],
      [0.3, 0.4],
    ],
  },
  {
    weight: 1 / 3,
    mean: [-1.5, 0],
    covariance: [
      [0.2, -0.1],
      [-0.1, 0.6],
    ],
  },
]);

export const mixture1 = analyticMixture([
  { weight: 0.4, mean: [1.2], covariance: [[0.2]] },
  { weight: 0.6, mean: [-1], covariance: [[0.1]] },
]);

export const mixture5 = analyticMixture(
  [1, -1].map((sign) => ({
    weight: 0.5 + 0.2 * sign,
    mean: [sign, 0.5 * sign, -sign, 0, 0.3],
    covariance: Array.from({ length: 5 }, (_, i) => Array.from({ length: 5 }, (__, j) => (i === j ? 0.3 + 0.1 * i : 0.05))),
  })),
);

export const pairs4 = analyticPairs({ count: 4, spatialDim: 2 }, 1.5);

/** Wide steps, so that clamps matter. */
export const intervals: { readonly [name: string]: Interval } = {
  VE: intervalOf({ scale: 1, variance: 1.2 }, { scale: 1, variance: 0.4 }),
  VP: intervalOf({ scale: 0.6, variance: 0.5 }, { scale: 0.8, variance: 0.3 }),
};

export const models: { readonly [name: string]: AnalyticModel } = {
  "mixture in the plane": mixture2,
  "mixture in 5 dimensions": mixture5,
  "4 particles in the plane": pairs4,
};

export function levelModelOf(model: ScoreModel, { particles }: AnalyticModel, { from }: Interval): LevelModel {
  return new LevelModel(model, from, particles, { scores: 0, products: 0 });
}

/** n rows of `width` standard deviations, for particles with center of mass 0. */
export function rowsOf({ dim, particles }: AnalyticModel, n: number, seed = 1, width = 1.3): Batch {
  const { data } = referenceNormals(keyOf(seed), 0, 0, n, dim);
  for (let i = 0; i < data.length; i++) data[i] *= width;
  if (particles) removeMean(data, n, particles);
  return { data, n, dim };
}

export const rowOf = ({ data, dim }: Batch, row: number): number[] => Array.from(data.subarray(row * dim, (row + 1) * dim));

/** Fixed normals; no normal kernel takes uniforms. */
export const noiseOf = (data: Float32Array): StepRandom => ({
  normals: () => data,
  uniforms: () => {
    throw new Error("uniforms were asked for");
  },
});

export const randomOf = (n: number, dim: number, seed = 9): StepRandom =>
  noiseOf(referenceNormals(keyOf(seed), 1, 0, n, dim).data);

/** Steps of one transition in one place, with numbers from a pilot of 64 rows where they are needed. */
export class Stepper {
  private known: Promise<Frozen | undefined> | undefined;

  constructor(
    readonly transition: AnnealedTransition,
    readonly analytic: AnalyticModel,
    readonly interval: Interval,
    readonly model: ScoreModel,
    /** The pilot's model, where that is another. */
    readonly pilot: ScoreModel = model,
  ) {}

  frozen(): Promise<Frozen | undefined> {
    this.known ??= this.measured();
    return this.known;
  }

  private async measured(): Promise<Frozen | undefined> {
    const { transition, interval, pilot, analytic } = this;
    if (!transition.measure) return undefined;
    const x = rowsOf(analytic, 64, 77);
    const model = levelModelOf(pilot, analytic, interval);
    return transition.measure({ interval, x, score: (await model.evaluate(x, false)).score, model });
  }

  async go(way: "down" | "up", x: Batch, random: StepRandom = randomOf(x.n, x.dim)): Promise<Moved> {
    const { transition, interval, model, analytic } = this;
    return transition[way]({ interval, x, random, model: levelModelOf(model, analytic, interval), frozen: await this.frozen() });
  }
}
