/** Mixtures with a variance per axis, for the contract. */
import { anisotropicMixture, type Energy, keyOf, normalRows, twoModes } from "bnem";
import { componentsOf, densityAt } from "../reference/normal-mixture.js";
import type { EnergySubject, Proposal } from "./energy-checks.js";

type Mixture = ReturnType<typeof twoModes>;

/** One rounding of an f64 value. */
const oneRounding = (e: number) => 2 ** -23 * Math.abs(e) + 1e-12;

/** The mixture itself with its deviations widened and its weights tilted: draws by moving exact ones, so rows are independent. */
function widened(target: Mixture, widening: number, seed: number, n: number): Proposal {
  const { mixture } = target;
  const tilted = mixture.weights.map((w, j) => w * (j % 2 ? 0.6 : 1.4));
  const total = tilted.reduce((a, b) => a + b, 0);
  const changed = {
    ...mixture,
    weights: tilted.map((w) => w / total),
    variances: mixture.variances.map((v) => widening ** 2 * v),
  };
  const components = componentsOf(changed);
  const { dim, rotation } = mixture;
  const noise = normalRows(keyOf(seed), 0, 0, n, dim).data;
  const data = new Float32Array(n * dim);
  for (let r = 0; r < n; r++) {
    let left = (r + 0.5) / n;
    let j = 0;
    while (j < mixture.count - 1 && left >= changed.weights[j]) left -= changed.weights[j++];
    for (let d = 0; d < dim; d++) {
      let off = 0;
      for (let k = 0; k < dim; k++) {
        const axis = rotation ? rotation[d * dim + k] : Number(d === k);
        off += axis * Math.sqrt(changed.variances[j * dim + k]) * noise[r * dim + k];
      }
      data[r * dim + d] = mixture.means[j * dim + d] + off;
    }
  }
  const logDensity = (x: ArrayLike<number>, from: number) =>
    densityAt(
      components,
      Array.from({ length: dim }, (_, d) => x[from + d]),
    ).log;
  return { x: { data, n, dim }, logDensity };
}

/** `step` is small against the narrowest axis. */
function subject(target: Mixture, step: number): EnergySubject {
  const { data } = (target.exact as NonNullable<Energy["exact"]>).sample(24, 2);
  const noise = normalRows(keyOf(1), 0, 0, 24, target.dim).data;
  const points = { data: data.map((v, i) => v + 4 * step * noise[i]), n: 24, dim: target.dim };
  return { energy: target, points, roundoff: oneRounding, step, proposal: (...args) => widened(target, ...args) };
}

const unlike = () =>
  anisotropicMixture({
    means: [
      [0, 0.5, -1],
      [1.5, -0.5, 0.3],
    ],
    weights: [3, 1],
    variances: [
      [0.3, 0.2, 1.2],
      [0.6, 0.5, 0.15],
    ],
    rotation: 5,
  });

export const anisotropicSubjects: readonly (readonly [string, () => EnergySubject])[] = [
  ["anisotropic-mixture", () => subject(anisotropicMixture(), 1 / 256)],
  ["unlike components on turned axes", () => subject(unlike(), 1 / 64)],
  ["two hard turned modes in 4 dimensions", () => subject(twoModes({ dim: 4, conditioning: "hard", rotation: 2 }), 1 / 1024)],
];
