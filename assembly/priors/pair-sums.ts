/**
 * Sums over the pairs of one configuration, four pairs at a time: one particle against four others. Coordinates stand as [3][stride] f32 (a
 * plane leaves the third row zero), stride a multiple of 4 of at least count + 3, zeros behind the last particle.
 */
import { lookUp, lookUpBends, PairTable } from "./pair-table";

/** Particles of a row, with room for a look-up that begins at the last one. */
export function strideOf(count: i32): i32 {
  return (count + 6) & ~3;
}

/** Bytes of one array [3][stride]. */
export function planeBytes(count: i32): usize {
  return (<usize>(3 * strideOf(count))) << 2;
}

function sumLanes(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) + <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3)
  );
}

function addTo(at: usize, v: v128): void {
  store<f32>(at, <f32>(<f64>load<f32>(at) + sumLanes(v)));
}

/** Lanes below `count`. */
function valid(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/**
 * Pair energy and, where asked, its derivative by log sigma as f64 at `sums`; the gradient [3][stride] at `gradient`.
 * @param found 48 bytes of scratch
 */
export function pairSums(
  table: PairTable,
  at: usize,
  count: i32,
  gradient: usize,
  sums: usize,
  found: usize,
  slopes: bool,
): void {
  const row = (<usize>strideOf(count)) << 2;
  memory.fill(gradient, 0, 3 * row);
  let energy: f64 = 0;
  let slope: f64 = 0;
  for (let i = 0; i + 1 < count; i++) {
    const own = (<usize>i) << 2;
    const xi = v128.load32_splat(at + own);
    const yi = v128.load32_splat(at + row + own);
    const zi = v128.load32_splat(at + 2 * row + own);
    let gx = f32x4.splat(0);
    let gy = f32x4.splat(0);
    let gz = f32x4.splat(0);
    let e = f32x4.splat(0);
    let s = f32x4.splat(0);
    for (let j = i + 1; j < count; j += 4) {
      const other = at + ((<usize>j) << 2);
      const to = gradient + ((<usize>j) << 2);
      const x = f32x4.sub(xi, v128.load(other));
      const y = f32x4.sub(yi, v128.load(other + row));
      const z = f32x4.sub(zi, v128.load(other + 2 * row));
      lookUp(table, f32x4.add(f32x4.add(f32x4.mul(x, x), f32x4.mul(y, y)), f32x4.mul(z, z)), found, slopes);
      const mask = valid(count - j);
      const factor = v128.and(v128.load(found, 16), mask);
      e = f32x4.add(e, v128.and(v128.load(found), mask));
      if (slopes) s = f32x4.add(s, v128.and(v128.load(found, 32), mask));
      const double = f32x4.add(factor, factor);
      const fx = f32x4.mul(double, x);
      const fy = f32x4.mul(double, y);
      const fz = f32x4.mul(double, z);
      gx = f32x4.add(gx, fx);
      gy = f32x4.add(gy, fy);
      gz = f32x4.add(gz, fz);
      v128.store(to, f32x4.sub(v128.load(to), fx));
      v128.store(to + row, f32x4.sub(v128.load(to + row), fy));
      v128.store(to + 2 * row, f32x4.sub(v128.load(to + 2 * row), fz));
    }
    energy += sumLanes(e);
    if (slopes) slope += sumLanes(s);
    addTo(gradient + own, gx);
    addTo(gradient + row + own, gy);
    addTo(gradient + 2 * row + own, gz);
  }
  store<f64>(sums, energy);
  store<f64>(sums, slope, 8);
}

/**
 * Hessian of the pair energy times v: sum over j of 2 f' (v_i - v_j) + 4 f'' (d . (v_i - v_j)) d, d = x_i - x_j; at, v and out are [3][stride].
 * @param found 32 bytes of scratch
 */
export function pairProducts(table: PairTable, at: usize, v: usize, count: i32, out: usize, found: usize): void {
  const row = (<usize>strideOf(count)) << 2;
  memory.fill(out, 0, 3 * row);
  for (let i = 0; i + 1 < count; i++) {
    const own = (<usize>i) << 2;
    let gx = f32x4.splat(0);
    let gy = f32x4.splat(0);
    let gz = f32x4.splat(0);
    for (let j = i + 1; j < count; j += 4) {
      const other = (<usize>j) << 2;
      const to = out + other;
      const x = f32x4.sub(v128.load32_splat(at + own), v128.load(at + other));
      const y = f32x4.sub(v128.load32_splat(at + own + row), v128.load(at + other + row));
      const z = f32x4.sub(v128.load32_splat(at + own + 2 * row), v128.load(at + other + 2 * row));
      const vx = f32x4.sub(v128.load32_splat(v + own), v128.load(v + other));
      const vy = f32x4.sub(v128.load32_splat(v + own + row), v128.load(v + other + row));
      const vz = f32x4.sub(v128.load32_splat(v + own + 2 * row), v128.load(v + other + 2 * row));
      lookUpBends(table, f32x4.add(f32x4.add(f32x4.mul(x, x), f32x4.mul(y, y)), f32x4.mul(z, z)), found);
      const mask = valid(count - j);
      const slope = v128.and(v128.load(found), mask);
      const double = f32x4.add(slope, slope);
      const along = f32x4.add(f32x4.add(f32x4.mul(x, vx), f32x4.mul(y, vy)), f32x4.mul(z, vz));
      const turn = f32x4.mul(f32x4.mul(v128.and(v128.load(found, 16), mask), f32x4.splat(4)), along);
      const fx = f32x4.add(f32x4.mul(double, vx), f32x4.mul(turn, x));
      const fy = f32x4.add(f32x4.mul(double, vy), f32x4.mul(turn, y));
      const fz = f32x4.add(f32x4.mul(double, vz), f32x4.mul(turn, z));
      gx = f32x4.add(gx, fx);
      gy = f32x4.add(gy, fy);
      gz = f32x4.add(gz, fz);
      v128.store(to, f32x4.sub(v128.load(to), fx));
      v128.store(to + row, f32x4.sub(v128.load(to + row), fy));
      v128.store(to + 2 * row, f32x4.sub(v128.load(to + 2 * row), fz));
    }
    addTo(out + own, gx);
    addTo(out + row + own, gy);
    addTo(out + 2 * row + own, gz);
  }
}

/** Takes the mean of each coordinate away. */
export function center(at: usize, count: i32): void {
  const stride = strideOf(count);
  for (let d = 0; d < 3; d++, at += (<usize>stride) << 2) {
    let sum: f64 = 0;
    for (let i = 0; i < count; i++) sum += <f64>load<f32>(at + ((<usize>i) << 2));
    const mean = f32x4.splat(<f32>(sum / <f64>count));
    for (let i = 0; i < count; i += 4) {
      const to = at + ((<usize>i) << 2);
      v128.store(to, v128.and(f32x4.sub(v128.load(to), mean), valid(count - i)));
    }
  }
}

/** Row x [count, spatialDim] as [3][stride] with center of mass 0. */
export function spread(x: usize, count: i32, spatialDim: i32, out: usize): void {
  const row = (<usize>strideOf(count)) << 2;
  memory.fill(out, 0, 3 * row);
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < spatialDim; d++, x += 4) store<f32>(out + <usize>d * row + ((<usize>i) << 2), load<f32>(x));
  }
  center(out, count);
}

/** The inverse of `spread`, times `factor`. */
export function gather(at: usize, count: i32, spatialDim: i32, factor: f32, out: usize): void {
  const row = (<usize>strideOf(count)) << 2;
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < spatialDim; d++, out += 4) {
      store<f32>(out, factor * load<f32>(at + <usize>d * row + ((<usize>i) << 2)));
    }
  }
}

/** Sum of a_i b_i over [3][stride]. */
export function dot(a: usize, b: usize, count: i32): f64 {
  let sum = f32x4.splat(0);
  const end = a + planeBytes(count);
  for (; a < end; a += 16, b += 16) sum = f32x4.add(sum, f32x4.mul(v128.load(a), v128.load(b)));
  return sumLanes(sum);
}
