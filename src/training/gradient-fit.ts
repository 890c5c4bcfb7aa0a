/**
 * Fit of an energy network U to targets for its score and its slope in log sigma, without a second back-propagation.
 *
 *   L = sum_b w_b ( |sigma (-grad_x U - R)|^2 + lambda (dU / d log sigma - T)^2 )
 *
 * Its gradient in the parameters is that of a directional derivative: with r = sigma (-grad_x U - R), q = dU / d log sigma - T and the
 * direction v = 2 w (-sigma r, lambda q) in (x, log sigma), held constant,
 *
 *   dL / d theta = v . d/d(x, log sigma) grad_theta U  ~  [grad_theta U(x + k v) - grad_theta U(x - k v)] / (2 k),
 *
 * two ordinary passes. k makes the step `stride` long: short against everything the network resolves, long against f32 rounding. A stride of
 * .01 to .03 of the network's length leaves an error of 1e-3 of the gradient. The slope itself is a central difference over +- 2 % of sigma.
 */
import {
  add,
  concat,
  div,
  engine,
  exp,
  minimum,
  mul,
  neg,
  reshape,
  type Scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import type { Network } from "../networks/network.js";

/** One batch on the device. */
export interface GradientFitBatch {
  /** [n, dim], raw units. */
  readonly x: Tensor2D;
  /** h of each row [n]. */
  readonly variance: Tensor1D;
  /** R, [n, dim]. */
  readonly target: Tensor2D;
  /** T, [n]. */
  readonly slope: Tensor1D;
  /** w, [n]. */
  readonly weight: Tensor1D;
}

/** Settings of the fit. */
export interface GradientFit {
  readonly name: "gradient";
  /** lambda; 0 leaves the slope alone, and saves two passes: for a score on top of a prior whose energy jumps. */
  readonly slopeWeight: number;
  /** Norm of r above which a row pulls no harder. */
  readonly residualClip: number;
}

/** Half of the step in log sigma of the slope. */
const SLOPE_STEP = 0.02;
/** Length of the step along v: root mean square per coordinate, in units of the network's length, and in log sigma. */
const STRIDE = 0.01;
/** Keeps the division by a vanishing |v| finite; such rows pull nowhere. */
const TINY = 1e-12;

/** U at the rows' variances times exp(2 shift). */
function shifted(network: Network, pieces: readonly Tensor[], x: Tensor2D, variance: Tensor1D, shift: number): Tensor1D {
  return network.forward(pieces, x, mul(variance, Math.exp(2 * shift)) as Tensor1D) as Tensor1D;
}

/** dU / d log sigma, [n]. */
function slopeOf(network: Network, pieces: readonly Tensor[], x: Tensor2D, variance: Tensor1D): Tensor1D {
  const above = shifted(network, pieces, x, variance, SLOPE_STEP);
  const below = shifted(network, pieces, x, variance, -SLOPE_STEP);
  return div(sub(above, below), 2 * SLOPE_STEP) as Tensor1D;
}

/** A column [n, 1] of a vector [n]. */
const column = (values: Tensor): Tensor2D => reshape(values, [-1, 1]);

/** Length in raw units in which the network sees coordinates. */
function lengthOf(network: Network): number {
  const { scale } = network.options as { readonly scale?: number };
  return scale ?? 1;
}

/** Residuals r [n, dim] and q [n], their loss, and what the network predicts. */
function residuals(
  network: Network,
  pieces: readonly Tensor[],
  batch: GradientFitBatch,
  { slopeWeight, residualClip }: GradientFit,
) {
  const { x, variance, target, weight } = batch;
  const { grads } = engine().gradients(() => network.forward(pieces, x, variance), [x]);
  const score = neg(grads[0]) as Tensor2D;
  const slope = slopeWeight === 0 ? batch.slope : slopeOf(network, pieces, x, variance);
  const sigma = sqrt(variance);
  const r = mul(column(sigma), sub(score, target)) as Tensor2D;
  const q = sub(slope, batch.slope) as Tensor1D;
  const rSquare = sum(square(r), 1);
  const rows = add(rSquare, mul(slopeWeight, square(q)));
  // The pull of a row beyond the clip is that of one at the clip.
  const share = minimum(1, div(residualClip, sqrt(add(rows, TINY))));
  const pull = mul(mul(weight, 2), share);
  return { score, slope, sigma, r, q, pull, loss: sum(mul(rows, weight)) as Scalar };
}

/**
 * Loss, prediction [n, dim + 1] (score, then slope), and the gradient in each piece of the parameters; null where a piece does not reach it.
 */
export function fitGradient(network: Network, pieces: readonly Tensor[], batch: GradientFitBatch, fit: GradientFit) {
  const { x, variance } = batch;
  const { score, slope, sigma, r, q, pull, loss } = residuals(network, pieces, batch, fit);
  const vx = neg(mul(r, column(mul(pull, sigma)))) as Tensor2D;
  const vs = mul(mul(pull, fit.slopeWeight), q) as Tensor1D;
  const perAxis = 1 / (network.dim * lengthOf(network) ** 2);
  const norm = sqrt(add(add(mul(sum(square(vx), 1), perAxis), square(vs)), TINY * TINY));
  const k = div(STRIDE, norm) as Tensor1D;
  const stepX = mul(vx, column(k));
  const stepS = exp(mul(mul(vs, k), 2));
  const ahead = { x: add(x, stepX) as Tensor2D, variance: mul(variance, stepS) as Tensor1D };
  const behind = { x: sub(x, stepX) as Tensor2D, variance: div(variance, stepS) as Tensor1D };
  const scale = div(norm, 2 * STRIDE);
  const difference = () => {
    const up = network.forward(pieces, ahead.x, ahead.variance);
    const down = network.forward(pieces, behind.x, behind.variance);
    return sum(mul(sub(up, down), scale)) as Scalar;
  };
  const { grads } = engine().gradients(difference, [...pieces], undefined, true);
  const prediction = concat([score, column(slope)], 1);
  return { loss, prediction, gradients: grads as (Tensor | null)[] };
}

/** Losses of rows without weights, [n], from a prediction as `fitGradient` gives it. */
export function gradientLosses(
  prediction: Float32Array,
  { target, slope }: { readonly target: Float32Array; readonly slope?: Float32Array },
  variance: Float32Array,
  { slopeWeight }: GradientFit,
): Float32Array {
  const n = variance.length;
  const dim = target.length / n;
  return variance.map((h, row) => {
    let square = 0;
    for (let d = 0; d < dim; d++) square += (prediction[row * (dim + 1) + d] - target[row * dim + d]) ** 2;
    const q = prediction[row * (dim + 1) + dim] - (slope?.[row] ?? 0);
    return h * square + slopeWeight * q * q;
  });
}
