/** Weights of another run to start from. */
import { BnemError } from "../core/errors.js";
import type { Network } from "../networks/network.js";
import { decodeCheckpoint } from "./checkpoint.js";

/**
 * The averaged weights of a checkpoint, for a network of the same kind and shapes, whatever its target.
 * @throws BnemError("bad-checkpoint") for a damaged file or a network of another kind, size or spatial dimension
 */
export function startingWeights(call: string, bytes: Uint8Array, network: Network): Float32Array {
  const { facts, state } = decodeCheckpoint(bytes);
  const { name, options, output } = facts.network;
  const theirs = `${name} network for ${output}, ${state.ema.length} parameters, ${String(options.spatialDim ?? "any")} dimensions`;
  const ours = `${network.name} network for ${network.output}, ${network.parameterCount} parameters, ${String(network.options.spatialDim ?? "any")} dimensions`;
  if (theirs === ours) return state.ema;
  throw new BnemError(
    "bad-checkpoint",
    `${call}: startFrom holds a ${theirs}; this run has a ${ours}; give the options the checkpoint was trained with, or leave startFrom out`,
  );
}
