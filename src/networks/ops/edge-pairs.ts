/** Edges of fully connected graphs without gathers. */
import { add, matMul, ones, reshape, sub, sum, type Tensor, type Tensor2D, tensor } from "@tensorflow/tfjs-core";
import { ownKernelsRun } from "../wasm/kernel-mode.js";
import { cutColumns } from "./columns.js";

/** x [batch, n, n, k] -> [batch, n, n - 1, k]: the entries (i, j), j != i, by i and then by j. Differentiable to any order. */
export function offDiagonal(x: Tensor): Tensor {
  const [batch, n, , k] = x.shape;
  // Behind the first entry the diagonal is every (n + 1)th one.
  const behind = cutColumns(reshape(x, [batch, n * n * k]) as Tensor2D, k, (n * n - 1) * k);
  const between = cutColumns(reshape(behind, [batch * (n - 1), (n + 1) * k]) as Tensor2D, 0, n * k);
  return reshape(between, [batch, n, n - 1, k]);
}

/** [1, n (n - 1), n]: row (i, j) has `own` at i and `other` at j. */
function incidence(n: number, own: number, other: number): Tensor {
  const values = new Float32Array(n * (n - 1) * n);
  let row = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      values[row + i] = own;
      values[row + j] = other;
      row += n;
    }
  }
  return tensor(values, [1, n * (n - 1), n]);
}

/**
 * a_i + c_j for a, c [batch, n, k] -> [batch n (n - 1), k]. On this package's kernels by exact products, which a program can hold; elsewhere all
 * pairs by broadcasting, then the diagonal cut out by two slices. Differentiable to any order.
 */
export function edgeSums(a: Tensor, c: Tensor): Tensor {
  const [batch, n, k] = a.shape;
  const shape = [batch * n * (n - 1), k];
  if (ownKernelsRun()) return reshape(add(matMul(incidence(n, 1, 0), a), matMul(incidence(n, 0, 1), c)), shape);
  return reshape(offDiagonal(add(reshape(a, [batch, n, 1, k]), reshape(c, [batch, 1, n, k]))), shape);
}

/** x [batch, n, k] -> x_i - x_j, [batch, n, n - 1, k]; as `edgeSums`. */
export function edgeDifferences(x: Tensor): Tensor {
  const [batch, n, k] = x.shape;
  if (ownKernelsRun()) return reshape(matMul(incidence(n, 1, -1), x), [batch, n, n - 1, k]);
  return offDiagonal(sub(reshape(x, [batch, n, 1, k]), reshape(x, [batch, 1, n, k])));
}

/** x [nodes, edges, k] -> sums over the edges, [nodes, k]; as `edgeSums`. */
export function overEdges(x: Tensor): Tensor {
  const [nodes, edges, k] = x.shape;
  return ownKernelsRun() ? reshape(matMul(ones([1, 1, edges]), x), [nodes, k]) : sum(x, 1);
}
