/** All metrics of one sample, each beside its floor. Every sample of a task is scored against the same references and floors. */
import { evaluate, reference } from "bnem";
import { quickly, targets } from "./targets.mjs";
import { wellMetrics } from "./wells.mjs";

/** Of floors and references; the same for all rows, so that rows of one n share their floors. */
const SEED = 4_711;

const energies = ["energyW2", "energyW2Paper", "energyW2Trimmed", "meanEnergyError", "heatCapacityError"];
const labelFree = ["virialError", "pairKsd", "ksd"];
const modes = ["modeWeightTv", "modesCovered", "stragglers"];
const particles = [...energies, "pairDistanceTv", "pairDistanceW2", "alignedW2", ...labelFree];
const others = [...energies, "positionW2", ...labelFree, ...modes];

const metricsFor = (energy) => (energy.particles ? particles : others);

/** Few metrics, for points of a training curve. */
export const curveMetrics = (energy) => ["energyW2", "meanEnergyError", ...(energy.particles ? ["pairDistanceTv"] : [])];

/** [rows, dim] for particles, made once a process; undefined where the energy has exact draws. */
export async function referenceOf(task, energy, quick) {
  const recipe = targets[task].reference;
  if (!recipe) return undefined;
  const { x, notice } = await reference(energy, { n: quick ? quickly.reference : recipe.n, seed: recipe.seed });
  if (notice) console.error(`${task}: ${notice}`);
  return x;
}

function plain({ value, standardError, floor, floorLimit, atFloor, n, total, average, expected, z }) {
  const numbers = { value, standardError, floor, floorLimit, atFloor, n, total };
  return { ...numbers, ...(average && { average: average.value, expected: expected.value, error: average.standardError, z }) };
}

const plainAll = (metrics) => Object.fromEntries(Object.entries(metrics).map(([name, result]) => [name, plain(result)]));

/** Rows with a finite energy, which is asked where it is not given, without copies where all have one. @returns { sample, lost } */
export function finiteSample(energy, { x, energy: energies = energy.energy(x), logWeights }) {
  const rows = Array.from({ length: x.n }, (_, i) => i).filter((i) => Number.isFinite(energies[i]));
  if (rows.length === x.n) return { sample: { x, energy: energies, logWeights }, lost: 0 };
  const data = new Float32Array(rows.length * x.dim);
  rows.forEach((row, i) => {
    data.set(x.data.subarray(row * x.dim, (row + 1) * x.dim), i * x.dim);
  });
  const sample = {
    x: { data, n: rows.length, dim: x.dim },
    energy: Float32Array.from(rows, (row) => energies[row]),
    logWeights: logWeights && Float64Array.from(rows, (row) => logWeights[row]),
  };
  return { sample, lost: x.n - rows.length };
}

function weightsOf(logWeights) {
  if (!logWeights) return undefined;
  const top = logWeights.reduce((a, b) => Math.max(a, b));
  const weights = logWeights.map((w) => Math.exp(w - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/**
 * What a row says of its sample: metrics with floors; of a weighted sample those of the weighted rows, floors at the effective size.
 * @param given `{ x, logWeights }`; rows without a finite energy are left out and counted
 */
export async function score({ task, energy, reference: rows, quick }, given, metrics = metricsFor(energy)) {
  const { sample, lost } = finiteSample(energy, given);
  const pairs = quick ? 10 : 20;
  const evaluation = await evaluate(sample, energy, { seed: SEED, reference: rows, floorPairs: pairs, metrics });
  const { weighted } = evaluation;
  const size = weighted ? weighted.effectiveSize : sample.x.n;
  const wells =
    task === "manywell32" && metrics.includes("ksd")
      ? wellMetrics(energy, sample.x, weightsOf(sample.logWeights), { rows: Math.round(size), repeats: pairs, seed: SEED })
      : {};
  return {
    n: sample.x.n,
    withoutFiniteEnergy: lost,
    floorFrom: evaluation.floorFrom,
    floorPairs: evaluation.pairs,
    ...(weighted && { effectiveSize: size }),
    metrics: { ...plainAll((weighted ?? evaluation).metrics), ...wells },
  };
}
