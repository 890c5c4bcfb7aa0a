import { blockDepth, packBias, packBlock, rowPanel } from "./gemm";
import { silu } from "./silu";

/**
 * One layer: z = x w + bias, y = silu(z) + residual. x [m, k], w [k, n], bias [n] or 0, residual [m, n] or 0; z is written when
 * it is not 0. The SiLU follows on each panel of rows while it is in the first cache. Nothing may overlap z or y; scratch as
 * for `gemm`.
 */
export function denseSilu(
  x: usize,
  w: usize,
  bias: usize,
  residual: usize,
  z: usize,
  y: usize,
  m: i32,
  n: i32,
  k: i32,
  scratch: usize,
): void {
  const depth = blockDepth(k);
  const sums = z == 0 ? y : z;
  packBias(bias, n, k, scratch);
  for (let done = 0; done == 0 || done < k; done += depth) {
    const part = min(depth, k - done);
    packBlock(0, w, n, k, done, part, scratch);
    for (let row = 0; row < m; row += 5) {
      rowPanel(0, x, sums, m, n, k, row, done, part, done > 0, scratch);
      if (done + part < k) continue;
      const first = (<usize>row * <usize>n) << 2;
      silu(sums + first, residual == 0 ? 0 : residual + first, y + first, min(5, m - row) * n);
    }
  }
}
