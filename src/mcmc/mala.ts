/** The Metropolis-adjusted Langevin algorithm. */
import { checkOptions } from "../core/check.js";
import { type HamiltonianMove, hamiltonianMove, type StepOptions, stepSettings } from "./hamiltonian-move.js";

/**
 * x' = x - stepSize^2 / 2 grad E(x) + stepSize eps, accepted with the ratio of both directions' densities: one leapfrog of HMC. One
 * gradient a move; the step is tuned to an acceptance of 0.574.
 *
 * @throws TypeError / RangeError for stepSize <= 0, targetAcceptance outside [0.01, 0.99] and unknown options
 * @see Roberts and Tweedie 1996; Roberts and Rosenthal 1998
 */
export function mala(options: StepOptions = {}): HamiltonianMove {
  checkOptions("mala", options, ["stepSize", "targetAcceptance"]);
  return hamiltonianMove("mala", { leapfrogs: 1, leapfrogsOdd: 1 }, stepSettings("mala", options, 0.574));
}
