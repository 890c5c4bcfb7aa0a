/**
 * Kernels of first derivatives only: training on energies or on a score head needs no more, and a missing second one must not pass for 0. Where second
 * ones are wanted the twins run (`differentiatedTwice`).
 */
import type { GradConfig } from "@tensorflow/tfjs-core";
import { BnemError } from "../../core/errors.js";

/** The gradient of a gradient kernel that has none: differentiating through it is refused. */
export function noSecondDerivative(kernelName: string): GradConfig {
  return {
    kernelName,
    gradFunc: () => {
      throw new BnemError(
        "unsupported",
        `networks: ${kernelName} has no second derivative; train this network's energies or a score head, not the score of its energy`,
      );
    },
  };
}
