/** One sample of the calibration: drawn, weighed, put into the facts that a verdict reads, and held against the truth. */
import {
  annealed,
  edmGrid,
  explodingLevels,
  forwardEss,
  forwardPaths,
  importance,
  keyOf,
  makeTransition,
  paretoTail,
  rawShift,
  summarizeIslands,
  unseenShare,
} from "bnem";
import { lengthsOf, modelOf, targetOf } from "./cases.mjs";
import { judge } from "./truth.mjs";

const FORWARD = 512;
/** Share of rows that may be lost here; `annealed` gives up at 1 %. */
const MOST_LOST = 0.2;
const weighing = { path: {}, smc: { resample: {} }, "smc moves": { resample: {}, moves: {} } };
export const correctorNames = Object.keys(weighing);

/** Noise from well below the narrowest mode to far above the farthest, and a reference of the noised target's own variance. */
function pathOf({ mixture }, { steps, reference = 1 }) {
  const { narrow, farthest, square } = lengthsOf(mixture);
  const sigmaMax = 3.5 * farthest * Math.sqrt(reference);
  const levels = explodingLevels(edmGrid({ steps, sigmaMin: 0.1 * narrow, sigmaMax, rho: Infinity }));
  return { levels, priorVariance: reference * (square + levels.at(-1).variance) };
}

/** Digits that a threshold can be drawn by. */
const short = (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : undefined);
const size = (found) => found && { value: short(found.value), n: found.n, fraction: short(found.fraction) };

function factsOf(run, independent, summary) {
  const { x, energy, logWeights } = run;
  const unique = new Set(run.ancestors.filter((_, i) => logWeights[i] > -Infinity)).size;
  const { n, pathEss } = run.pilot;
  const { effective, splitHalves } = summary;
  const shift = rawShift({ x, energy, logWeights });
  return {
    n: x.n,
    nonFinite: run.nonFinite,
    islands: summary.islands,
    ess: size(summary.ess),
    maxWeight: short(summary.maxWeight),
    uniqueAncestors: unique,
    effective: effective && { ...size(effective), limitedBy: effective.limitedBy, over: effective.over },
    pathEss: independent
      ? size(summary.ess)
      : pathEss === undefined
        ? undefined
        : size({ value: pathEss * n, n, fraction: pathEss }),
    accumulatedResidual: run.pilot.residual && { trusted: short(run.pilot.residual[run.trustedTo]) },
    splitHalves: splitHalves && { logZ: short(splitHalves.logZ), energy: short(splitHalves.energy) },
    kHat: independent ? short(paretoTail(logWeights)) : undefined,
    notInvertible: run.notInvertible,
    rawShift: shift && { value: short(shift.value), of: shift.of },
  };
}

/** Facts that draws of the target add, where nine tenths of them could be weighed. */
async function seenFrom(energy, model, path, { n, seed }, { logZ, independent }) {
  const { logWeights } = await forwardPaths(model, energy, energy.exact.sample(FORWARD, seed + 1), path);
  const good = logWeights.filter((value) => !Number.isNaN(value));
  if (good.length < 0.9 * FORWARD) return undefined;
  const share = unseenShare(good, { logZ, paths: independent ? n : n ** 2 });
  return { forwardEss: size(forwardEss(good)), unseen: { share: short(share), n: good.length } };
}

async function drawn(energy, model, path, row) {
  const run = await annealed(model, energy, { ...path, n: row.n, maxNonFinite: MOST_LOST, ...weighing[row.corrector] });
  const sizes = run.starts.slice(1).map((end, i) => end - run.starts[i]);
  const independent = run.resampledAt.every((levels) => levels.length === 0);
  const { logWeights, energy: energies, x } = run;
  return {
    run,
    independent,
    summary: summarizeIslands({ logWeights, energy: energies, sizes, independentRows: independent, x }),
  };
}

/**
 * @param row { target, fault, amount, transition, corrector, n, seed, steps, model? }, model a learned one in place of the exact one
 * @returns { facts, drawn, logZ, truth }, drawn the facts that draws of the target add, or { failed } with the code of the error that takes the place of a
 *   sample
 */
export async function measure(row) {
  const energy = targetOf(row.target);
  const found = row.model ? { model: row.model } : modelOf(row.target, row.fault, row.amount);
  const path = {
    key: keyOf(row.seed),
    ...pathOf(energy, { steps: row.steps, ...found }),
    transition: makeTransition(row.transition),
  };
  let made;
  try {
    made = await drawn(energy, found.model, path, row);
  } catch (error) {
    if (error?.code === undefined) throw error;
    return { failed: error.code };
  }
  const { run, independent, summary } = made;
  const { logZ, logZError, effective, ess } = summary;
  const rows = Math.min(effective?.value ?? Infinity, ess.value);
  const truth = judge(row.target, {
    ...{ x: run.x, energy: run.energy, weights: importance(run.logWeights).weights },
    ...{ rows, rawRows: independent ? run.x.n - run.nonFinite : rows },
  });
  return {
    facts: factsOf(run, independent, summary),
    drawn: await seenFrom(energy, found.model, path, row, { logZ, independent }),
    logZ: [short(logZ), short(logZError)],
    truth,
  };
}
