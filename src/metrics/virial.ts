/**
 * The virial identity: for every density exp(-E) that vanishes at infinity
 *
 *   E[x . grad E] = dim,    for particles (n - 1) d with x taken from the center of mass,
 *
 * by partial integration. Needs no reference. It sees a wrong temperature or width at once (x scaled by 1 + a moves it by about
 * a E[x . H x]), and nothing that keeps that mean. A density cut off by a wall (E = +inf beyond it) does not obey it.
 */
import type { Energy } from "../core/types.js";
import { type Average, meanOf } from "./average.js";
import type { Cloud, Metric, MetricContext } from "./metric.js";

/** A standard error beyond this part of the exact value says nothing: one overlapping pair of particles makes any mean fit it. */
const TELLING = 0.25;
/** Mean and 95 % quantile of |z|, z standard normal. */
const MEAN = 0.7978845608028654;
const LIMIT = 1.959963984540054;

/** Degrees of freedom: dim, less those of the center of mass. */
export function freedoms({ dim, particles }: Pick<Energy, "dim" | "particles">): number {
  return particles ? dim - particles.spatialDim : dim;
}

/** x . grad E of each row, [n] f64; for particles x counts from their center of mass. */
export function virials({ x }: Cloud, gradient: Float32Array, energy: Pick<Energy, "particles">): Float64Array {
  const { data, dim } = x;
  const d = energy.particles?.spatialDim ?? dim;
  const middle = new Float64Array(d);
  return Float64Array.from({ length: x.n }, (_, i) => {
    const from = i * dim;
    middle.fill(0);
    if (energy.particles) for (let k = 0; k < dim; k++) middle[k % d] += (data[from + k] * d) / dim;
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += (data[from + k] - middle[k % d]) * gradient[from + k];
    return sum;
  });
}

function average(cloud: Cloud, { energy, gradient }: MetricContext): Average {
  return meanOf(virials(cloud, gradient(cloud), energy), cloud.weights);
}

/** |mean x . grad E - exact|, kT. */
export const virialError: Metric = {
  name: "virialError",
  label: "virial, error",
  better: "lower",
  folded: true,
  needsReference: false,
  weighting: "native",
  definition:
    "distance of the mean of x . grad E from its exact value, the number of degrees of freedom, kT; needs no reference, sees wrong widths, not wrong mode weights.",
  supports: () => true,
  rows: (n) => n,
  compute: (sample, _reference, context) => Math.abs(average(sample, context).value - freedoms(context.energy)),
  floorAlone: (sample, context) => {
    const { standardError } = average(sample, context);
    const scale = Math.min(standardError, TELLING * freedoms(context.energy));
    return { mean: MEAN * scale, standardError: 0, limit: LIMIT * scale };
  },
  average,
  expected: freedoms,
};
