/**
 * Second layer of the edges of a graph network, from where its SiLU begins: m = silu(z), g = sigmoid(m . w + bias) f, y = g m, and the sum
 * of y over the edges of each particle. z [nodes edges, width] with `edges` rows per node, w [width], bias [1], f [nodes edges] or [1] for all; the width is a multiple of 4.
 */
import { decay, falling, reciprocal, rising, slope } from "./silu";
import { madd } from "./simd";
import { sigmoidFull } from "./simd-full";
import { laneSum } from "./sums";

/** y [nodes edges, width], sum [nodes, width]; y may be z. f is `fStep` floats from edge to edge. */
export function edgeGate(
  z: usize,
  w: usize,
  bias: usize,
  f: usize,
  fStep: i32,
  y: usize,
  sum: usize,
  nodes: i32,
  edges: i32,
  width: i32,
): void {
  const size = (<usize>width) << 2;
  for (let node = 0; node < nodes; node++, sum += size) {
    memory.fill(sum, 0, size);
    for (let edge = 0; edge < edges; edge++, z += size, y += size, f += (<usize>fStep) << 2) {
      const open = sigmoidOf(siluDot(z, w, y, size) + load<f32>(bias));
      scaleInto(y, f32x4.splat(open * load<f32>(f)), sum, size);
    }
  }
}

function sigmoidOf(x: f32): f32 {
  return f32x4.extract_lane(sigmoidFull(f32x4.splat(x)), 0);
}

/** m = silu(z) to y; m . w. */
function siluDot(z: usize, w: usize, y: usize, size: usize): f32 {
  let dot = f32x4.splat(0);
  for (const end = z + size; z < end; z += 16, w += 16, y += 16) {
    const value = v128.load(z);
    const e = decay(value);
    const m = f32x4.mul(f32x4.pmax(value, f32x4.splat(-100)), rising(value, e, reciprocal(e)));
    v128.store(y, m);
    dot = madd(m, v128.load(w), dot);
  }
  return laneSum(dot);
}

/** y *= factor; sum += y. */
function scaleInto(y: usize, factor: v128, sum: usize, size: usize): void {
  for (const end = y + size; y < end; y += 16, sum += 16) {
    const value = f32x4.mul(v128.load(y), factor);
    v128.store(y, value);
    v128.store(sum, f32x4.add(v128.load(sum), value));
  }
}

/** From dy [nodes edges, width] and dsum [nodes, width]: dz, dw [width], dbias [1], df [nodes edges]. dz may be dy; scratch of 8 width bytes. */
export function edgeGateGradient(
  z: usize,
  w: usize,
  bias: usize,
  f: usize,
  fStep: i32,
  dy: usize,
  dsum: usize,
  dz: usize,
  dw: usize,
  dbias: usize,
  df: usize,
  nodes: i32,
  edges: i32,
  width: i32,
  scratch: usize,
): void {
  const size = (<usize>width) << 2;
  memory.fill(dw, 0, size);
  store<f32>(dbias, 0);
  for (let node = 0; node < nodes; node++, dsum += size) {
    for (let edge = 0; edge < edges; edge++, z += size, dy += size, dz += size, df += 4, f += (<usize>fStep) << 2) {
      const weight = load<f32>(f);
      const dots = values(z, w, dy, dsum, dz, scratch, size);
      const open = sigmoidOf(f32x4.extract_lane(dots, 0) + load<f32>(bias));
      const pull: f32 = f32x4.extract_lane(dots, 1) * open;
      const inner: f32 = pull * weight * (1 - open);
      store<f32>(df, pull);
      store<f32>(dbias, load<f32>(dbias) + inner);
      chain(f32x4.splat(open * weight), f32x4.splat(inner), w, dz, dw, scratch, size);
    }
  }
}

/** m and its slope to scratch, dy + dsum to dz; lanes m . w and (dy + dsum) . m. */
function values(z: usize, w: usize, dy: usize, dsum: usize, dz: usize, scratch: usize, size: usize): v128 {
  let dot = f32x4.splat(0);
  let pull = f32x4.splat(0);
  for (const end = z + size; z < end; z += 16, w += 16, dy += 16, dsum += 16, dz += 16, scratch += 16) {
    const value = v128.load(z);
    const e = decay(value);
    const k = reciprocal(e);
    const s = rising(value, e, k);
    const m = f32x4.mul(f32x4.pmax(value, f32x4.splat(-100)), s);
    v128.store(scratch, m);
    v128.store(scratch + size, slope(value, s, falling(value, e, k)));
    const total = f32x4.add(v128.load(dy), v128.load(dsum));
    v128.store(dz, total);
    dot = madd(m, v128.load(w), dot);
    pull = madd(total, m, pull);
  }
  return f32x4.replace_lane(f32x4.splat(laneSum(dot)), 1, laneSum(pull));
}

/** dz = (gate dz + inner w) slope, dw += inner m. */
function chain(gate: v128, inner: v128, w: usize, dz: usize, dw: usize, scratch: usize, size: usize): void {
  for (const end = w + size; w < end; w += 16, dz += 16, dw += 16, scratch += 16) {
    const dm = madd(inner, v128.load(w), f32x4.mul(gate, v128.load(dz)));
    v128.store(dz, f32x4.mul(dm, v128.load(scratch + size)));
    v128.store(dw, madd(inner, v128.load(scratch), v128.load(dw)));
  }
}
