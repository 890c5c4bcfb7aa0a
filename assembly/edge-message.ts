/**
 * First layer of the edges of a graph network by its parts: y_ij = silu(a_i + c_j + r_ij w_0 + q_ij w_1), where a and c are products of the
 * nodes (n of them in place of n^2). a, c [batch n, width], r, q [edges] (edge-geometry.ts), w [2, width]; the width is a
 * multiple of 4. Derivatives take z and its exponential again: that is cheaper than to keep them (8 bytes an entry through the third cache).
 */
import { decay, falling, reciprocal, rising, slope } from "./silu";
import { madd } from "./simd";
import { laneSum } from "./sums";

/** y [edges, width]. */
export function edgeMessage(a: usize, c: usize, r: usize, q: usize, w: usize, y: usize, batch: i32, n: i32, width: i32): void {
  const size = (<usize>width) << 2;
  for (let b = 0; b < batch; b++, c += <usize>n * size) {
    for (let i = 0; i < n; i++, a += size) {
      for (let j = 0; j < n; j++) {
        if (j == i) continue;
        messageRow(a, c + <usize>j * size, v128.load32_splat(r), v128.load32_splat(q), w, y, size);
        r += 4;
        q += 4;
        y += size;
      }
    }
  }
}

function messageRow(a: usize, c: usize, r: v128, q: v128, w: usize, y: usize, size: usize): void {
  for (const end = a + size; a < end; a += 16, c += 16, w += 16, y += 16) {
    const z = before(a, c, r, q, w, size);
    const e = decay(z);
    v128.store(y, f32x4.mul(f32x4.pmax(z, f32x4.splat(-100)), rising(z, e, reciprocal(e))));
  }
}

/** z of four columns. */
function before(a: usize, c: usize, r: v128, q: v128, w: usize, size: usize): v128 {
  return madd(q, v128.load(w + size), madd(r, v128.load(w), f32x4.add(v128.load(a), v128.load(c))));
}

/** From dy [edges, width]: da, dc [batch n, width], dr, dq [edges], dw [2, width]. No output may be an input. */
export function edgeMessageGradient(
  a: usize,
  c: usize,
  r: usize,
  q: usize,
  w: usize,
  dy: usize,
  da: usize,
  dc: usize,
  dr: usize,
  dq: usize,
  dw: usize,
  batch: i32,
  n: i32,
  width: i32,
): void {
  const size = (<usize>width) << 2;
  memory.fill(dw, 0, 2 * size);
  memory.fill(da, 0, <usize>(batch * n) * size);
  memory.fill(dc, 0, <usize>(batch * n) * size);
  for (let b = 0; b < batch; b++, c += <usize>n * size, dc += <usize>n * size) {
    for (let i = 0; i < n; i++, a += size, da += size) {
      for (let j = 0; j < n; j++) {
        if (j == i) continue;
        const other = <usize>j * size;
        messageGradientRow(a, c + other, r, q, w, dy, da, dc + other, dr, dq, dw, size);
        r += 4;
        q += 4;
        dr += 4;
        dq += 4;
        dy += size;
      }
    }
  }
}

function messageGradientRow(
  a: usize,
  c: usize,
  r: usize,
  q: usize,
  w: usize,
  dy: usize,
  da: usize,
  dc: usize,
  dr: usize,
  dq: usize,
  dw: usize,
  size: usize,
): void {
  const square = v128.load32_splat(r);
  const first = v128.load32_splat(q);
  let toSquare = f32x4.splat(0);
  let toFirst = f32x4.splat(0);
  for (const end = a + size; a < end; a += 16, c += 16, w += 16, dy += 16, da += 16, dc += 16, dw += 16) {
    const z = before(a, c, square, first, w, size);
    const e = decay(z);
    const k = reciprocal(e);
    const dz = f32x4.mul(v128.load(dy), slope(z, rising(z, e, k), falling(z, e, k)));
    v128.store(da, f32x4.add(v128.load(da), dz));
    v128.store(dc, f32x4.add(v128.load(dc), dz));
    v128.store(dw, madd(dz, square, v128.load(dw)));
    v128.store(dw + size, madd(dz, first, v128.load(dw + size)));
    toSquare = madd(dz, v128.load(w), toSquare);
    toFirst = madd(dz, v128.load(w + size), toFirst);
  }
  store<f32>(dr, laneSum(toSquare));
  store<f32>(dq, laneSum(toFirst));
}
