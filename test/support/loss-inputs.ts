/** Targets of one batch made fit for the loss and put on the device, with the counts. */
import { type Loss, lossArrays, uploadLossInputs } from "../../src/training/loss.js";

export function lossInputs(loss: Loss, target: Float32Array, n: number, weight?: Float32Array, excluded?: Uint8Array) {
  const arrays = lossArrays(loss, target, n, weight, excluded);
  return { ...uploadLossInputs(arrays), counted: arrays.counted, dropped: arrays.dropped };
}
