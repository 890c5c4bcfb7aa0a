/**
 * Coordinates moved along the edges of a graph network, from where the SiLU of the edges' coordinate layer begins:
 *
 *   out_i = x_i + sum_j range f_ij tanh(silu(z_ij) . w) (x_i - x_j) / (rho_ij + 1),   rho = sqrt(|x_i - x_j|^2 + 1e-8)
 *
 * x, out [batch, n, dim], dim to 3, z [edges, width] (edge-geometry.ts), w [width], f [edges] or [1] for all; the width is a multiple of 4.
 */
import { addTo, squareBetween } from "./edge-geometry";
import { decay, falling, reciprocal, rising, slope } from "./silu";
import { madd } from "./simd";
import { tanhFull } from "./simd-full";
import { laneSum } from "./sums";

/** f is `fStep` floats from edge to edge. */
export function edgeShift(
  z: usize,
  w: usize,
  x: usize,
  f: usize,
  fStep: i32,
  out: usize,
  batch: i32,
  n: i32,
  dim: i32,
  width: i32,
  range: f32,
): void {
  const size = (<usize>width) << 2;
  const point = (<usize>dim) << 2;
  memory.copy(out, x, <usize>(batch * n) * point);
  for (let b = 0; b < batch; b++, x += <usize>n * point) {
    for (let i = 0; i < n; i++, out += point) {
      const own = x + <usize>i * point;
      for (let j = 0; j < n; j++) {
        if (j == i) continue;
        const other = x + <usize>j * point;
        const factor: f32 = range * load<f32>(f) * tanhOf(siluDot(z, w, size));
        const share: f32 = factor / (rho(own, other, dim) + 1);
        for (let axis: usize = 0; axis < point; axis += 4)
          addTo(out + axis, share * (load<f32>(own + axis) - load<f32>(other + axis)));
        z += size;
        f += (<usize>fStep) << 2;
      }
    }
  }
}

function tanhOf(x: f32): f32 {
  return f32x4.extract_lane(tanhFull(f32x4.splat(x)), 0);
}

function rho(a: usize, b: usize, dim: i32): f32 {
  return sqrt<f32>(squareBetween(a, b, dim) + 1e-8);
}

/** silu(z) . w */
function siluDot(z: usize, w: usize, size: usize): f32 {
  let dot = f32x4.splat(0);
  for (const end = z + size; z < end; z += 16, w += 16) {
    const value = v128.load(z);
    const e = decay(value);
    const m = f32x4.mul(f32x4.pmax(value, f32x4.splat(-100)), rising(value, e, reciprocal(e)));
    dot = madd(m, v128.load(w), dot);
  }
  return laneSum(dot);
}

/** From dy [batch, n, dim]: dz [edges, width], dw [width], dx [batch, n, dim], df [edges]. No output may be an input; scratch of 4 width bytes. */
export function edgeShiftGradient(
  z: usize,
  w: usize,
  x: usize,
  f: usize,
  fStep: i32,
  dy: usize,
  dz: usize,
  dw: usize,
  dx: usize,
  df: usize,
  batch: i32,
  n: i32,
  dim: i32,
  width: i32,
  range: f32,
  scratch: usize,
): void {
  const size = (<usize>width) << 2;
  const point = (<usize>dim) << 2;
  memory.fill(dw, 0, size);
  memory.copy(dx, dy, <usize>(batch * n) * point);
  for (let b = 0; b < batch; b++, x += <usize>n * point, dx += <usize>n * point) {
    for (let i = 0; i < n; i++, dy += point) {
      for (let j = 0; j < n; j++) {
        if (j == i) continue;
        const t = tanhOf(valuesInto(z, w, dz, scratch, size));
        const weight = load<f32>(f);
        const pull: f32 = range * moveEdge(x, dx, dy, <usize>i * point, <usize>j * point, dim, range * weight * t);
        store<f32>(df, pull * t);
        chain(f32x4.splat(pull * weight * (1 - t * t)), w, dz, dw, scratch, size);
        z += size;
        dz += size;
        df += 4;
        f += (<usize>fStep) << 2;
      }
    }
  }
}

/** silu(z) to scratch, its slope to dz; silu(z) . w. */
function valuesInto(z: usize, w: usize, dz: usize, scratch: usize, size: usize): f32 {
  let dot = f32x4.splat(0);
  for (const end = z + size; z < end; z += 16, w += 16, dz += 16, scratch += 16) {
    const value = v128.load(z);
    const e = decay(value);
    const k = reciprocal(e);
    const s = rising(value, e, k);
    const m = f32x4.mul(f32x4.pmax(value, f32x4.splat(-100)), s);
    v128.store(scratch, m);
    v128.store(dz, slope(value, s, falling(value, e, k)));
    dot = madd(m, v128.load(w), dot);
  }
  return laneSum(dot);
}

/** dz = pull w slope, dw += pull silu(z). */
function chain(pull: v128, w: usize, dz: usize, dw: usize, scratch: usize, size: usize): void {
  for (const end = w + size; w < end; w += 16, dz += 16, dw += 16, scratch += 16) {
    v128.store(dz, f32x4.mul(f32x4.mul(pull, v128.load(w)), v128.load(dz)));
    v128.store(dw, madd(pull, v128.load(scratch), v128.load(dw)));
  }
}

/** dx += dy_i's gradient through d / (rho + 1) times `factor`, d = x_i - x_j; dy_i . d / (rho + 1). */
function moveEdge(x: usize, dx: usize, dy: usize, own: usize, other: usize, dim: i32, factor: f32): f32 {
  const length = rho(x + own, x + other, dim);
  const share: f32 = 1 / (length + 1);
  let along: f32 = 0;
  for (let axis: usize = 0; axis < (<usize>dim) << 2; axis += 4) {
    along += load<f32>(dy + axis) * (load<f32>(x + own + axis) - load<f32>(x + other + axis));
  }
  const back: f32 = (along * share * share) / length;
  for (let axis: usize = 0; axis < (<usize>dim) << 2; axis += 4) {
    const d: f32 = load<f32>(x + own + axis) - load<f32>(x + other + axis);
    const pull: f32 = factor * (share * load<f32>(dy + axis) - back * d);
    addTo(dx + own + axis, pull);
    addTo(dx + other + axis, -pull);
  }
  return along * share;
}
