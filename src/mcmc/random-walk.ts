/** Random-walk Metropolis. */
import { checkOptions } from "../core/check.js";
import { type HamiltonianMove, hamiltonianMove, type StepOptions, stepSettings } from "./hamiltonian-move.js";

/**
 * x' = x + stepSize eps, eps ~ N(0, I), accepted with probability min(1, exp(E(x) - E(x'))). One energy and no gradient a move; the step
 * is tuned to an acceptance of 0.234, which is best in many dimensions.
 *
 * @throws TypeError / RangeError for stepSize <= 0, targetAcceptance outside [0.01, 0.99] and unknown options
 * @see Metropolis et al. 1953; Roberts, Gelman and Gilks 1997
 */
export function randomWalk(options: StepOptions = {}): HamiltonianMove {
  checkOptions("randomWalk", options, ["stepSize", "targetAcceptance"]);
  return hamiltonianMove("randomWalk", { leapfrogs: 0, leapfrogsOdd: 0 }, stepSettings("randomWalk", options, 0.234));
}
