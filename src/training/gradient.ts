/** Loss and its gradient in the flat parameter vector, for energies, scores, and scores of energy networks (two differentiations). */
import {
  concat,
  engine,
  keep,
  neg,
  reshape,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tidy,
  zeros,
} from "@tensorflow/tfjs-core";
import { type Network, type NetworkOutput, sizeOf, splitParameters } from "../networks/network.js";
import { fitGradient, type GradientFit } from "./gradient-fit.js";
import { type Loss, type LossInputs, meanLoss } from "./loss.js";

/** What a run minimizes: a loss of predictions, or the fit of an energy to its gradient. */
export type TrainingLoss = Loss | GradientFit;

/** One batch on the device. */
export interface TrainingBatch extends LossInputs {
  /** [n, dim], raw units. */
  readonly x: Tensor2D;
  /** h of each row [n], raw units squared. */
  readonly variance: Tensor1D;
  /** What `target` is; a score target of an energy network is compared with -grad_x E. */
  readonly kind: NetworkOutput | "gradient";
  /** With kind "gradient", [n]. */
  readonly slope?: Tensor1D;
}

export interface LossAndGradient {
  readonly loss: Scalar;
  /** [parameterCount]. */
  readonly gradient: Tensor1D;
  /** Energy [n] or score [n, dim]. */
  readonly prediction: Tensor;
}

function predict(network: Network, pieces: readonly Tensor[], batch: TrainingBatch): Tensor {
  const { x, variance } = batch;
  if (batch.kind === network.output) return network.forward(pieces, x, variance);
  if (network.output === "score")
    throw new TypeError(`train: the estimator is for energies, the ${network.name} network has a score head`);
  const { grads } = engine().gradients(() => network.forward(pieces, x, variance), [x]);
  return neg(grads[0]);
}

/** Mean loss of a batch, its prediction, and the gradient in each piece of the parameters; null where a piece does not reach the loss. */
export function gradientsOf(network: Network, pieces: readonly Tensor[], batch: TrainingBatch, loss: TrainingLoss) {
  if (loss.name === "gradient") return fitGradient(network, pieces, { ...batch, slope: batch.slope as Tensor1D }, loss);
  let prediction: Tensor | undefined;
  const f = () => {
    prediction = keep(predict(network, pieces, batch));
    return meanLoss(loss, prediction, batch);
  };
  const { value, grads } = engine().gradients(f, [...pieces], undefined, true);
  return { loss: value as Scalar, prediction: prediction as unknown as Tensor, gradients: grads as (Tensor | null)[] };
}

/**
 * Mean loss of a batch and its gradient. The vector is cut into pieces before differentiation and the pieces' gradients joined after
 * it: differentiating through the cuts would pad each piece's gradient to full length. A piece that does not reach the loss (the last bias,
 * when only grad_x E does) has gradient zero.
 *
 * @returns tensors owned by the caller
 * @throws TypeError when the target is an energy and the network has a score head
 */
export function lossAndGradient(network: Network, flat: Tensor1D, batch: TrainingBatch, loss: TrainingLoss): LossAndGradient {
  return tidy(() => {
    const pieces = splitParameters(flat, network.shapes);
    const { loss: value, prediction, gradients } = gradientsOf(network, pieces, batch, loss);
    const joined = gradients.map((gradient, at) => (gradient ? reshape(gradient, [-1]) : zeros([sizeOf(network.shapes[at])])));
    return { loss: value, gradient: concat(joined) as Tensor1D, prediction };
  });
}
