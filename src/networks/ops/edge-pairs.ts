/** Edges of fully connected graphs without gathers: all pairs by broadcasting, then the diagonal cut out by two slices. */
import { reshape, sub, type Tensor, type Tensor2D } from "@tensorflow/tfjs-core";
import { cutColumns } from "./columns.js";

/** x [batch, n, n, k] -> [batch, n, n - 1, k]: the entries (i, j), j != i, by i and then by j. Differentiable to any order. */
export function offDiagonal(x: Tensor): Tensor {
  const [batch, n, , k] = x.shape;
  // Behind the first entry the diagonal is every (n + 1)th one.
  const behind = cutColumns(reshape(x, [batch, n * n * k]) as Tensor2D, k, (n * n - 1) * k);
  const between = cutColumns(reshape(behind, [batch * (n - 1), (n + 1) * k]) as Tensor2D, 0, n * k);
  return reshape(between, [batch, n, n - 1, k]);
}

/** x [batch, n, k] -> x_i - x_j, [batch, n, n - 1, k]. */
export function edgeDifferences(x: Tensor): Tensor {
  const [batch, n, k] = x.shape;
  return offDiagonal(sub(reshape(x, [batch, n, 1, k]), reshape(x, [batch, 1, n, k])));
}
