/**
 * What do reference sets reach, and what do they cost? One long run of each task with seed 1: mean energy, its spread and the virial beside what
 * they should be, R-hat, autocorrelation time, calls, and seconds of CPU on one thread. LJ-13 also against the public set, where
 * ../shared/data has it.
 *
 *   npm run bench -- reference            100,000 configurations each (some 3 minutes of CPU)
 *   BNEM_TASKS=lj13 npm run bench -- reference
 */
import { existsSync, readFileSync } from "node:fs";
import { batchFromArray, energyByName, evaluate, init, readNpy, reference } from "bnem";
import { quick } from "./support/interleave.mjs";

const n = quick ? 500 : 100_000;
const published = "../shared/data/lj13-reference-10000x39-f32.npy";
const tasks = (process.env.BNEM_TASKS ?? "dw4,lj13,lj55,manywell32").split(",");
/** What was known before: mean energy with its standard error or tolerance, standard deviation with its tolerance. */
const known = {
  dw4: { mean: -22.546, standardError: 0.004 },
  lj13: { mean: -43.0, tolerance: 0.1 },
  lj55: { mean: -325.4, tolerance: 0.5, std: 13.8, stdTolerance: 0.5 },
  manywell32: { mean: -137.198, standardError: 0.0005 },
};

await init();

function cpuSeconds(since) {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

function judged({ mean, std, standardError }, virial, goal) {
  const meanZ = (mean - goal.mean) / Math.hypot(standardError, goal.standardError ?? 0);
  const virialZ = (virial.mean - virial.exact) / virial.standardError;
  const meanGood = goal.tolerance === undefined ? Math.abs(meanZ) < 3 : Math.abs(mean - goal.mean) < goal.tolerance;
  const stdGood = goal.std === undefined || Math.abs(std - goal.std) < goal.stdTolerance;
  return { meanZ, virialZ, reached: meanGood && stdGood && Math.abs(virialZ) < 3 };
}

async function againstPublished(x, energy) {
  const rows = Math.min(2000, x.n);
  const sample = { data: x.data.slice(0, rows * x.dim), n: rows, dim: x.dim };
  const all = batchFromArray(readNpy(readFileSync(published)));
  const { metrics } = await evaluate(sample, energy, { seed: 11, reference: all, metrics: ["energyW2", "pairDistanceTv"] });
  return { rows, ...metrics };
}

async function measure(name) {
  const energy = energyByName(name);
  const since = process.cpuUsage();
  const { x, recipe, diagnostics } = await reference(energy, { n, seed: 1, workers: 1 });
  const seconds = cpuSeconds(since);
  const { observables, virial, heatCapacity, splitRhat, calls } = diagnostics;
  const spent = Object.values(calls).reduce((sum, { plain, gradient }) => sum + plain + gradient, 0);
  const compared = name === "lj13" && existsSync(published) ? await againstPublished(x, energy) : null;
  const goal = known[name];
  const row = { task: name, n, cpuSeconds: seconds, msPerRow: (1000 * seconds) / n, callsPerRow: spent / n, recipe, goal };
  const result = { ...row, ...judged(observables.energy, virial, goal), observables: { energy: observables.energy }, virial };
  const { mean, standardError, std } = observables.energy;
  console.error(
    `${name}: E ${mean.toFixed(4)} ± ${standardError.toFixed(4)} (${goal.mean}), std ${std.toFixed(3)}, virial ${virial.mean.toFixed(3)} ± ${virial.standardError.toFixed(3)} (${virial.exact}), R-hat ${splitRhat?.toFixed(5)}, ${seconds.toFixed(1)} s of CPU, ${result.reached ? "reached" : "NOT reached"}`,
  );
  return { ...result, heatCapacity, splitRhat, ess: diagnostics.ess, details: diagnostics.details, compared };
}

const results = [];
for (const name of tasks) results.push(await measure(name));
console.log(JSON.stringify({ question: "What do reference sets reach, at what cost?", quick, tasks: results }));
