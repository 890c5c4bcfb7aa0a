/** The targets of the study: a base case and one dial turned at a time, with the path of noise levels that each asks for. */
import { edmGrid, explodingLevels, gaussianMixture, preservingLevels, twoModes } from "bnem";

/** Variance within a mode, and the noise that is well below its deviation: sigma .01 there. */
const VARIANCE = 0.05;
const LEAST = 0.01 / Math.sqrt(VARIANCE);
/** Axes of the ill-conditioned modes are turned, so that no coordinate is one of them. */
const ROTATION = 42;
const DECADES = { none: 0, medium: 1, hard: 2 };

const base = { family: "modes", separation: 1, modes: 2, dim: 8, balance: "2:1", conditioning: "none" };
const gmm40 = { family: "gmm40", separation: 40, modes: 40, dim: 2, balance: "equal", conditioning: "none" };

/** Largest over smallest weight. */
const ratioOf = ({ balance, modes }) => ({ equal: 1, "2:1": 2, linear: modes })[balance];

/**
 * What is turned, its cases, and where a case stands on the axis of its figure. Two modes have the weights 2/3 and 1/3 and the means -a and a in every
 * coordinate; more have means uniform in a box of the same mean square.
 */
export const dials = {
  dimension: { label: "dimension", of: ({ dim }) => dim, cases: [2, 8, 16, 32, 64].map((dim) => ({ ...base, dim })) },
  separation: {
    label: "separation a",
    of: ({ separation }) => separation,
    cases: [1, 3, 5].map((separation) => ({ ...base, separation })),
  },
  modes: {
    label: "equal modes",
    of: ({ modes }) => modes,
    cases: [2, 8, 40].map((modes) => ({ ...base, modes, balance: "equal" })),
  },
  balance: {
    label: "largest over smallest weight, 2 modes",
    of: ratioOf,
    cases: ["equal", "2:1"].map((balance) => ({ ...base, balance })),
  },
  "balance of 40": {
    label: "largest over smallest weight, 40 modes",
    of: ratioOf,
    cases: ["equal", "linear"].map((balance) => ({ ...base, modes: 40, balance })),
  },
  conditioning: {
    label: "condition number",
    of: ({ conditioning }) => 10 ** DECADES[conditioning],
    cases: ["none", "medium", "hard"].map((conditioning) => ({ ...base, conditioning })),
  },
  gmm40: {
    label: "largest over smallest weight, GMM-40 in the plane",
    of: ratioOf,
    cases: ["equal", "linear"].map((balance) => ({ ...gmm40, balance })),
  },
};

export function nameOf({ family, separation, modes, dim, balance, conditioning }) {
  if (family === "gmm40") return balance === "equal" ? "gmm40" : `gmm40 ${balance}`;
  const words = [`${modes} modes`, `d ${dim}`, `a ${separation}`, balance];
  return [...words, ...(conditioning === "none" ? [] : [conditioning])].join(", ");
}

/** Every case once, the base first. */
export const cases = [
  ...new Map([base, ...Object.values(dials).flatMap((dial) => dial.cases)].map((one) => [nameOf(one), one])).values(),
];
export const baseName = nameOf(base);

function weightsOf({ modes, balance }) {
  if (balance === "equal") return new Array(modes).fill(1);
  if (balance === "2:1") return [2, 1];
  return Array.from({ length: modes }, (_, k) => k + 1);
}

/** @returns an energy with its `mixture` */
export function energyOf(spec) {
  const { family, separation, modes, dim, conditioning } = spec;
  if (family === "gmm40") return gaussianMixture({ components: 40, seed: 0, weights: weightsOf(spec) });
  const std = Math.sqrt(VARIANCE);
  if (modes > 2) {
    const range = separation * Math.sqrt(3);
    return gaussianMixture({ components: modes, seed: 0, dim, range, weights: weightsOf(spec), std });
  }
  if (conditioning !== "none") return twoModes({ dim, separation, conditioning, rotation: ROTATION });
  const means = [-separation, separation].map((value) => new Array(dim).fill(value));
  return gaussianMixture({ means, weights: weightsOf(spec), std });
}

/** Largest standard deviation of the means along any direction, by power iteration. */
function spreadOf({ count, dim, weights, means }, mean) {
  let direction = mean.map((_, d) => 1 + d / dim);
  let square = 0;
  for (let step = 0; step < 50; step++) {
    const next = new Float64Array(dim);
    for (let j = 0; j < count; j++) {
      let along = 0;
      for (let d = 0; d < dim; d++) along += (means[j * dim + d] - mean[d]) * direction[d];
      for (let d = 0; d < dim; d++) next[d] += weights[j] * along * (means[j * dim + d] - mean[d]);
    }
    square = Math.hypot(...next);
    direction = next.map((value) => value / square);
  }
  return Math.sqrt(square);
}

/** Lengths of a mixture: its narrowest and widest deviation, the spread of its means, the mean, and the mean square of a coordinate. */
export function lengthsOf(mixture) {
  const { count, dim, weights, means, variances } = mixture;
  const mean = new Float64Array(dim);
  let square = 0;
  for (let j = 0; j < count; j++) {
    for (let d = 0, i = j * dim; d < dim; d++, i++) {
      mean[d] += weights[j] * means[i];
      square += (weights[j] * (means[i] ** 2 + variances[i])) / dim;
    }
  }
  const sorted = Float64Array.from(variances).sort();
  return {
    narrow: Math.sqrt(sorted[0]),
    wide: Math.sqrt(sorted.at(-1)),
    spread: spreadOf(mixture, mean),
    mean,
    square,
  };
}

/** Noise from well below the narrowest mode to where a normal reference is nearly the noised target: the exact transition's rows tell how nearly. */
export function noiseOf(mixture) {
  const { narrow, wide, spread } = lengthsOf(mixture);
  return { sigmaMin: LEAST * narrow, sigmaMax: Math.max((10 / Math.sqrt(VARIANCE)) * wide, 2 * spread) };
}

/** Covariance of a mixture, rows: of the means, and of the components about theirs. */
function covarianceOf({ count, dim, weights, means, variances, rotation }, mean) {
  const own = new Float64Array(dim);
  for (let i = 0; i < variances.length; i++) own[i % dim] += weights[Math.floor(i / dim)] * variances[i];
  const within = (a, b) => {
    if (!rotation) return a === b ? own[a] : 0;
    return own.reduce((sum, value, k) => sum + value * rotation[a * dim + k] * rotation[b * dim + k], 0);
  };
  const between = (a, b) => {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += weights[j] * (means[j * dim + a] - mean[a]) * (means[j * dim + b] - mean[b]);
    return sum;
  };
  return Array.from({ length: dim }, (_, a) => Float64Array.from({ length: dim }, (_, b) => between(a, b) + within(a, b)));
}

/** Levels of a process, "ve" or "vp", and the reference with mean and covariance of the noised target at the last of them. */
export function pathOf(mixture, { process, steps, noise = noiseOf(mixture) }) {
  const { mean, square } = lengthsOf(mixture);
  const grid = edmGrid({ steps, ...noise, rho: Infinity });
  const levels = process === "vp" ? preservingLevels(grid, square) : explodingLevels(grid);
  const top = levels.at(-1);
  const priorCovariance = covarianceOf(mixture, mean).map((row, a) =>
    row.map((value, b) => top.scale ** 2 * value + (a === b ? top.variance : 0)),
  );
  return { levels, priorMean: mean.map((value) => top.scale * value), priorCovariance };
}
