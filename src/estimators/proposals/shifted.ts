/** The noise moved down the slope: one gradient a row. */
import type { ProposalRow } from "./probe.js";
import { type RowProposal, shiftedNoise } from "./row-proposal.js";

/**
 * N(x - h grad E(x), h I), the shift no longer than sigma: the exact posterior where E is linear over sigma. Null where E or its gradient
 * at x is not finite. Var(exp(-E_K)) against plain draws on LJ-13, K = 1024: 1/63 at sigma .005, 1/9 at .02, 1/2.5 at .08.
 */
export function shifted({ probe, x, h }: ProposalRow): RowProposal | null {
  const here = probe.at(x);
  if (!here || !Number.isFinite(here.energy[0])) return null;
  let square = 0;
  for (const g of here.gradient) square += g * g;
  if (!Number.isFinite(square)) return null;
  const sigma = Math.sqrt(h);
  const length = Math.sqrt(square) * h;
  const step = length > sigma ? (h * sigma) / length : h;
  return shiftedNoise(
    Float64Array.from(here.gradient, (g) => -step * g),
    h,
    probe.energy.particles,
  );
}
