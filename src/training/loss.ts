/**
 * Losses between a network's prediction and an estimator's target. Targets and weights are constants here: differentiating through
 * them would give a constant energy a loss of zero under bootstrapping.
 */
import {
  add,
  customGrad,
  exp,
  maximum,
  minimum,
  mul,
  reshape,
  type Scalar,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor1d,
  tensor2d,
} from "@tensorflow/tfjs-core";

/**
 * "squared"  L(r) = r^2, on energies or on scores (summed over coordinates): the papers' loss. Its minimum is the mean of the targets, which
 *            for energies is too high by about Var(w) / (2 K mean(w)^2) (Jensen).
 * "linex"    L(r) = exp(r) - r - 1 with r = prediction - target, linear beyond `cap`; energies only. Its minimum is
 *            -log mean exp(-target), the noised energy itself, for every K.
 */
export type Loss = { readonly name: "squared" } | { readonly name: "linex"; readonly cap?: number };

/** The linex loss is linear beyond this residual. Measured on GMM-40 with K = 32: cap 2 biases by .4 kT, 4 by .03, 6 by about 0. */
export const defaultCap = 6;

/**
 * Residuals below this count as this in the linex loss: exp(-32) - 1 is exactly -1 in f32, so a target of +inf pulls with gradient -1
 * and adds 31, not infinity, to the mean.
 */
const lowestResidual = -32;

/** Stands for +inf on the way to the device: WGSL promises nothing about infinities. Any residual to it is below `lowestResidual`. */
const asGoodAsInfinite = 1e30;

/** Whatever has the name of a loss. */
interface LossName {
  readonly name: string;
}

/** Target and weight of a batch, as the loss reads them. */
export interface LossArrays {
  /** Energies [n] in kT or scores [n, dim]; finite. */
  readonly target: Float32Array;
  /** [n], divided by the number of rows that count; 0 for rows that do not. */
  readonly weight: Float32Array;
  /** Rows left out because their target was not finite (beyond those `excluded` named): NaN, -inf, and +inf under squared error. */
  readonly dropped: number;
  /** Rows of the mean; 0 makes the loss a meaningless 0. */
  readonly counted: number;
}

/** The same on the device, owned by the caller: target [n, 1] or [n, dim]. */
export interface LossInputs {
  readonly target: Tensor2D;
  readonly weight: Tensor1D;
}

function rowCounts(target: Float32Array, row: number, width: number, loss: LossName): boolean {
  for (let j = row * width; j < (row + 1) * width; j++) {
    if (Number.isFinite(target[j])) continue;
    if (!(loss.name === "linex" && target[j] === Infinity)) return false;
  }
  return true;
}

/**
 * Target and weights made fit for the loss. Under linex a target of +inf stays in the batch (dropping it would lower the fit by log(1 / P(hit)));
 * every other non-finite target is left out and counted.
 *
 * @param target [n] or [n, dim] row-major
 * @param weight [n], may depend on x and variance but never on the target; all 1 if absent
 * @param excluded [n], 1 where the estimator found nothing finite
 */
export function lossArrays(
  loss: LossName,
  target: Float32Array,
  n: number,
  weight?: Float32Array,
  excluded?: Uint8Array,
): LossArrays {
  const width = target.length / n;
  const values = target.slice();
  const weights = new Float32Array(n);
  let counted = 0;
  let dropped = 0;
  for (let row = 0; row < n; row++) {
    const usable = rowCounts(target, row, width, loss);
    if (!usable && !excluded?.[row]) dropped++;
    if (usable && !excluded?.[row]) {
      counted++;
      weights[row] = weight ? weight[row] : 1;
      if (values[row * width] === Infinity) values[row] = asGoodAsInfinite; // only linex, whose width is 1
    } else {
      values.fill(0, row * width, (row + 1) * width);
    }
  }
  if (counted > 0) for (let row = 0; row < n; row++) weights[row] /= counted;
  return { target: values, weight: weights, dropped, counted };
}

/** Puts them on the device. */
export function uploadLossInputs({ target, weight }: Pick<LossArrays, "target" | "weight">): LossInputs {
  const n = weight.length;
  return { target: tensor2d(target, [n, target.length / n]), weight: tensor1d(weight) };
}

/** exp(r) - r - 1 below `cap`, its tangent beyond, elementwise. r is bounded before exp: an overflow selected away would leave NaN gradients. */
function linex(residual: Tensor, cap: number): Tensor {
  const apply = customGrad((...inputs) => {
    const [r, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
    save([r]);
    const bounded = minimum(maximum(r, lowestResidual), cap);
    const beyond = mul(maximum(sub(r, cap), 0), Math.exp(cap) - 1);
    const value = add(sub(sub(exp(bounded), 1), bounded), beyond);
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, linexSlope(saved[0], cap)) };
  });
  return apply(residual);
}

/** min(exp(r), exp(cap)) - 1. */
function linexSlope(residual: Tensor, cap: number): Tensor {
  return sub(exp(minimum(maximum(residual, lowestResidual), cap)), 1);
}

/** sum_i w_i L_i with the weights of `lossInputs` (so a mean over the rows that count), differentiable in the prediction. */
export function meanLoss(loss: Loss, prediction: Tensor, inputs: LossInputs): Scalar {
  const residual = sub(reshape(prediction, inputs.target.shape), inputs.target);
  const each = loss.name === "linex" ? linex(residual, loss.cap ?? defaultCap) : square(residual);
  return sum(mul(sum(each, 1), inputs.weight)) as Scalar;
}
