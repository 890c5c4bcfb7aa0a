/**
 * Matrix products in f32. Both factors are packed into panels, so the four ways they can lie differ in packing alone. An entry is
 * start + sum over k in order (start: bias, zero or the old entry), in a full tile and at an edge alike: the bits of a row of C
 * depend neither on m nor on where the row stands, and blocks of rows can be computed apart. One column alone: gemm-vector.ts.
 *
 * mode 0: C = A[m,k] B[k,n]   1: A[m,k] B[n,k]^T   2: A[k,m]^T B[k,n]   3: A[k,m]^T B[n,k]^T
 */
import { packColumns5, packColumns8, packRows5, packRows8 } from "./gemm-pack";
import { tile } from "./gemm-tile";
import { columnsTimesVector, rowsTimesVector } from "./gemm-vector";
import { loadLanes, storeLanes } from "./lanes";

/** Longest depth of a panel: 8 KiB of B and 5 KiB of A stay in the first cache. */
const DEPTH: i32 = 256;

/** Bytes of scratch for one product of these sizes, and for any with as many or fewer columns and the same k. */
export function gemmScratch(m: i32, n: i32, k: i32): i32 {
  return <i32>tileOf(63, n, k) + 160;
}

/** C = A B + bias, or C += A B with `accumulate` (bias then unused). bias [n] or 0. Sizes from 0; nothing may overlap C. */
export function gemm(
  mode: i32,
  a: usize,
  b: usize,
  bias: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  accumulate: i32,
  scratch: usize,
): void {
  if (n == 1) {
    const again = accumulate != 0;
    const start: f32 = bias == 0 ? 0 : load<f32>(bias);
    if (mode < 2) rowsTimesVector(a, b, start, again, c, m, k);
    else columnsTimesVector(a, b, start, again, c, m, k);
    return;
  }
  const depth = blockDepth(k);
  packBias(bias, n, k, scratch);
  for (let done = 0; done == 0 || done < k; done += depth) {
    const part = min(depth, k - done);
    packBlock(mode, b, n, k, done, part, scratch);
    for (let row = 0; row < m; row += 5) {
      rowPanel(mode, a, c, m, n, k, row, done, part, accumulate != 0 || done > 0, scratch);
    }
  }
}

/** `batch` products of matrices `aStride`, `bStride` and `cStride` floats apart; stride 0: the same matrix for all. */
export function gemmBatched(
  mode: i32,
  a: usize,
  aStride: i32,
  b: usize,
  bStride: i32,
  c: usize,
  cStride: i32,
  batch: i32,
  m: i32,
  n: i32,
  k: i32,
  scratch: usize,
): void {
  if (bStride == 0 && mode < 2 && aStride == m * k && cStride == m * n) {
    gemm(mode, a, b, 0, c, m * batch, n, k, 0, scratch);
    return;
  }
  for (let i = 0; i < batch; i++) {
    gemm(mode, a, b, 0, c, m, n, k, 0, scratch);
    a += (<usize>aStride) << 2;
    b += (<usize>bStride) << 2;
    c += (<usize>cStride) << 2;
  }
}

/** Depth of the blocks k is cut into: as equal as can be, and never 0. */
export function blockDepth(k: i32): i32 {
  const blocks = max(1, (k + DEPTH - 1) / DEPTH);
  return max(1, (k + blocks - 1) / blocks);
}

/** The bias, or zeros, filled up to whole panels. */
export function packBias(bias: usize, n: i32, k: i32, scratch: usize): void {
  let to = biasOf(scratch, n, k);
  for (let left = (n + 7) & ~7; left > 0; left -= 4, n -= 4, to += 16) {
    v128.store(to, bias != 0 && n > 0 ? loadLanes(bias, n) : f32x4.splat(0));
    if (bias != 0) bias += 16;
  }
}

/** All columns of rows done .. done + depth of B as panels. */
export function packBlock(mode: i32, b: usize, n: i32, k: i32, done: i32, depth: i32, scratch: usize): void {
  const turned = (mode & 1) != 0;
  const stride = (<usize>(turned ? k : n)) << 2;
  b += turned ? (<usize>done) << 2 : <usize>done * stride;
  let to = panelsOf(scratch);
  for (let left = n; left > 0; left -= 8, to += (<usize>depth) << 5) {
    if (turned) packRows8(b, stride, left, depth, to);
    else packColumns8(b, stride, left, depth, to);
    b += turned ? 8 * stride : 32;
  }
}

/** Rows row .. row + 5 of C from the packed block; `again`: added to what C holds, otherwise to the bias. */
export function rowPanel(
  mode: i32,
  a: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  row: i32,
  done: i32,
  depth: i32,
  again: bool,
  scratch: usize,
): void {
  const panel = panelOf(scratch, n, k);
  const rows = min(5, m - row);
  if ((mode & 2) != 0) packColumns5(a + ((<usize>done * <usize>m + <usize>row) << 2), (<usize>m) << 2, rows, depth, panel);
  else packRows5(a + ((<usize>row * <usize>k + <usize>done) << 2), (<usize>k) << 2, rows, depth, panel);
  const stride = (<usize>n) << 2;
  const local = tileOf(scratch, n, k);
  c += <usize>row * stride;
  let b = panelsOf(scratch);
  let bias = biasOf(scratch, n, k);
  for (let left = n; left > 0; left -= 8, c += 32, bias += 32, b += (<usize>depth) << 5) {
    if (rows == 5 && left >= 8) {
      tile(panel, b, depth, again ? c : bias, again ? stride : 0, c, stride);
      continue;
    }
    if (again) copyTile(c, stride, local, 32, rows, left);
    tile(panel, b, depth, again ? local : bias, again ? 32 : 0, local, 32);
    copyTile(local, 32, c, stride, rows, left);
  }
}

/** The part of a tile that lies inside the matrix. */
function copyTile(from: usize, fromStride: usize, to: usize, toStride: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++, from += fromStride, to += toStride) {
    storeLanes(to, loadLanes(from, columns), columns);
    if (columns > 4) storeLanes(to + 16, loadLanes(from + 16, columns - 4), columns - 4);
  }
}

/** Scratch, from a cache line on: panels of B, bias, panel of A, one tile. */
function panelsOf(scratch: usize): usize {
  return (scratch + 63) & ~63;
}

function biasOf(scratch: usize, n: i32, k: i32): usize {
  return panelsOf(scratch) + ((<usize>blockDepth(k) * <usize>((n + 7) & ~7)) << 2);
}

function panelOf(scratch: usize, n: i32, k: i32): usize {
  return biasOf(scratch, n, k) + ((<usize>((n + 7) & ~7)) << 2);
}

function tileOf(scratch: usize, n: i32, k: i32): usize {
  return panelOf(scratch, n, k) + ((<usize>blockDepth(k) * 20 + 15) & ~15);
}
