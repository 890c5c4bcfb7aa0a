import { blockDepth, packBias, packBlock, rowPanel } from "./gemm";
import { silu, siluKept } from "./silu";

/**
 * One layer: z = x w + bias, y = silu(z) + residual, and unless they are 0 slope = silu'(z), bend = silu''(z), all [m, n]. x [m, k],
 * w [k, n], bias [n] or 0, residual [m, n] or 0; no bend without slope. The SiLU follows on each panel of rows while it is in the
 * first cache. Nothing may overlap an output; scratch as for `gemm`.
 */
export function denseSilu(
  x: usize,
  w: usize,
  bias: usize,
  residual: usize,
  y: usize,
  slope: usize,
  bend: usize,
  m: i32,
  n: i32,
  k: i32,
  scratch: usize,
): void {
  const depth = blockDepth(k);
  packBias(bias, n, k, scratch);
  for (let done = 0; done == 0 || done < k; done += depth) {
    const part = min(depth, k - done);
    packBlock(0, w, n, k, done, part, scratch);
    for (let row = 0; row < m; row += 5) {
      rowPanel(0, x, y, m, n, k, row, done, part, done > 0, scratch);
      if (done + part < k) continue;
      const first = (<usize>row * <usize>n) << 2;
      const count = min(5, m - row) * n;
      const old: usize = residual == 0 ? 0 : residual + first;
      if (slope == 0) silu(y + first, old, y + first, count);
      else siluKept(y + first, old, y + first, slope + first, bend == 0 ? 0 : bend + first, count);
    }
  }
}
