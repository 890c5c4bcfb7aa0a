/** Hamiltonian Monte Carlo. */
import { checkInteger, checkOptions } from "../core/check.js";
import { type HamiltonianMove, hamiltonianMove, type StepOptions, stepSettings } from "./hamiltonian-move.js";

/** Options of `hmc`. */
export interface HmcOptions extends StepOptions {
  /** Leapfrogs of a trajectory (gradients a move). Default 10. */
  readonly leapfrogs?: number;
  /** Of every second trajectory; default the same. Two lengths break the periods of nearly harmonic targets. */
  readonly leapfrogsOdd?: number;
}

/**
 * Trajectories of `leapfrogs` steps from a normal momentum of unit mass, accepted with probability min(1, exp(-(change of E + |p|^2 / 2))).
 * The step is tuned to an acceptance of 0.65.
 *
 * @throws TypeError / RangeError for stepSize <= 0, leapfrogs < 1, targetAcceptance outside [0.01, 0.99] and unknown options
 * @see Duane et al. 1987; Neal 2011, arXiv:1206.1901; Beskos et al. 2013, arXiv:1001.4460 (0.65)
 */
export function hmc(options: HmcOptions = {}): HamiltonianMove {
  checkOptions("hmc", options, ["stepSize", "targetAcceptance", "leapfrogs", "leapfrogsOdd"]);
  const leapfrogs = checkInteger("hmc", "leapfrogs", options.leapfrogs ?? 10, 1, 100_000);
  const leapfrogsOdd = checkInteger("hmc", "leapfrogsOdd", options.leapfrogsOdd ?? leapfrogs, 1, 100_000);
  return hamiltonianMove("hmc", { leapfrogs, leapfrogsOdd }, stepSettings("hmc", options, 0.65));
}
