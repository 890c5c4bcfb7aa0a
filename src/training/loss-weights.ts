/** Weight of each row in the loss: depends on the noise alone, never on the target. */
import type { Estimator } from "../core/types.js";
import type { Network } from "../networks/network.js";

/**
 * Energies and their gradients: 1 (the latter are balanced by level-balance.ts). Scores: h + detail^2, detail the finest length of the network's head, so that a row counts the same whatever its noise
 * (the published iDEM weights by h + 1e-3 in scaled units). [n]
 */
export function lossWeights(kind: Estimator["kind"], network: Network, variance: Float32Array): Float32Array | undefined {
  if (kind !== "score") return undefined;
  const { detail, scale } = network.options as { readonly detail?: number; readonly scale?: number };
  const length = (detail ?? 0) * (scale ?? 1);
  return variance.map((h) => h + length * length);
}
