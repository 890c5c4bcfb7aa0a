/** The median distance between rows, the usual length scale of a kernel. */
import { sortNumbers, sortScratch } from "./sort";

/** Bytes of scratch of `medianSquare`: all n (n - 1) / 2 squares and the sort's own. */
export function medianScratch(n: i32): usize {
  const pairs = (n * (n - 1)) >> 1;
  return ((<usize>pairs) << 3) + sortScratch(pairs);
}

/** The upper median of |x_i - x_j|^2 over pairs of rows of x [n, dim], n >= 2, in f64. */
export function medianSquare(x: usize, n: i32, dim: i32, scratch: usize): f64 {
  const rowBytes = (<usize>dim) << 2;
  const end = x + <usize>n * rowBytes;
  let out = scratch;
  for (let a = x; a < end; a += rowBytes) {
    for (let b = x; b < a; b += rowBytes, out += 8) {
      let sum: f64 = 0;
      for (let d: usize = 0; d < rowBytes; d += 4) {
        const difference = <f64>load<f32>(a + d) - <f64>load<f32>(b + d);
        sum += difference * difference;
      }
      store<f64>(out, sum);
    }
  }
  const pairs = (n * (n - 1)) >> 1;
  sortNumbers(scratch, pairs, out);
  return load<f64>(scratch + ((<usize>(pairs >> 1)) << 3));
}
