/** The additive network of src/networks/additive.ts in f64 from its formulas, one row at a time. */
import type { AdditiveOptions } from "../../src/networks/additive.js";

export type AdditiveTwin = Required<AdditiveOptions> & { readonly output: "energy" | "score" };

/** Weights of the places in log sigma. */
function levelsAt({ levels, sigmaMin, sigmaMax, scale }: AdditiveTwin, variance: number): number[] {
  const sigma = Math.min(sigmaMax, Math.max(sigmaMin, Math.sqrt(variance) / scale));
  const place = ((levels - 1) * Math.log(sigma / sigmaMin)) / Math.log(sigmaMax / sigmaMin);
  const bumps = Array.from({ length: levels }, (_, m) => Math.exp(-((place - m) ** 2) / 2));
  const total = bumps.reduce((a, b) => a + b, 0);
  return bumps.map((b) => b / total);
}

/** Rows of bumps: bumps, bumps / 2, ... down to 4, from -span to span, .8 spacings wide. */
function bumpsAt({ bumps, span }: AdditiveTwin, y: number): number[] {
  const values: number[] = [];
  for (let count = bumps; count >= 4; count = Math.floor(count / 2)) {
    const spacing = (2 * span) / (count - 1);
    for (let k = 0; k < count; k++) values.push(Math.exp(-(((y + span - k * spacing) / (0.8 * spacing)) ** 2) / 2));
  }
  return values;
}

/** Energy as [e], or score [dim]; parameters [levels][dim][bumps]. */
export function additiveTwin(parameters: ArrayLike<number>, s: AdditiveTwin, x: readonly number[], variance: number): number[] {
  const total = (s.baseStd * s.scale) ** 2 + variance;
  const weights = levelsAt(s, variance);
  const functions = x.map((c, i) => {
    const values = bumpsAt(s, c / Math.sqrt(total));
    return values.reduce((sum, value, k) => {
      const mixed = weights.reduce((w, e, m) => w + e * parameters[(m * x.length + i) * values.length + k], 0);
      return sum + value * mixed;
    }, 0);
  });
  if (s.output === "score") return functions.map((f, i) => f / Math.sqrt((s.detail * s.scale) ** 2 + variance) - x[i] / total);
  const base = x.reduce((q, c) => q + c * c, 0) / (2 * total) + (x.length / 2) * Math.log(2 * Math.PI * total);
  return [base + s.outputScale * functions.reduce((a, b) => a + b, 0)];
}
