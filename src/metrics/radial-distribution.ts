/**
 * The radial distribution of particles around each other,
 *
 *   g(r) = (1 / count) sum over ordered pairs of delta(r - r_ab) / (area of the sphere of radius r),
 *
 * the density of other particles at distance r from one of them, in length^-spatialDim. A free cluster has no bulk density to divide by, so
 * it is left undivided (often written rho g). A curve for figures and files; the metrics of the same distances are pair-distance TV and W2.
 */
import type { Particles } from "../core/types.js";
import { type Average, meanOf } from "./average.js";
import type { Cloud } from "./metric.js";
import { pairDistances, rangeOf } from "./pair-distances.js";
import { spreadCloud } from "./spread-rows.js";

const BINS = 100;
/** Rows used: errors of half a percent are below what a curve shows. */
const ROWS = 4000;
/** Part of the distances beyond the axis: one particle torn away would leave a single bin for the rest. */
const BEYOND = 0.001;

/** A curve with its standard errors, [bins]. Plain numbers, as they go into JSON. */
export interface RadialCurve {
  readonly g: readonly number[];
  readonly standardError: readonly number[];
}

/** g(r) of what was evaluated, over the same bins. */
export interface RadialDistribution {
  /** Middles of the bins, length. */
  readonly r: readonly number[];
  readonly sample: RadialCurve;
  readonly weighted?: RadialCurve;
  readonly reference?: RadialCurve;
}

interface Distances {
  readonly values: Float32Array;
  readonly n: number;
  readonly weights?: Float64Array;
}

function distancesOf(cloud: Cloud, particles: Particles): Distances {
  const { x, weights } = spreadCloud(cloud, ROWS);
  return { values: pairDistances(x, particles), n: x.n, weights };
}

/** The distance that a thousandth of the distances exceeds. */
function reachOf({ values }: Distances): number {
  const [, high] = rangeOf(values);
  const counts = new Uint32Array(4096);
  const scale = counts.length / (high || 1);
  for (const value of values) counts[Math.min(counts.length - 1, Math.floor(value * scale))]++;
  let bin = counts.length - 1;
  for (let beyond = counts[bin]; bin > 0 && beyond <= BEYOND * values.length; beyond += counts[bin]) bin--;
  return (bin + 1) / scale;
}

/** Volume between two radii. */
function shell(low: number, high: number, spatialDim: number): number {
  if (spatialDim === 1) return 2 * (high - low);
  return spatialDim === 2 ? Math.PI * (high ** 2 - low ** 2) : (4 / 3) * Math.PI * (high * high * high - low * low * low);
}

function curveOf({ values, n, weights }: Distances, { count, spatialDim }: Particles, reach: number): RadialCurve {
  const width = reach / BINS;
  const pairs = values.length / n;
  const counts = new Float64Array(BINS * n);
  for (let at = 0; at < values.length; at++) {
    const bin = Math.floor(values[at] / width);
    if (bin < BINS) counts[bin * n + Math.floor(at / pairs)]++;
  }
  const averages = Array.from({ length: BINS }, (_, bin): Average => {
    const { value, standardError } = meanOf(counts.subarray(bin * n, (bin + 1) * n), weights);
    const scale = 2 / count / shell(bin * width, (bin + 1) * width, spatialDim);
    return { value: value * scale, standardError: standardError * scale };
  });
  return { g: averages.map(({ value }) => value), standardError: averages.map(({ standardError }) => standardError) };
}

/** g(r) of 4,000 evenly spread rows of each cloud at most, up to the distance that a thousandth of the reference's (else the sample's) exceed. */
export function radialDistribution(
  particles: Particles,
  clouds: { readonly sample: Cloud; readonly weighted?: Cloud; readonly reference?: Cloud },
): RadialDistribution {
  const sample = distancesOf(clouds.sample, particles);
  const reference = clouds.reference && distancesOf(clouds.reference, particles);
  const reach = reachOf(reference ?? sample);
  const curve = (distances: Distances) => curveOf(distances, particles, reach);
  return {
    r: Array.from({ length: BINS }, (_, bin) => ((bin + 0.5) * reach) / BINS),
    sample: curve(sample),
    ...(clouds.weighted && { weighted: curve(distancesOf(clouds.weighted, particles)) }),
    ...(reference && { reference: curve(reference) }),
  };
}
