/** The heat capacity of the configurations, Var E in kT^2 (units of k), against that of the reference. */
import { varianceOf } from "./average.js";
import type { Cloud, Metric } from "./metric.js";

const average = (cloud: Cloud) => varianceOf(cloud.energies, cloud.weights);

/** |Var E - Var E of the reference|, kT^2. */
export const heatCapacityError: Metric = {
  name: "heatCapacityError",
  label: "heat capacity, error",
  better: "lower",
  folded: true,
  needsReference: true,
  weighting: "native",
  definition:
    "distance of the variance of the energy, kT^2, from that of the reference; one overlapping pair of particles decides it.",
  supports: () => true,
  rows: (n) => n,
  compute: (sample, reference) => Math.abs(average(sample).value - average(reference).value),
  average,
};
