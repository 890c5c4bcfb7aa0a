/** Part "particles": weighted samples of DW-4, LJ-13 and LJ-55 against references, log Z against Markov chains, and where LJ-55 degrades. */
import { annealed, derive, edmGrid, explodingLevels, geometricSchedule, keyOf, makeTransition } from "bnem";
import { short } from "../support/report/columns.mjs";
import { referenceOf, score } from "../tasks/score.mjs";
import { figuresOf, orError } from "./figures.mjs";
import { ladderLogZ, ladders } from "./ladder.mjs";
import { energyOf, modelOf } from "./models.mjs";

export const about =
  "Learned particles: energy W2 against its floor, N_eff, ancestors, and log Z against tempered chains with MBAR";
const SEEDS = { dw4: [1, 2, 3], lj13: [1, 2, 3], lj55: [1] };
const METRICS = ["energyW2", "meanEnergyError", "pairDistanceTv"];

/** Ways to sample; `drawn` has rows of equal weight. */
const kinds = {
  weighted: {},
  drawn: { oversampling: 8 },
};
/** Beside them, where the learned energies are off by more than .7 kT at low noise: every level trusted, with and without moves. */
const trusting = {
  "weighted, all levels trusted": { trust: 1e6 },
  "weighted, all levels trusted, moves": { trust: 1e6, moves: 1 },
};
const more = { lj13: trusting, lj55: trusting };

const references = new Map();
async function referenceFor(task, energy, quick) {
  if (!references.has(task)) references.set(task, await referenceOf(task, energy, quick));
  return references.get(task);
}

async function sampled(task, seed, options, { quick }) {
  const { sampler, energy } = await modelOf(task, seed, quick);
  const sample = await sampler.sample(quick ? 64 : 2000, { seed: 600 + seed, ...(quick && { steps: 8 }), ...options });
  const reference = await referenceFor(task, energy, quick);
  // Rows that were drawn by weight count the same.
  const given = { x: sample.x, ...(options.oversampling === undefined && { logWeights: sample.logWeights }) };
  const scored = await score({ task, energy, reference, quick }, given, METRICS);
  return { ...figuresOf(sample), scored };
}

/** Residuals accumulated from the exact energy up to each level, by a pilot of the very levels that `sample` takes. */
async function levels(task, seed, { quick }) {
  const { sampler, energy } = await modelOf(task, seed, quick);
  const { sigmaMin, sigmaMax, samplingSteps: steps = 64, scale, baseStd } = sampler.facts.options;
  const schedule = geometricSchedule({ sigmaMin, sigmaMax });
  const path = explodingLevels(edmGrid({ steps, sigmaMin, sigmaMax: schedule.sigma(1) }));
  const run = await annealed(sampler.scoreModel, energy, {
    n: quick ? 32 : 512,
    key: derive(keyOf(700 + seed), "levels"),
    levels: path,
    transition: makeTransition("tuned"),
    priorVariance: schedule.variance(1) + (baseStd * scale) ** 2,
    resample: {},
  });
  const residual = Array.from(run.pilot.residual);
  const sigma = path.map(({ variance }) => Math.sqrt(variance));
  return { sigma, residual, pathEss: run.pilot.pathEss, trustedTo: run.trustedTo };
}

export function pieces({ seeds }) {
  return Object.entries(SEEDS).flatMap(([task, usual]) => {
    const piece = (name, seed, make) => ({ task, name, seed, make: (run) => orError(() => make(run)) });
    const ways = Object.entries({ ...kinds, ...more[task] });
    const chains = ladders[task]
      ? [piece("log Z by chains", 1, ({ quick }) => ladderLogZ(task, energyOf(task), { seed: 20_300, quick }))]
      : [];
    const ofSeed = (seed) => [
      ...ways.map(([name, options]) => piece(name, seed, (run) => sampled(task, seed, options, run))),
      piece("levels", seed, (run) => levels(task, seed, run)),
    ];
    return [...chains, ...(seeds ?? usual).flatMap(ofSeed)];
  });
}

const passed = (ok) => (ok ? "reached" : "NOT REACHED");

/** What each task must reach. */
const bars = {
  dw4: ({ energyW2, effective }) => [
    ["energy W2 <= 95 % of floors", energyW2.value <= energyW2.floorLimit],
    ["N_eff >= .3 N", effective === undefined || effective.fraction >= 0.3],
  ],
  lj13: ({ energyW2, ancestors }) => [
    ["energy W2 <= 2 floors", energyW2.value <= 2 * energyW2.floor],
    ["ancestors >= .2 N", ancestors.unique >= 0.2 * ancestors.n],
  ],
  lj55: () => [],
};

/** In combined standard errors. */
function logZGap({ logZ }, chains) {
  if (!chains) return undefined;
  return Math.abs(logZ.value - chains.logZ) / Math.hypot(logZ.standardError, chains.standardError);
}

function sampleLine(row, chains) {
  const { task, name, seed, error, scored, effective, ancestors, rows, logZ, resamplings, pathEss, trusted } = row;
  if (error) return [task, name, String(seed), "", "", "", "", "", error];
  const { energyW2 } = scored.metrics;
  const gap = logZGap(row, chains);
  const judged = bars[task]({ energyW2, effective, ancestors });
  if (gap !== undefined) judged.push([`log Z off by ${short(gap)} <= 3 errors`, gap <= 3]);
  return [
    task,
    name,
    String(seed),
    `${short(energyW2.value)} (floor ${short(energyW2.floor)}, 95 % ${short(energyW2.floorLimit)})`,
    effective ? short(effective.fraction) : "",
    short(ancestors.unique / rows),
    `${logZ.value.toFixed(3)} ± ${short(logZ.standardError)}`,
    `${short(pathEss?.fraction)}; ${short(resamplings)} below sigma ${short(trusted.sigma)}`,
    judged.map(([words, ok]) => `${words}: ${passed(ok)}`).join("; "),
  ];
}

function chainsLine({ task, name, logZ, standardError, worstRhat, leastSwap, energyCalls, rungs, error }) {
  if (error) return [task, name, "", "", "", "", "", "", error];
  const how = `${rungs.length} rungs, worst split R-hat ${worstRhat.toFixed(3)}, least swap rate ${short(leastSwap)}, ${short(energyCalls)} calls`;
  return [task, name, "", "", "", "", `${logZ.toFixed(3)} ± ${short(standardError)}`, "", how];
}

/** Noise levels at which the residual passes 0.7 (trusted by default) and 2 (of no use), kT. */
function levelsLine({ task, name, seed, sigma, residual, pathEss, error }) {
  if (error) return [task, name, String(seed), "", "", "", "", "", error];
  const first = (limit) => sigma[residual.findIndex((value) => !(value <= limit))];
  const words = [0.7, 2].map(
    (limit) => `above ${limit} kT from sigma ${first(limit) === undefined ? "none" : short(first(limit))}`,
  );
  const lowest = `residual ${short(residual[1])} kT at sigma ${short(sigma[1])}`;
  return [task, name, String(seed), "", "", "", "", short(pathEss), `${lowest}; ${words.join(", ")}`];
}

export function lines(rows) {
  const head = ["task", "rows", "seed", "energy W2", "N_eff/N", "ancestors/N", "log Z", "path ESS/n; resamplings", "bar"];
  const all = Object.keys(SEEDS).flatMap((task) => {
    const own = rows.filter((row) => row.task === task);
    const chains = own.find(({ name, error }) => name === "log Z by chains" && !error);
    return own.map((row) => {
      if (row.name === "log Z by chains") return chainsLine(row);
      return row.name === "levels" ? levelsLine(row) : sampleLine(row, chains);
    });
  });
  return [head, ...all];
}
