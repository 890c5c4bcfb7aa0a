/** Second derivatives of the features (features.ts) along a direction: what products with the Hessian of a network's energy need of them. */
import { addProjections, dot, FeatureTables, holding, projection, signOf, slopes } from "./features";
import { cosQuarter, madd, sinQuarter } from "./simd";

const PI: f32 = 3.14159265358979;

/** Second derivative by h_p of what `slopes` is the first of: -pi^2 D (dy_cos cos + dy_sin sin). */
function bends(h: v128, damping: v128, dy: usize, left: i32): v128 {
  const low = left == 1 ? v128.load_zero<u64>(dy) : v128.load(dy);
  let high = f32x4.splat(0);
  if (left > 3) high = v128.load(dy, 16);
  else if (left == 3) high = v128.load_zero<u64>(dy, 16);
  const k = f32x4.nearest(h);
  const half = f32x4.sub(h, k);
  const s = f32x4.add(half, half);
  const square = f32x4.mul(s, s);
  const cosine = f32x4.mul(v128.shuffle<f32>(low, high, 0, 2, 4, 6), cosQuarter(square));
  const bend = madd(v128.shuffle<f32>(low, high, 1, 3, 5, 7), sinQuarter(s, square), cosine);
  return f32x4.mul(bend, f32x4.mul(v128.xor(damping, signOf(k)), f32x4.splat(-PI * PI)));
}

/** first = sum over the pairs of dL/dh_p space_dp, and rate its derivative along z, a direction of the held coordinates. */
function waveCurvature(
  tables: FeatureTables,
  x: usize,
  m: f32,
  variance: f32,
  logS: f32,
  kept: usize,
  dy: usize,
  z: usize,
  first: usize,
  rate: usize,
): void {
  const dim = tables.dim;
  const stride = tables.stride;
  const noise = tables.noise;
  const m4 = f32x4.splat(m);
  const log4 = f32x4.splat(logS);
  const squared = f32x4.splat(variance * tables.inverseSquare);
  let space = tables.space;
  memory.fill(first, 0, dim << 2);
  memory.fill(rate, 0, dim << 2);
  let left = tables.pairs;
  let offset: usize = 0;
  do {
    const h = madd(m4, projection(x, space, stride, dim), f32x4.mul(log4, v128.load(noise + offset)));
    const damping = kept ? v128.load(kept + offset) : tables.damping(offset, squared);
    const along = projection(z, space, stride, dim);
    addProjections(slopes(h, damping, dy, left), space, stride, 0, dim, first);
    addProjections(f32x4.mul(bends(h, damping, dy, left), along), space, stride, 0, dim, rate);
    left -= 4;
    offset += 16;
    space += 16;
    dy += 32;
  } while (left > 0);
}

/** Bytes of scratch of `featuresCurvature`. */
export function curvatureScratch(dim: i32, stride: i32): i32 {
  return 4 * (2 * dim + stride) + 16;
}

/**
 * out [n, dim] = derivative of J^T dy along v [n, dim] in x, at fixed dy; the other arguments as in `features`. With J = J_w (m I + k x x^T), w = J_w^T dy
 * and w' its derivative along (m I + k x x^T) v:
 *
 *   m w' + k (x . w') x + k (x . v) w + k (x . w) v + (k (v . w) + k' (x . w)) x,   k' = dk/du 2 reach (x . v) / V
 */
export function featuresCurvature(
  tables: usize,
  x: usize,
  variance: usize,
  varianceStep: i32,
  dy: usize,
  v: usize,
  out: usize,
  n: i32,
  scratch: usize,
): void {
  const t = changetype<FeatureTables>(tables);
  const dim = t.dim;
  const bytes = dim << 2;
  const kept = (scratch + 15) & ~15;
  const z = kept + t.stride;
  const w = z + bytes;
  const shared = varianceStep == 0 && n > 0 ? t.keepDamping(load<f32>(variance), kept, kept + t.stride) : 0;
  let logS: f32 = 0;
  for (let r = 0; r < n; r++, variance += (<usize>varianceStep) << 2, dy += t.outBytes, x += bytes, v += bytes, out += bytes) {
    const h = load<f32>(variance);
    if (r == 0 || varianceStep != 0) logS = t.logNoise(h);
    const u = t.outwardness(x, h);
    const m = holding(u);
    const k = t.bend(u, m, h);
    const xv = dot(x, v, dim);
    const outward = k == 0 ? <f32>0 : k * xv;
    for (let d: usize = 0; d < bytes; d += 4) store<f32>(z + d, m * load<f32>(v + d) + outward * load<f32>(x + d));
    waveCurvature(t, x, m, h, logS, shared, dy, z, w, out);
    const inverse = <f32>1 / sqrt<f32>(t.baseVariance + h);
    const position = dy + ((<usize>t.pairs) << 3);
    for (let d: usize = 0; d < bytes; d += 4) store<f32>(w + d, load<f32>(w + d) + load<f32>(position + d) * inverse);
    if (k == 0) {
      for (let d: usize = 0; d < bytes; d += 4) store<f32>(out + d, m * load<f32>(out + d));
      continue;
    }
    const xw = dot(x, w, dim);
    const alongX = k * (dot(x, out, dim) + dot(v, w, dim)) + t.bendRate(u, m, h) * xv * xw;
    const alongV = k * xw;
    for (let d: usize = 0; d < bytes; d += 4) {
      const own = m * load<f32>(out + d) + outward * load<f32>(w + d);
      store<f32>(out + d, own + alongX * load<f32>(x + d) + alongV * load<f32>(v + d));
    }
  }
}
