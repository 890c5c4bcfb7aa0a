/** Networks of the public surface: what they are made of stays inside, because no tensor appears in a public signature. */
import type { NetworkRecipe } from "../core/types.js";
import { type MlpOptions, mlp as makeMlp } from "../networks/mlp.js";

/**
 * A residual SiLU perceptron on noise-damped Fourier features, energy or score: for targets of a few dimensions. Lengths in the options
 * are in units of `scale`.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value
 */
export const mlp: (options?: MlpOptions) => NetworkRecipe = makeMlp;
