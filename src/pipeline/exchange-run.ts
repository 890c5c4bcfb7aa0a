/** Samples by replica exchange along the learned path: chains at the exact target, which the path only helps across. */
import type { Energy, ScoreModel } from "../core/types.js";
import { type ExchangeProgress, type ReplicaExchangeResult, replicaExchange } from "../correction/replica-exchange.js";
import { sampleVerdict } from "../correction/sample-verdict.js";
import { normalRows } from "../kernels/normal.js";
import { memoryEfficientScore } from "../samplers/tweedie-score.js";
import type { CorrectionReport, Drawn } from "./sample-result.js";
import { rowsPerScore, type SampleCall, type SamplerParts, tweediePart } from "./sampler-parts.js";
import { pathOf, transitionOf } from "./weighted-run.js";

/** Chains side by side: more of them cost less a row, until the burn-in of each is most of the work. */
const CHAINS = 256;
/** Sweeps thrown away, and sweeps for each draw of a chain. */
const BURN_IN = 50;
const THIN = 4;

function callsIn({ scores, products }: ReplicaExchangeResult["calls"]["sampling"]): number {
  return scores + products;
}

function modelOf(parts: SamplerParts, call: SampleCall, grid: Float64Array, { particles }: Energy): ScoreModel {
  const tweedie = tweediePart(parts, call.key, grid);
  if (!tweedie) return parts.model;
  const model = memoryEfficientScore(parts.model, { ...tweedie, draws: normalRows, particles });
  const energyAndScore: ScoreModel["energyAndScore"] = async (x, variance) => ({
    energy: await parts.model.energy(x, variance),
    score: await model.score(x, variance),
  });
  return { ...model, energyAndScore };
}

/** Least swap probability of two neighbours, of those that were tried. */
function leastSwap({ swapAcceptance }: ReplicaExchangeResult): number {
  return Math.min(1, ...swapAcceptance.filter((value) => !Number.isNaN(value)));
}

function reportOf(run: ReplicaExchangeResult, transition: string, n: number): CorrectionReport {
  const { chains, levels, nEff, draws, calls, notice } = run;
  const top = levels[levels.length - 1];
  const value = Number.isNaN(nEff) ? chains : Math.min(n, nEff * (n / (draws * chains)));
  return {
    method: "replica-exchange",
    ...{ transition, levels: levels.length, rows: n, islands: chains, resamplings: 0 },
    essOf: "draws of chains",
    pathEss: undefined,
    effective: {
      value,
      n,
      fraction: value / n,
      limitedBy: "energy",
      logZ: Number.NaN,
      over: "islands",
      groups: chains,
      relativeError: Number.NaN,
    },
    ancestors: { unique: Math.min(chains, n), n },
    trusted: { sigma: Math.sqrt(top.variance) / top.scale, residual: 0 },
    acceptance: run.acceptance[0],
    exchange: { leastSwap: leastSwap(run), roundTrips: run.roundTrips },
    pilot: { n: chains, networkCalls: callsIn(calls.burnIn), energyCalls: calls.burnIn.energies },
    notices: notice === undefined ? [] : [notice],
  };
}

/** @throws as `NeuralSampler.sample` */
export async function exchangeRun(parts: SamplerParts, call: SampleCall): Promise<Drawn> {
  const { energy } = parts;
  const { n, key, settings, signal, onProgress } = call;
  const { levels, priorVariance, grid } = pathOf(parts, settings);
  const { transition } = transitionOf(parts, settings);
  const chains = Math.min(settings.chains ?? CHAINS, n);
  const sweeps = THIN * Math.ceil(n / chains);
  const run = await replicaExchange(modelOf(parts, call, grid, energy), energy, {
    ...{ levels, priorVariance, transition, chains, sweeps, burnIn: BURN_IN, thin: THIN, seed: key.a, signal },
    moves: { count: Math.max(1, settings.moves), leapfrogs: settings.moveLeapfrogs },
    onProgress:
      onProgress && (({ sweep, total }: ExchangeProgress) => onProgress({ rows: 0, n, fraction: sweep / total, nonFinite: 0 })),
  });
  const { dim } = energy;
  const report = reportOf(run, transition.name, n);
  const ess = report.effective && { value: report.effective.value, n, fraction: report.effective.fraction };
  const rows = rowsPerScore(parts);
  const { burnIn, sampling } = run.calls;
  return {
    x: { data: run.x.data.slice(0, n * dim), n, dim },
    energy: run.energy.slice(0, n),
    ancestors: Int32Array.from({ length: n }, (_, row) => row % chains),
    ess,
    correction: report,
    verdict: sampleVerdict({
      ...{ n, nonFinite: 0, islands: chains, uniqueAncestors: report.ancestors.unique, maxWeight: 1 / n },
      // Kish of equal weights: nothing is said of correlated draws here, which `effective` is for.
      ess: { value: n, n, fraction: 1 },
      effective: report.effective,
    }),
    energyCalls: burnIn.energies + sampling.energies,
    networkCalls: (callsIn(burnIn) + callsIn(sampling)) * rows,
    pilotCalls: callsIn(burnIn) * rows,
    nonFinite: 0,
    spread: false,
  };
}
