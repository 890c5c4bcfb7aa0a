/** Transitions whose backward kernel is normal: what they share once mean and covariance are known. */
import { log } from "../../core/elementary.js";
import { removeMean } from "../../core/subspace.js";
import type { Batch, Particles } from "../../core/types.js";
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
      const values = Float64Array.from(noise, (value) => deviation * value);
      if (particles) removeMean(values, n, particles);
      return values;
    },
    logDensity(values) {
      return Float64Array.from({ length: n }, (_, row) => {
        let square = 0;
        for (let i = row * dim; i < (row + 1) * dim; i++) square += values[i] * values[i];
        return constant - square / (2 * variance);
      });
    },
  };
}

/** (x + q s) / a: the exact posterior mean of the next level for an exact score (Tweedie). */
export function posteriorMean({ pull, noise }: Interval, x: Batch, score: Float32Array): Float64Array {
  return Float64Array.from(x.data, (value, i) => (value + noise * score[i]) / pull);
}

function centered(data: Float32Array, n: number, particles: Particles | undefined): Float32Array {
  if (particles) removeMean(data, n, particles);
  return data;
}

/** log F(from | to) = log N(from; a to, q), on the free dimensions. */
function logForward({ pull, noise }: Interval, model: LevelModel, from: Batch, to: Batch): Float64Array {
  const off = Float64Array.from(from.data, (value, i) => value - pull * to.data[i]);
  return scalarCovariance(from.n, model, noise).logDensity(off);
}

function logBackward({ mean, covariance }: Law, to: Batch): Float64Array {
  return covariance.logDensity(Float64Array.from(to.data, (value, i) => value - mean[i]));
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]);
}

/**
 * A transition from its law. Densities are taken at the coordinates as they are stored, so that rounding to f32 does not bias the ratio.
 * One score for each row and step, and what the law takes.
 */
export function gaussianTransition(
  parts: Pick<AnnealedTransition, "name" | "needs" | "measure"> & { law(request: LawRequest): Law | Promise<Law> },
): AnnealedTransition {
  const { law, ...facts } = parts;
  const lawAt = async (request: StepRequest, x: Batch, known?: Float32Array): Promise<Law> => {
    const { model, interval, frozen } = request;
    const score = known ?? (await model.evaluate(x, false)).score;
    return law({ interval, x, score, model, frozen });
  };
  return {
    ...facts,
    deterministic: false,
    async down(request): Promise<Moved> {
      const { x, model, interval, random } = request;
      const own = await lawAt(request, x, request.score);
      const deviation = own.covariance.spread(random.normals());
      const data = centered(
        Float32Array.from(own.mean, (value, i) => value + deviation[i]),
        x.n,
        model.particles,
      );
      const to: Batch = { data, n: x.n, dim: x.dim };
      return { x: to, logRatio: difference(logForward(interval, model, x, to), logBackward(own, to)) };
    },
    async up(request): Promise<Moved> {
      const { x, model, interval, random } = request;
      const deviation = scalarCovariance(x.n, model, interval.noise).spread(random.normals());
      const data = centered(
        Float32Array.from(x.data, (value, i) => interval.pull * value + deviation[i]),
        x.n,
        model.particles,
      );
      const from: Batch = { data, n: x.n, dim: x.dim };
      const own = await lawAt(request, from);
      return { x: from, logRatio: difference(logBackward(own, x), logForward(interval, model, from, x)) };
    },
  };
}
