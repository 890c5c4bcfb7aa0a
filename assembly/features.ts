/**
 * What a network sees of (x, variance) (src/networks/features.ts), in one pass: row r of out, [2 pairs + dim + 1],
 *
 *   out = [cos(pi h_p) D_p, sin(pi h_p) D_p, ...  |  m x / sqrt(v)  |  logScale log s],   D_p = exp(s^2 decay_p),   v = baseVariance + variance,
 *   h_p = m sum_d x_d space_dp + log s noise_p,   m = (1 + u^4)^(-1/8),   u = min(reach |x|^2 / v, 1e8),   s^2 = max(variance / scale^2, floor)
 *
 * in the log, unbounded below in D. A row has the same bits alone or among others. A NaN or infinite coordinate makes NaN of the row's waves.
 * Half turns, because then leaving out whole ones is one change of sign for the cosine and the sine, neither exchanging places.
 *
 * In the plane with 68 pairs a row takes 190 ns, its gradient 220, its tangent 250 (with one noise for all rows 125, 185, 205). The loops over
 * the pairs test at their end: V8 then makes their constants once (a row of the plain build 220 ns instead of 320).
 */
import { cosQuarter, exp, log, madd, sinQuarter } from "./simd";

/** u^4 must fit f32; m stands still beyond. */
const HIGHEST_U: f32 = 1.0e8;
const PI: f32 = 3.14159265358979;

/** Overlay on the tables (packFeatureTables): this header, then space [dim][stride], noise [stride], decay [stride]. All f32. */
export class FeatureTables {
  dimension: f32;
  pairCount: f32;
  rowLength: f32;
  inverseSquare: f32;
  baseVariance: f32;
  floorSquared: f32;
  reach: f32;
  logScale: f32;

  get dim(): usize {
    return <usize>this.dimension;
  }

  get pairs(): i32 {
    return <i32>this.pairCount;
  }

  /** Bytes of a row of a table. */
  get stride(): usize {
    return (<usize>this.rowLength) << 2;
  }

  get space(): usize {
    return changetype<usize>(this) + 32;
  }

  get noise(): usize {
    return this.space + this.dim * this.stride;
  }

  /** Bytes of a row of out. */
  get outBytes(): usize {
    return ((<usize>this.pairs) << 3) + (this.dim << 2) + 4;
  }

  /** log s; infinities and NaN stay what they are, as `log` does not keep them. */
  logNoise(variance: f32): f32 {
    const square = max<f32>(variance * this.inverseSquare, this.floorSquared);
    if (!(square < f32.MAX_VALUE * 2)) return square;
    if (square == 0) return -f32.MAX_VALUE * 2;
    // 2^32, where f32 has lost digits and `log` would read them wrongly.
    const lift: f32 = square < 1.1754943508222875e-38 ? 4294967296.0 : 1.0;
    const half = <f32>0.5 * f32x4.extract_lane(log(f32x4.splat(square * lift)), 0);
    return lift == 1 ? half : half - <f32>11.090354888959125;
  }

  /** u of a row. */
  outwardness(x: usize, variance: f32): f32 {
    if (this.reach == 0) return 0;
    return min<f32>((dot(x, x, this.dim) * this.reach) / (this.baseVariance + variance), HIGHEST_U);
  }

  /** k of d(m x) / dx = m I + k x x^T. */
  bend(u: f32, m: f32, variance: f32): f32 {
    if (u == HIGHEST_U) return 0;
    const square = u * u;
    return (-m * (square * u) * this.reach) / ((<f32>1 + square * square) * (this.baseVariance + variance));
  }

  /** Derivative of `bend` by x . (a step), below the cut of u: with q = u^4, -2 (reach / V)^2 u^2 m (3 - 3 q / 2) / (1 + q)^2. */
  bendRate(u: f32, m: f32, variance: f32): f32 {
    const square = u * u;
    const q = square * square;
    const scale = this.reach / (this.baseVariance + variance);
    return <f32>-2 * scale * scale * (square / (<f32>1 + q)) * m * ((<f32>3 - <f32>1.5 * q) / (<f32>1 + q));
  }

  /** D of the four pairs at `offset` bytes into a row of a table. */
  damping(offset: usize, squared: v128): v128 {
    return exp(f32x4.mul(squared, v128.load(this.noise + this.stride + offset)));
  }

  /**
   * Where all rows share their noise: D of all pairs, kept in the last bytes of the output, [start, end), until the rows that own those are
   * made; they make their D themselves. 0 when there is no room.
   */
  keepDamping(variance: f32, start: usize, end: usize): usize {
    if (end - start < this.stride) return 0;
    const kept = end - this.stride;
    const squared = f32x4.splat(variance * this.inverseSquare);
    for (let offset: usize = 0; offset < this.stride; offset += 16) v128.store(kept + offset, this.damping(offset, squared));
    return kept;
  }
}

/** m. */
export function holding(u: f32): f32 {
  const square = u * u;
  return <f32>1 / sqrt<f32>(sqrt<f32>(sqrt<f32>(<f32>1 + square * square)));
}

/** Sum of the four lanes. */
function total(a: v128): f32 {
  const pairs = f32x4.add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

export function dot(a: usize, b: usize, dim: usize): f32 {
  let sum: f32 = 0;
  const end = a + (dim << 2);
  if (dim >= 4) {
    let lanes = f32x4.splat(0);
    for (; a + 16 <= end; a += 16, b += 16) lanes = madd(v128.load(a), v128.load(b), lanes);
    sum = total(lanes);
  }
  for (; a < end; a += 4, b += 4) sum += load<f32>(a) * load<f32>(b);
  return sum;
}

/** sum_d x_d space_dp of the four pairs at `space`, in four chains: one would wait for each addition. */
export function projection(x: usize, space: usize, stride: usize, dim: usize): v128 {
  let a = f32x4.splat(0);
  const end = x + (dim << 2);
  if (dim >= 4) {
    let b = a;
    let c = a;
    let d = a;
    for (; x + 16 <= end; x += 16, space += stride << 2) {
      a = madd(v128.load32_splat(x), v128.load(space), a);
      b = madd(v128.load32_splat(x, 4), v128.load(space + stride), b);
      c = madd(v128.load32_splat(x, 8), v128.load(space + (stride << 1)), c);
      d = madd(v128.load32_splat(x, 12), v128.load(space + stride * 3), d);
    }
    a = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  }
  for (; x < end; x += 4, space += stride) a = madd(v128.load32_splat(x), v128.load(space), a);
  return a;
}

/** The sign bit of cos(pi k) for whole k, |k| < 2^22; beyond, f32 has too few digits left for the cosine to mean anything. */
export function signOf(k: v128): v128 {
  return i32x4.shl(f32x4.add(k, f32x4.splat(12582912.0)), 31);
}

/** Writes a_p, b_p of up to four pairs side by side. */
function putPairs(out: usize, a: v128, b: v128, left: i32): void {
  const low = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  if (left == 1) v128.store_lane<u64>(out, low, 0);
  else v128.store(out, low);
  if (left > 3) v128.store(out, high, 16);
  else if (left == 3) v128.store_lane<u64>(out, high, 0, 16);
}

function featureRow(tables: FeatureTables, x: usize, variance: f32, logS: f32, kept: usize, out: usize): void {
  const dim = tables.dim;
  const stride = tables.stride;
  const m = holding(tables.outwardness(x, variance));
  const m4 = f32x4.splat(m);
  const log4 = f32x4.splat(logS);
  const squared = f32x4.splat(variance * tables.inverseSquare);
  const noise = tables.noise;
  let space = tables.space;
  let left = tables.pairs;
  let offset: usize = 0;
  do {
    const h = madd(m4, projection(x, space, stride, dim), f32x4.mul(log4, v128.load(noise + offset)));
    const k = f32x4.nearest(h);
    const half = f32x4.sub(h, k);
    const s = f32x4.add(half, half);
    const square = f32x4.mul(s, s);
    const damping = v128.xor(kept ? v128.load(kept + offset) : tables.damping(offset, squared), signOf(k));
    putPairs(out, f32x4.mul(cosQuarter(square), damping), f32x4.mul(sinQuarter(s, square), damping), left);
    left -= 4;
    offset += 16;
    space += 16;
    out += 32;
  } while (left > 0);
  // The last four pairs may be fewer than four.
  out -= (<usize>(-tables.pairs & 3)) << 3;
  const scale = m / sqrt<f32>(tables.baseVariance + variance);
  for (const end = out + (dim << 2); out < end; out += 4, x += 4) store<f32>(out, load<f32>(x) * scale);
  store<f32>(out, logS * tables.logScale);
}

/**
 * out [n, 2 pairs + dim + 1] from x [n, dim] in raw units and variance [n] (varianceStep 1) or one for all (varianceStep 0).
 */
export function features(tables: usize, x: usize, variance: usize, varianceStep: i32, out: usize, n: i32): void {
  const t = changetype<FeatureTables>(tables);
  const bytes = t.outBytes;
  const end = out + <usize>n * bytes;
  const shared = varianceStep == 0 && n > 0 ? t.keepDamping(load<f32>(variance), out, end) : 0;
  let logS: f32 = 0;
  for (let r = 0; r < n; r++, x += t.dim << 2, variance += (<usize>varianceStep) << 2) {
    if (r == 0 || varianceStep != 0) logS = t.logNoise(load<f32>(variance));
    featureRow(t, x, load<f32>(variance), logS, out + bytes <= shared ? shared : 0, out);
    out += bytes;
  }
}

/** dL/dh_p of four pairs: pi D (dy_sin cos - dy_cos sin); dy of up to four pairs, nothing read beyond. */
export function slopes(h: v128, damping: v128, dy: usize, left: i32): v128 {
  const low = left == 1 ? v128.load_zero<u64>(dy) : v128.load(dy);
  let high = f32x4.splat(0);
  if (left > 3) high = v128.load(dy, 16);
  else if (left == 3) high = v128.load_zero<u64>(dy, 16);
  const k = f32x4.nearest(h);
  const half = f32x4.sub(h, k);
  const s = f32x4.add(half, half);
  const square = f32x4.mul(s, s);
  const sine = f32x4.mul(v128.shuffle<f32>(low, high, 0, 2, 4, 6), sinQuarter(s, square));
  const slope = f32x4.sub(f32x4.mul(v128.shuffle<f32>(low, high, 1, 3, 5, 7), cosQuarter(square)), sine);
  return f32x4.mul(slope, f32x4.mul(v128.xor(damping, signOf(k)), f32x4.splat(PI)));
}

/** dx_d += sum_p slope_p space_dp over four pairs, coordinates `from` up. */
export function addProjections(slope: v128, space: usize, stride: usize, from: usize, dim: usize, dx: usize): void {
  let d = from;
  for (; d + 4 <= dim; d += 4) {
    const at = space + d * stride;
    const a = f32x4.mul(slope, v128.load(at));
    const b = f32x4.mul(slope, v128.load(at + stride));
    const c = f32x4.mul(slope, v128.load(at + (stride << 1)));
    const e = f32x4.mul(slope, v128.load(at + stride * 3));
    const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
    const ce = f32x4.add(v128.shuffle<f32>(c, e, 0, 4, 1, 5), v128.shuffle<f32>(c, e, 2, 6, 3, 7));
    const sums = f32x4.add(v128.shuffle<f32>(ab, ce, 0, 1, 4, 5), v128.shuffle<f32>(ab, ce, 2, 3, 6, 7));
    v128.store(dx + (d << 2), f32x4.add(v128.load(dx + (d << 2)), sums));
  }
  for (; d < dim; d++) {
    const at = dx + (d << 2);
    store<f32>(at, load<f32>(at) + total(f32x4.mul(slope, v128.load(space + d * stride))));
  }
}

/** dx = sum over the pairs of dL/dh_p space_dp. Up to two coordinates are summed in registers: in the plane half the time. */
function waveGradient(
  tables: FeatureTables,
  x: usize,
  m: f32,
  variance: f32,
  logS: f32,
  kept: usize,
  dy: usize,
  dx: usize,
): void {
  const dim = tables.dim;
  const stride = tables.stride;
  const noise = tables.noise;
  const m4 = f32x4.splat(m);
  const log4 = f32x4.splat(logS);
  const squared = f32x4.splat(variance * tables.inverseSquare);
  const second = dim > 1 ? stride : 0;
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let space = tables.space;
  memory.fill(dx, 0, dim << 2);
  let left = tables.pairs;
  let offset: usize = 0;
  do {
    const h = madd(m4, projection(x, space, stride, dim), f32x4.mul(log4, v128.load(noise + offset)));
    const slope = slopes(h, kept ? v128.load(kept + offset) : tables.damping(offset, squared), dy, left);
    sum0 = madd(slope, v128.load(space), sum0);
    sum1 = madd(slope, v128.load(space + second), sum1);
    if (dim > 2) addProjections(slope, space, stride, 2, dim, dx);
    left -= 4;
    offset += 16;
    space += 16;
    dy += 32;
  } while (left > 0);
  store<f32>(dx, total(sum0));
  if (dim > 1) store<f32>(dx, total(sum1), 4);
}

/** dx [n, dim] = J^T dy with J = d features / d x and dy [n, 2 pairs + dim + 1]; the other arguments as in `features`. */
export function featuresGradient(
  tables: usize,
  x: usize,
  variance: usize,
  varianceStep: i32,
  dy: usize,
  dx: usize,
  n: i32,
): void {
  const t = changetype<FeatureTables>(tables);
  const dim = t.dim;
  const bytes = dim << 2;
  const shared = varianceStep == 0 && n > 0 ? t.keepDamping(load<f32>(variance), dx, dx + <usize>n * bytes) : 0;
  let logS: f32 = 0;
  for (let r = 0; r < n; r++, variance += (<usize>varianceStep) << 2, dy += t.outBytes) {
    const h = load<f32>(variance);
    if (r == 0 || varianceStep != 0) logS = t.logNoise(h);
    const u = t.outwardness(x, h);
    const m = holding(u);
    waveGradient(t, x, m, h, logS, dx + bytes <= shared ? shared : 0, dy, dx);
    const inverse = <f32>1 / sqrt<f32>(t.baseVariance + h);
    const position = dy + ((<usize>t.pairs) << 3);
    for (let d: usize = 0; d < bytes; d += 4) store<f32>(dx + d, load<f32>(dx + d) + load<f32>(position + d) * inverse);
    const k = t.bend(u, m, h);
    const outward = k == 0 ? <f32>0 : k * dot(x, dx, dim);
    for (const end = dx + bytes; dx < end; dx += 4, x += 4) store<f32>(dx, m * load<f32>(dx) + outward * load<f32>(x));
  }
}

function tangentRow(tables: FeatureTables, x: usize, variance: f32, logS: f32, kept: usize, v: usize, out: usize): void {
  const dim = tables.dim;
  const stride = tables.stride;
  const u = tables.outwardness(x, variance);
  const m = holding(u);
  const k = tables.bend(u, m, variance);
  const outward = k == 0 ? <f32>0 : k * dot(x, v, dim);
  const m4 = f32x4.splat(m);
  const outward4 = f32x4.splat(outward);
  const log4 = f32x4.splat(logS);
  const squared = f32x4.splat(variance * tables.inverseSquare);
  const noise = tables.noise;
  let space = tables.space;
  let left = tables.pairs;
  let offset: usize = 0;
  do {
    const along = projection(x, space, stride, dim);
    const rate = madd(outward4, along, f32x4.mul(m4, projection(v, space, stride, dim)));
    const h = madd(m4, along, f32x4.mul(log4, v128.load(noise + offset)));
    const whole = f32x4.nearest(h);
    const half = f32x4.sub(h, whole);
    const s = f32x4.add(half, half);
    const square = f32x4.mul(s, s);
    const damping = v128.xor(kept ? v128.load(kept + offset) : tables.damping(offset, squared), signOf(whole));
    const factor = f32x4.mul(f32x4.mul(rate, f32x4.splat(PI)), damping);
    putPairs(out, f32x4.neg(f32x4.mul(sinQuarter(s, square), factor)), f32x4.mul(cosQuarter(square), factor), left);
    left -= 4;
    offset += 16;
    space += 16;
    out += 32;
  } while (left > 0);
  out -= (<usize>(-tables.pairs & 3)) << 3;
  const inverse = <f32>1 / sqrt<f32>(tables.baseVariance + variance);
  for (const end = out + (dim << 2); out < end; out += 4, x += 4, v += 4) {
    store<f32>(out, (m * load<f32>(v) + outward * load<f32>(x)) * inverse);
  }
  store<f32>(out, 0);
}

/** out [n, 2 pairs + dim + 1] = J v with v [n, dim]; the other arguments as in `features`. */
export function featuresTangent(tables: usize, x: usize, variance: usize, varianceStep: i32, v: usize, out: usize, n: i32): void {
  const t = changetype<FeatureTables>(tables);
  const bytes = t.outBytes;
  const end = out + <usize>n * bytes;
  const shared = varianceStep == 0 && n > 0 ? t.keepDamping(load<f32>(variance), out, end) : 0;
  let logS: f32 = 0;
  for (let r = 0; r < n; r++, x += t.dim << 2, v += t.dim << 2, variance += (<usize>varianceStep) << 2) {
    if (r == 0 || varianceStep != 0) logS = t.logNoise(load<f32>(variance));
    tangentRow(t, x, load<f32>(variance), logS, out + bytes <= shared ? shared : 0, v, out);
    out += bytes;
  }
}
