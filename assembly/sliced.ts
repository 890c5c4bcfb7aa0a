/** Sums of squares between sorted projections: the sliced Wasserstein distance. */
import { sortNumbers, sortScratch } from "./sort";

/** Bytes of scratch of `slicedSquares`: two projections and the sort's own. */
export function slicedScratch(n: i32): usize {
  return ((<usize>n) << 4) + sortScratch(n);
}

/**
 * sum over directions k and ranks i of (p_i - q_i)^2, p and q the sorted projections of a and b [n, dim] f32 on direction k of
 * directions [count, dim] f64; all sums in f64, in this order.
 */
export function slicedSquares(a: usize, b: usize, n: i32, dim: i32, directions: usize, count: i32, scratch: usize): f64 {
  const p = scratch;
  const bytes = (<usize>n) << 3;
  const q = p + bytes;
  const rest = q + bytes;
  let total: f64 = 0;
  for (let k = 0; k < count; k++) {
    project(a, n, dim, directions, p);
    project(b, n, dim, directions, q);
    sortNumbers(p, n, rest);
    sortNumbers(q, n, rest);
    for (let i: usize = 0; i < bytes; i += 8) {
      const difference = load<f64>(p + i) - load<f64>(q + i);
      total += difference * difference;
    }
    directions += (<usize>dim) << 3;
  }
  return total;
}

function project(x: usize, n: i32, dim: i32, direction: usize, out: usize): void {
  const last = direction + ((<usize>dim) << 3);
  for (let i = 0; i < n; i++, out += 8) {
    let sum: f64 = 0;
    for (let at = direction; at < last; at += 8, x += 4) sum += <f64>load<f32>(x) * load<f64>(at);
    store<f64>(out, sum);
  }
}
