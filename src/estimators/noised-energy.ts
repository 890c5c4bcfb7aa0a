/** NEM: the network regresses the Monte-Carlo noised energy E_K. */
import { checkOptions } from "../core/check.js";
import { inTurns } from "../core/row-blocks.js";
import type { EstimateRequest, Estimator, NoisedRequest, NoisedResult } from "../core/types.js";
import { DRAW_OPTIONS, type DrawSettings, drawNoised, type MonteCarloOptions, monteCarlo } from "./monte-carlo.js";
import { perParticleEnergy } from "./per-particle.js";
import { blocksOf, merge } from "./request-blocks.js";

/** Options of `noisedEnergy`. */
export interface NoisedEnergyOptions extends MonteCarloOptions {
  /**
   * True: the published code's target for sums over pairs of particles, log-mean-exp particle by particle. It is not the noised energy, and
   * its gradient is no score: an ablation. Default false.
   */
  readonly perParticle?: boolean;
}

/** Draws between the host's turns in per-particle mode: about 10 ms of LJ-13. */
const DRAWS_PER_TURN = 2 ** 13;

async function perParticle(
  { energy, x, variance, key, exact }: EstimateRequest,
  { mcSamples, mode }: DrawSettings,
): Promise<NoisedResult> {
  const ask: NoisedRequest = { x, variance, key, exact, quantity: "energy", mcSamples, mode };
  return merge(await inTurns((block) => perParticleEnergy(energy, block), blocksOf(ask, DRAWS_PER_TURN)));
}

function checkedFlag(flag: unknown, settings: DrawSettings): boolean {
  if (typeof flag !== "boolean") throw new TypeError(`noisedEnergy: perParticle must be true or false, got ${String(flag)}`);
  if (flag && settings.proposal) {
    throw new RangeError(`noisedEnergy: perParticle takes its draws from the noise; leave proposal "${settings.proposal}" out`);
  }
  return flag;
}

/**
 * Target E_K(x, h) [n], kT; see `noised`. Cost: n K energies, and what the proposal needs.
 * @throws RangeError for mcSamples < 1, defensive outside (0, 1] or an unknown option or proposal
 * @see OuYang et al. 2024, arXiv:2409.09787
 */
export function noisedEnergy(options: NoisedEnergyOptions = {}): Estimator {
  checkOptions("noisedEnergy", options, [...DRAW_OPTIONS, "perParticle"]);
  const settings = monteCarlo("noisedEnergy", options);
  const byParticle = checkedFlag(options.perParticle ?? false, settings);
  return {
    name: "noisedEnergy",
    kind: "energy",
    options: byParticle ? { ...settings, perParticle: true } : { ...settings },
    needsTeacher: false,
    async estimate(request) {
      const { x, variance } = request;
      const { energy, energyCalls, nonFinite, notes } = byParticle
        ? { ...(await perParticle(request, settings)), notes: {} }
        : await drawNoised(request, { x, variance, quantity: "energy" }, settings);
      return { target: energy, energyCalls, networkCalls: 0, nonFinite, notes };
    },
  };
}
