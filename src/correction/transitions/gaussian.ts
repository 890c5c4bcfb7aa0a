/** Transitions whose backward kernel is normal: what they share once mean and covariance are known. */
import { log } from "../../core/elementary.js";
import { rowsBetween } from "../../core/row-blocks.js";
import { removeMean } from "../../core/subspace.js";
import type { Batch } from "../../core/types.js";
import type { LevelModel } from "../level-model.js";
import type { Interval } from "../levels.js";
import type { AnnealedTransition, Frozen, Moved, StepRequest } from "../transition.js";

const LOG_2PI = 1.8378770664093453;

/** Covariances of n rows. For particles everything is on the subspace with center of mass 0, and so are the densities. */
export interface Covariance {
  /** Deviations [n, dim] with these covariances from standard normals [n, dim]. */
  spread(noise: Float32Array): Float64Array;
  /** Log density of each row's deviation [n, dim], every constant kept, [n]. */
  logDensity(deviation: Float64Array): Float64Array;
}

/** B(. | x) of every row. */
export interface Law {
  /** [n, dim]. */
  readonly mean: Float64Array;
  readonly covariance: Covariance;
}

/** Where the law of a transition is taken. */
export interface LawRequest {
  readonly interval: Interval;
  /** At the noisier level. */
  readonly x: Batch;
  readonly score: Float32Array;
  readonly model: LevelModel;
  readonly frozen?: Frozen;
}

/** variance I on the free dimensions. */
export function scalarCovariance(n: number, { dim, freeDim, particles }: LevelModel, variance: number): Covariance {
  const deviation = Math.sqrt(variance);
  const constant = -0.5 * freeDim * (LOG_2PI + log(variance));
  return {
    spread(noise) {
      const values = new Float64Array(noise.length);
      for (let i = 0; i < values.length; i++) values[i] = deviation * noise[i];
      if (particles) removeMean(values, n, particles);
      return values;
    },
    logDensity(values) {
      const logs = new Float64Array(n);
      for (let row = 0; row < n; row++) {
        let square = 0;
        for (let i = row * dim; i < (row + 1) * dim; i++) square += values[i] * values[i];
        logs[row] = constant - square / (2 * variance);
      }
      return logs;
    },
  };
}

/** (x + q s) / a: the exact posterior mean of the next level for an exact score (Tweedie). */
export function posteriorMean({ pull, noise }: Interval, x: Batch, score: Float32Array): Float64Array {
  const mean = new Float64Array(score.length);
  for (let i = 0; i < mean.length; i++) mean[i] = (x.data[i] + noise * score[i]) / pull;
  return mean;
}

/** a + b, stored as coordinates; for particles with center of mass 0. */
function stored(a: Float64Array, b: Float64Array, n: number, { dim, particles }: LevelModel): Batch {
  const data = new Float32Array(a.length);
  for (let i = 0; i < data.length; i++) data[i] = a[i] + b[i];
  if (particles) removeMean(data, n, particles);
  return { data, n, dim };
}

/** factor a. */
function scaled(a: Float32Array, factor: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = factor * a[i];
  return out;
}

type LawTaker = (law: Law, rows: Batch, first: number) => void;

function difference(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] - b[i];
  return out;
}

/** log F(from | to) = log N(from; a to, q), on the free dimensions. */
function logForward({ pull, noise }: Interval, model: LevelModel, from: Batch, to: Batch): Float64Array {
  return scalarCovariance(from.n, model, noise).logDensity(difference(from.data, scaled(to.data, pull)));
}

function logBackward({ mean, covariance }: Law, to: Batch): Float64Array {
  return covariance.logDensity(difference(to.data, mean));
}

/** What differs from one normal transition to the next. */
export interface GaussianParts extends Pick<AnnealedTransition, "name" | "needs" | "measure"> {
  law(request: LawRequest): Law | Promise<Law>;
  /** Rows whose laws fit into memory together; default all. */
  rowsAtOnce?(model: LevelModel): number;
}

/**
 * A transition from its law. Densities are taken at the coordinates as they are stored, so that rounding to f32 does not bias the ratio.
 * One score for each row and step, and what the law takes.
 */
export function gaussianTransition({ law, rowsAtOnce, ...facts }: GaussianParts): AnnealedTransition {
  /** The laws at rows `x` of a step, block after block; `take` gets the number of the first row of each. */
  const eachLaw = async (request: StepRequest, x: Batch, known: Float32Array | undefined, take: LawTaker): Promise<void> => {
    const { model, interval, frozen } = request;
    const score = known ?? (await model.evaluate(x, false)).score;
    const most = rowsAtOnce?.(model) ?? x.n;
    for (let first = 0; first < x.n; first += most) {
      const last = Math.min(first + most, x.n);
      const rows = most >= x.n ? x : rowsBetween(x, first, last);
      const own = score.subarray(first * x.dim, last * x.dim);
      take(await law({ interval, x: rows, score: own, model, frozen }), rows, first);
    }
  };
  return {
    ...facts,
    deterministic: false,
    async down(request): Promise<Moved> {
      const { x, model, interval, random } = request;
      const { n, dim } = x;
      const noise = random.normals();
      const data = new Float32Array(n * dim);
      const logRatio = new Float64Array(n);
      await eachLaw(request, x, request.score, (own, from, first) => {
        const spread = own.covariance.spread(noise.subarray(first * dim, (first + from.n) * dim));
        const to = stored(own.mean, spread, from.n, model);
        data.set(to.data, first * dim);
        logRatio.set(difference(logForward(interval, model, from, to), logBackward(own, to)), first);
      });
      return { x: { data, n, dim }, logRatio };
    },
    async up(request): Promise<Moved> {
      const { x, model, interval, random } = request;
      const noise = scalarCovariance(x.n, model, interval.noise).spread(random.normals());
      const whole = stored(scaled(x.data, interval.pull), noise, x.n, model);
      const logRatio = new Float64Array(x.n);
      await eachLaw(request, whole, undefined, (own, from, first) => {
        const to = rowsBetween(x, first, first + from.n);
        logRatio.set(difference(logBackward(own, to), logForward(interval, model, from, to)), first);
      });
      return { x: whole, logRatio };
    },
  };
}
