/** Small networks with one weight matrix [dim, 1] that do what `mlp` does not: energies E = f(x w) in closed form. */
import * as tf from "@tensorflow/tfjs-core";
import { countParameters, type Network, type NetworkOutput } from "../../src/networks/network.js";

type Tensor = tf.Tensor;

export function networkOf(
  name: string,
  dim: number,
  shapes: readonly (readonly number[])[],
  forward: Network["forward"],
  output: NetworkOutput = "energy",
): Network {
  const parameterCount = countParameters(shapes);
  const initialize = () => Float32Array.from({ length: parameterCount }, (_, i) => 0.5 - 0.3 * i);
  return { name, options: {}, output, dim, shapes, parameterCount, initialize, forward };
}

interface Refused {
  readonly network: Network;
  /** Why no program can hold it. */
  readonly why: string;
  /** E at u = x w. */
  readonly energy: (u: number) => number;
  readonly slope: (u: number) => number;
}

function refused(
  name: string,
  why: string,
  f: (u: Tensor) => Tensor,
  energy: Refused["energy"],
  slope: Refused["slope"],
): Refused {
  const forward: Network["forward"] = ([w], x) => tf.reshape(f(tf.matMul(x, w as tf.Tensor2D)), [-1]) as tf.Tensor1D;
  return { network: networkOf(name, 2, [[2, 1]], forward), why, energy, slope };
}

/** Networks that only tfjs can run. */
export const refusedNetworks: readonly Refused[] = [
  refused("cos", "a kernel this package has not", tf.cos, Math.cos, (u) => -Math.sin(u)),
  refused(
    "select",
    "a boolean tensor",
    (u) => tf.where(tf.greater(u, 0.1), tf.mul(u, 3), tf.square(u)),
    (u) => (u > 0.1 ? 3 * u : u * u),
    (u) => (u > 0.1 ? 3 : 2 * u),
  ),
  refused(
    "read back",
    "a decision on numbers",
    // Dead weights while a program would be recorded, live ones later: a program would keep the first branch for ever.
    (u) => (tf.tidy(() => tf.sum(tf.square(u)).dataSync()[0]) === 0 ? tf.mul(u, 7) : tf.mul(u, u)),
    (u) => u * u,
    (u) => 2 * u,
  ),
  refused(
    "three groups of axes",
    "a shape without a walk",
    (u) => {
      const n = u.shape[0] as number;
      const pairs = tf.mul(tf.reshape(u, [n, 1, 1]), tf.tensor3d([1, 2], [1, 1, 2]));
      const cube = tf.mul(pairs, tf.tensor3d([1, 2, 3], [1, 3, 1]));
      return tf.sum(tf.square(cube), [1, 2]);
    },
    (u) => 70 * u * u,
    (u) => 140 * u,
  ),
];

/** E = log |x|, without a value at the origin: what a program does with rows that no batch has must not be seen. */
export const singularNetwork = networkOf("log |x|", 2, [[2, 1]], ([w], x) => {
  const radius = tf.sqrt(tf.sum(tf.square(x), 1, true));
  return tf.reshape(tf.add(tf.log(radius), tf.div(tf.matMul(x, w as tf.Tensor2D), radius)), [-1]) as tf.Tensor1D;
});

/** Score p, wherever x is: its squared loss has the gradient 2 sum_i weight_i (p - target_i), so a target asks for any gradient. */
export function constantScore(dim: number): Network {
  return networkOf("constant", dim, [[dim]], ([p], x) => tf.add(tf.mul(x, 0), p as tf.Tensor1D) as tf.Tensor2D, "score");
}
