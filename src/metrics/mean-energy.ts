/** The mean energy, against that of the reference. */
import { meanOf } from "./average.js";
import type { Cloud, Metric } from "./metric.js";

const average = (cloud: Cloud) => meanOf(cloud.energies, cloud.weights);

/** |mean E - mean E of the reference|, kT. */
export const meanEnergyError: Metric = {
  name: "meanEnergyError",
  label: "mean energy, error",
  better: "lower",
  folded: true,
  needsReference: true,
  weighting: "native",
  definition: "distance of the mean energy from that of the reference, kT; the mean itself comes with its standard error.",
  supports: () => true,
  rows: (n) => n,
  compute: (sample, reference) => Math.abs(average(sample).value - average(reference).value),
  average,
};
