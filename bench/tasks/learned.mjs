/** The rows of a learned method: before and after training, raw, with MALA behind it, and weighted. */
import { importance } from "bnem";
import { correctedByMala } from "./chains.mjs";
import { curveMetrics, score } from "./score.mjs";

const add = (a, b) => ({ plain: a.plain + b.plain, gradient: a.gradient + b.gradient });
const NONE = { plain: 0, gradient: 0 };

/** Streams of one training seed: samples never share numbers with each other, nor with the training. */
const streams = { prior: 10_000, raw: 20_000, weighted: 30_000, mala: 40_000, curve: 50_000, chains: 60_000 };
export const streamOf = (seed, purpose) => streams[purpose] + seed;

/** No call of the energy while sampling: those of the finished rows are the metrics' own. */
async function rawSample(sampler, n, seed) {
  const { x, seconds, networkCalls, nonFinite } = await sampler.sample(n, { seed, correction: "none" });
  return { x, sampling: { seconds, calls: NONE, networkRows: networkCalls, nonFinite } };
}

/** The row of a sample. @param cost of the training behind it, null for none */
async function rowOf(run, given, sampling, training) {
  const calls = add(sampling.calls, training?.calls ?? NONE);
  return { ...(await score(run, given)), sampling, training, calls };
}

async function malaRow(run, made, training, stream) {
  const moved = await correctedByMala(run.energy, made.x, streamOf(run.seed, "mala") + stream);
  const { x, seconds, calls, acceptance, stepSize, nonFinite } = moved;
  const sampling = {
    seconds: made.sampling.seconds + seconds,
    calls: add(made.sampling.calls, calls),
    networkRows: made.sampling.networkRows,
    nonFinite: made.sampling.nonFinite,
    notMoved: nonFinite,
  };
  return { ...(await rowOf(run, { x }, sampling, training)), mala: { acceptance, stepSize } };
}

/**
 * Weights against the task's own energy; where targets came from another one (a softened core), its energies are exchanged for the
 * task's.
 */
function logWeightsOf(run, { x, energy, logWeights }) {
  if (!run.method.trainedOn) return { logWeights, calls: 0 };
  const own = run.energy.energy(x);
  return { logWeights: logWeights.map((w, i) => (w === -Infinity ? w : w + energy[i] - own[i])), calls: x.n };
}

async function weightedRow(run, sampler, training) {
  const drawn = await sampler.sample(run.n, { seed: streamOf(run.seed, "weighted"), correction: "path" });
  const { logWeights, calls } = logWeightsOf(run, drawn);
  const { ess, essFraction, logZ, logZError } = importance(logWeights);
  const sampling = {
    seconds: drawn.seconds,
    calls: { plain: drawn.energyCalls + calls, gradient: 0 },
    networkRows: drawn.networkCalls,
    nonFinite: drawn.nonFinite,
  };
  const row = await rowOf(run, { x: drawn.x, logWeights }, sampling, training);
  return {
    ...row,
    ess: { value: ess, n: run.n, fraction: essFraction },
    logZ: { value: logZ, standardError: logZError, ...(run.energy.exact && { exact: run.energy.exact.logZ }) },
  };
}

/** Rows from an untrained network, in the order they are made; each is asked for only when it is needed. */
export function untrainedRows(run, samplerOf) {
  let made;
  const sample = async () => {
    if (!made) {
      const sampler = await samplerOf();
      made = await rawSample(sampler, run.n, streamOf(run.seed, "prior"));
      sampler.dispose();
    }
    return made;
  };
  return {
    untrained: async () => {
      const { x, sampling } = await sample();
      return rowOf(run, { x }, sampling, null);
    },
    "untrained + MALA": async () => malaRow(run, await sample(), null, 1),
  };
}

/** Rows from a trained network. @param curve points made on the way */
export function trainedRows(run, { sampler, training }, curve) {
  let made;
  const sample = async () => {
    made ??= await rawSample(sampler, run.n, streamOf(run.seed, "raw"));
    return made;
  };
  return {
    raw: async () => {
      const { x, sampling } = await sample();
      return { ...(await rowOf(run, { x }, sampling, training)), ...(curve.length > 0 && { curve }) };
    },
    "raw + MALA": async () => malaRow(run, await sample(), training, 2),
    ...(run.method.weighted && { weighted: () => weightedRow(run, sampler, training) }),
  };
}

export const untrainedVariants = ["untrained", "untrained + MALA"];
export const trainedVariants = ({ method }) => ["raw", "raw + MALA", ...(method.weighted ? ["weighted"] : [])];

/** Quality on the way, by few metrics. The learning rate has not come down there as it has at the end. */
export async function curvePoint(run, trainer, { step, seconds }) {
  const sampler = await trainer.sampler();
  try {
    const { x } = await rawSample(sampler, run.n, streamOf(run.seed, "curve"));
    const { metrics } = await score(run, { x }, curveMetrics(run.energy));
    return { step, seconds, metrics };
  } finally {
    sampler.dispose();
  }
}
