/** Targets with known truth, and models of them that are right, or wrong in one way by a known amount. */
import { exactDiffusion, gaussianMixture, twoModes } from "bnem";

const linear = Array.from({ length: 40 }, (_, k) => k + 1);
const many = { components: 8, seed: 3, dim: 4, range: 2, weights: [1, 2, 3, 4, 5, 6, 7, 8], std: Math.sqrt(0.05) };

/** Mixtures; two modes have the weights 2/3 and 1/3 at distances 2 a sqrt(d), and hard ones a condition number of 100. */
const makers = {
  "two d2 a1": () => twoModes({ dim: 2, separation: 1 }),
  "two d2 a5": () => twoModes({ dim: 2, separation: 5 }),
  "two d4 a2": () => twoModes({ dim: 4, separation: 2 }),
  "two d8 a1": () => twoModes({ dim: 8, separation: 1 }),
  "two d8 a3": () => twoModes({ dim: 8, separation: 3 }),
  "two d16 a1": () => twoModes({ dim: 16, separation: 1 }),
  "two d4 hard": () => twoModes({ dim: 4, separation: 1, conditioning: "hard", rotation: 42 }),
  "eight d4": () => gaussianMixture(many),
  gmm40: () => gaussianMixture({ components: 40, seed: 0 }),
  "gmm40 linear": () => gaussianMixture({ components: 40, seed: 0, weights: linear }),
};
const made = new Map();

export const targetNames = Object.keys(makers);
export function targetOf(name) {
  if (!made.has(name)) made.set(name, makers[name]());
  return made.get(name);
}

/** Narrowest and widest deviation, farthest mean from the origin, mean square of a coordinate. */
export function lengthsOf({ count, dim, weights, means, variances }) {
  let [farthest, square] = [0, 0];
  for (let j = 0; j < count; j++) {
    let [norm, spread] = [0, 0];
    for (let i = j * dim; i < (j + 1) * dim; i++) {
      norm += means[i] ** 2;
      spread += variances[i];
    }
    farthest = Math.max(farthest, Math.sqrt(norm));
    square += (weights[j] * (norm + spread)) / dim;
  }
  const sorted = Float64Array.from(variances).sort();
  return { narrow: Math.sqrt(sorted[0]), wide: Math.sqrt(sorted.at(-1)), farthest, square };
}

const reweighted = (mixture, weights) => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return { mixture: { ...mixture, weights: Float64Array.from(weights, (w) => w / sum) } };
};

/** The exact model with scores, energies or Hessians changed on the way. */
function changed(base, { score = (s) => s, energy = (e) => e, hessian = (m) => m }) {
  const { dim } = base;
  const whole = async (x, h) => hessian(await base.hessian(x, h), x, h);
  return {
    dim,
    hessian: whole,
    async hessianProduct(x, h, direction) {
      const matrix = await whole(x, h);
      return direction.map((_, at) => {
        const row = Math.floor(at / dim);
        let sum = 0;
        for (let j = 0; j < dim; j++) sum += matrix[at * dim + j] * direction[row * dim + j];
        return sum;
      });
    },
    score: async (x, h) => score(await base.score(x, h), x, h),
    energy: async (x, h) => energy(await base.energy(x, h), x, h),
    async energyAndScore(x, h) {
      const both = await base.energyAndScore(x, h);
      return { energy: energy(both.energy, x, h), score: score(both.score, x, h) };
    },
  };
}

/** `wrong` at learned variances in [low, high), the exact model elsewhere; all rows of a call are of one level. */
function inBand(base, wrong, low, high) {
  const at = (h) => (h[0] >= low && h[0] < high ? wrong : base);
  const names = ["score", "energy", "energyAndScore", "hessianProduct", "hessian"];
  return {
    dim: base.dim,
    ...Object.fromEntries(names.map((name) => [name, (x, h, ...rest) => at(h)[name](x, h, ...rest)])),
  };
}

/** Waves of amplitude kT over the noised density, of a length that grows with the noise. */
function rippled(base, kT, { narrow }) {
  const phase = (x, h, row) => {
    let sum = 0;
    for (let i = 0; i < x.dim; i++) sum += x.data[row * x.dim + i] * (i % 2 ? 1.3 : 1);
    return sum / (2 * Math.sqrt((narrow ** 2 + h[row]) * x.dim));
  };
  const slope = (x, h, row, i) => (i % 2 ? 1.3 : 1) / (2 * Math.sqrt((narrow ** 2 + h[row]) * x.dim));
  return changed(base, {
    energy: (e, x, h) => e.map((value, row) => value + kT * Math.sin(phase(x, h, row))),
    score: (s, x, h) =>
      s.map((value, at) => {
        const row = Math.floor(at / x.dim);
        return value - kT * Math.cos(phase(x, h, row)) * slope(x, h, row, at % x.dim);
      }),
    hessian: (m, x, h) =>
      m.map((value, at) => {
        const row = Math.floor(at / x.dim ** 2);
        const both = slope(x, h, row, Math.floor(at / x.dim) % x.dim) * slope(x, h, row, at % x.dim);
        return value + kT * Math.sin(phase(x, h, row)) * both;
      }),
  });
}

/** Scores that are NaN where the first coordinate is beyond what `share` of the target's rows reach, at all levels below its own noise. */
function broken(base, energy, share) {
  const { data, dim } = energy.exact.sample(4000, 99);
  const first = Float64Array.from({ length: 4000 }, (_, row) => data[row * dim]).sort();
  const limit = first[Math.floor(4000 * (1 - share))];
  const { wide } = lengthsOf(energy.mixture);
  return changed(base, {
    score: (s, x, h) =>
      s.map((value, at) => {
        const row = Math.floor(at / dim);
        return h[row] < wide ** 2 && x.data[row * dim] > limit ? Number.NaN : value;
      }),
  });
}

/**
 * What can be wrong: (target, u) -> { model?, steps?, reference? }, u in [0, 1) how much. `steps` are levels, `reference` a factor on the variance of
 * the reference and of the noisiest level.
 */
export const faults = {
  none: () => ({}),
  "scores scaled": ({ base }, u) => {
    const scaled = (values) => values.map((v) => v * (0.8 + 0.19 * u));
    return { model: changed(base, { score: scaled, hessian: scaled }) };
  },
  // Errors that obey the heat flow: the same at every level.
  "mode weights": ({ base, energy: { mixture } }, u) => {
    const { weights } = mixture;
    const tilted = weights.map((w, j) => w * Math.exp((j % 2 ? 1 : -1) * 1.2 * u));
    return { model: inBand(base, exactDiffusion(reweighted(mixture, tilted)), 0, Infinity) };
  },
  "levels off": ({ base, energy: { mixture }, lengths }, u) => {
    const { weights } = mixture;
    const tilted = weights.map((w, j) => w * Math.exp((j % 2 ? 1 : -1) * 1.5));
    const middle = lengths.narrow ** (1 - u) * lengths.farthest ** u;
    const wrong = exactDiffusion(reweighted(mixture, tilted));
    return { model: inBand(base, wrong, (middle / 1.5) ** 2, (middle * 1.5) ** 2) };
  },
  "mode missing": ({ energy: { mixture } }, u) => {
    const { weights, count } = mixture;
    const lost = count === 2 ? 1 : Math.floor(u * count);
    return {
      model: exactDiffusion(
        reweighted(
          mixture,
          weights.map((w, j) => (j === lost ? 0 : w)),
        ),
      ),
    };
  },
  widths: ({ energy: { mixture } }, u) => {
    const variances = mixture.variances.map((v) => v * (0.7 + 0.8 * u));
    return { model: exactDiffusion({ mixture: { ...mixture, variances } }) };
  },
  ripples: ({ base, lengths }, u) => ({ model: rippled(base, 0.05 + 0.8 * u * u, lengths) }),
  "few levels": (_, u) => ({ steps: 4 + Math.floor(9 * u) }),
  "narrow reference": (_, u) => ({ reference: 0.1 + 0.5 * u }),
  "NaN rows": ({ base, energy }, u) => ({ model: broken(base, energy, 0.0005 + 0.03 * u) }),
};
export const faultNames = Object.keys(faults);

/** The model, levels and reference of a case; `model` replaces the exact one where it was learned. */
export function modelOf(name, fault, u) {
  const energy = targetOf(name);
  const base = exactDiffusion(energy);
  return { model: base, ...faults[fault]({ energy, base, lengths: lengthsOf(energy.mixture) }, u) };
}
