/** A learned model at one level of a path, in the coordinates of the path and, for particles, on their subspace. */
import { log } from "../core/elementary.js";
import { BnemError } from "../core/errors.js";
import { freeDimension, removeMean } from "../core/subspace.js";
import type { Batch, Particles, ScoreModel } from "../core/types.js";
import type { Level } from "./levels.js";

/** What a level is asked for at every particle. */
export interface LevelValues {
  /** U(x) = -log of the level's unnormalised density, [n], kT; where it was asked for. */
  readonly energy?: Float64Array;
  /** -grad U, [n, dim]. */
  readonly score: Float32Array;
}

/** Rows of the network that were asked for. Shared by all levels of a run. */
export interface CallCount {
  scores: number;
  products: number;
}

/**
 * U_k(x) = E_h(x / a) + d log a at h = g^2 / a^2, with its score and its Hessian: level { scale: a, variance: g^2 } of any process from the
 * model of the variance-exploding one. For particles scores and products are projected on the subspace with center of mass 0, which is all of
 * them where the model is exact, and d is the subspace's dimension.
 */
export class LevelModel {
  readonly dim: number;
  readonly freeDim: number;
  private readonly variance: number;

  constructor(
    private readonly model: ScoreModel,
    readonly level: Level,
    readonly particles: Particles | undefined,
    private readonly count: CallCount,
  ) {
    this.dim = model.dim;
    this.freeDim = freeDimension({ dim: model.dim, particles });
    this.variance = level.variance / (level.scale * level.scale);
  }

  /** @throws BnemError("unsupported") when the energy is asked of a model that has none */
  async evaluate(x: Batch, withEnergy: boolean): Promise<LevelValues> {
    const { model, level } = this;
    const variance = this.variances(x.n);
    const raw = this.raw(x);
    this.count.scores += x.n;
    if (!withEnergy) return { score: this.onPath(await model.score(raw, variance), x.n, level.scale) };
    const { energy, score } = await bothOf(model, raw, variance);
    const shift = this.freeDim * log(level.scale);
    return { energy: Float64Array.from(energy, (value) => value + shift), score: this.onPath(score, x.n, level.scale) };
  }

  /** U alone, [n]: half the cost of `evaluate`. @throws as `evaluate` */
  async energy(x: Batch): Promise<Float64Array> {
    const { model, level } = this;
    if (!model.energy) throw noEnergy();
    this.count.scores += x.n;
    const shift = this.freeDim * log(level.scale);
    return Float64Array.from(await model.energy(this.raw(x), this.variances(x.n)), (value) => value + shift);
  }

  /** The Hessian of -U times one direction per row, [n, dim]. @throws BnemError("unsupported") where the model has none */
  async hessianProduct(x: Batch, direction: Float32Array): Promise<Float32Array> {
    const { model, level } = this;
    if (!model.hessianProduct)
      throw new BnemError("unsupported", "correction: this model has no Hessian products; take a first-order transition");
    this.count.products += x.n;
    const product = await model.hessianProduct(this.raw(x), this.variances(x.n), direction);
    return this.onPath(product, x.n, level.scale * level.scale);
  }

  /** Whether `hessian` gives anything. */
  get hasHessian(): boolean {
    return this.model.hessian !== undefined;
  }

  /** The whole Hessian of -U, [n, dim, dim], not projected; undefined where only products exist. */
  async hessian(x: Batch): Promise<Float64Array | undefined> {
    const { model, level, dim } = this;
    if (!model.hessian) return undefined;
    this.count.products += x.n * dim;
    const whole = await model.hessian(this.raw(x), this.variances(x.n));
    const square = level.scale * level.scale;
    return square === 1 ? whole : whole.map((value) => value / square);
  }

  private raw(x: Batch): Batch {
    const { scale } = this.level;
    return scale === 1 ? x : { ...x, data: x.data.map((value) => value / scale) };
  }

  private variances(n: number): Float32Array {
    return new Float32Array(n).fill(this.variance);
  }

  private onPath(values: Float32Array, n: number, divisor: number): Float32Array {
    const own = divisor === 1 ? values.slice() : values.map((value) => value / divisor);
    if (this.particles) removeMean(own, n, this.particles);
    return own;
  }
}

/** Energy and score; where a model has no call for both, from one each. */
async function bothOf(
  model: ScoreModel,
  x: Batch,
  variance: Float32Array,
): Promise<{ energy: Float32Array; score: Float32Array }> {
  if (model.energyAndScore) return model.energyAndScore(x, variance);
  if (!model.energy) throw noEnergy();
  return { energy: await model.energy(x, variance), score: await model.score(x, variance) };
}

function noEnergy(): BnemError {
  return new BnemError(
    "unsupported",
    'correction: this model has a score and no energy, so it cannot resample or move at its levels; ask for correction: "path"',
  );
}
