/** Denoising score matching on exact draws: the paper's "trained from data", for a network that is an energy. */
import { derive, keyOf, normalRows, uniforms } from "bnem";

/**
 * Estimator of kind "gradient" that draws y from the target, x = y + sigma z with log sigma uniform, and has the network's score fitted to
 * -(x - y) / sigma^2 (weighted by sigma^2). Scores say nothing of the relative weights of modes that are far apart.
 *
 * @see Vincent 2011; Song and Ermon 2019, arXiv:1907.05600
 */
export function denoisingScoreMatching() {
  return {
    name: "denoising",
    kind: "gradient",
    options: {},
    needsTeacher: false,
    async draw({ energy, n, low, high, key }) {
      const { dim } = energy;
      const [seed] = uniforms(derive(key, "draws"), 0, 0, 1);
      const y = energy.exact.sample(n, Math.floor(seed * 2 ** 32));
      const levels = uniforms(derive(key, "levels"), 0, 0, n);
      const variance = Float32Array.from(levels, (u, i) => low * (high / low) ** ((i + u) / n));
      const z = normalRows(derive(key, "noise"), 0, 0, n, dim).data;
      const sigma = (i) => Math.sqrt(variance[Math.floor(i / dim)]);
      const x = { data: z.map((value, i) => y.data[i] + sigma(i) * value), n, dim };
      const target = z.map((value, i) => -value / sigma(i));
      return { x, variance, target, slope: new Float32Array(n), energyCalls: 0, networkCalls: 0, nonFinite: 0, notes: {} };
    },
    async estimate() {
      throw new TypeError("denoising: its inputs are its own; call draw");
    },
  };
}

/** Seed of draws that no training sees. */
export const freshSeed = (seed, purpose) => Math.floor(uniforms(derive(keyOf(seed), purpose), 0, 0, 1)[0] * 2 ** 32);
