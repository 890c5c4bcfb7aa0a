/** Networks of the public surface: what they are made of stays inside, because no tensor appears in a public signature. */
import type { NetworkRecipe } from "../core/types.js";
import { type AdditiveOptions, additive as makeAdditive } from "../networks/additive.js";
import { type DescriptorOptions, descriptor as makeDescriptor } from "../networks/descriptor.js";
import { type EgnnOptions, egnn as makeEgnn } from "../networks/egnn.js";
import { type MlpOptions, mlp as makeMlp } from "../networks/mlp.js";

/**
 * A residual SiLU perceptron on noise-damped Fourier features, energy or score: for targets of a few dimensions. Lengths in the options
 * are in units of `scale`.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value
 */
export const mlp: (options?: MlpOptions) => NetworkRecipe = makeMlp;

/**
 * Energies of particle systems from radial channels of pairs, rotational invariants of each particle and a perceptron, to be added to a prior:
 * for targets with `particles` in 2 or 3 dimensions. Lengths and sigmas in the options are in units of `scale`.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value
 */
export const descriptor: (options?: DescriptorOptions) => NetworkRecipe = makeDescriptor;

/**
 * The papers' equivariant graph network, energy or score: for targets with `particles`. Lengths and sigmas in the options are in units of
 * `scale`. Its weights do not depend on the number of particles.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value, or for a target without particles
 */
export const egnn: (options?: EgnnOptions) => NetworkRecipe = makeEgnn;

/**
 * A function of each coordinate on a Gaussian base, energy or score: for targets whose coordinates hardly interact, such as ManyWell. Lengths and
 * sigmas in the options are in units of `scale`.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value
 */
export const additive: (options?: AdditiveOptions) => NetworkRecipe = makeAdditive;
