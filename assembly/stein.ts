/**
 * Quadratic forms of the Stein kernel matrix, inverse multiquadric: sum_ij v_i v_j h(x_i, x_j) in f64 throughout, because the sum
 * cancels to about 1e-4 of its terms.
 *
 *   h = q (g_i.g_j + l^-2 q^2 ((g_j - g_i).(x_i - x_j) + dim - 3 r^2 q^2)),  r^2 = |x_i - x_j|^2 / l^2,  q = (1 + r^2)^(-1/2)
 *
 * Four rows of the lower triangle at a time are made and then multiplied with every vector, so one KSD and the hundred signed
 * ones of a bootstrap are the same call.
 */

/** Rows made at a time; also the number of columns that the loop over them takes at a time. */
const ROWS: i32 = 4;

/** Entries of a padded vector or row: the next multiple of 4. */
function padded(n: i32): usize {
  return <usize>((n + 3) & ~3);
}

/** Bytes of scratch of `steinForms`: x and g by columns f32, one row of both f64, four rows of the matrix f64. */
export function steinScratch(n: i32, dim: i32): usize {
  return ((<usize>dim * padded(n)) << 3) + ((<usize>dim) << 4) + ((padded(n) * <usize>ROWS) << 3);
}

/**
 * out [count] f64 = v^T H v for each v of vectors [count, padded n] f64, whose padding is 0. x, gradient [n, dim] f32; inverse = l^-2.
 * A non-finite gradient gives NaN.
 */
export function steinForms(
  x: usize,
  gradient: usize,
  n: i32,
  dim: i32,
  inverse: f64,
  vectors: usize,
  count: i32,
  out: usize,
  scratch: usize,
): void {
  const length = padded(n);
  const columns = scratch;
  const self = columns + ((<usize>dim * length) << 3);
  const rows = self + ((<usize>dim) << 4);
  interleave(x, gradient, n, dim, length, columns);
  memory.fill(out, 0, (<usize>count) << 3);
  for (let first = 0; first < n; first += ROWS) {
    const last = min(first + ROWS, n);
    for (let i = first; i < last; i++) {
      steinRow(columns, self, length, dim, inverse, i, first + ROWS, rows + ((<usize>(i - first) * length) << 3));
    }
    let v = vectors;
    for (let k: usize = 0; k < <usize>count; k++, v += length << 3) {
      const at = out + (k << 3);
      store<f64>(at, load<f64>(at) + share(rows, length, first, last, v));
    }
  }
}

/** x and g as columns: [dim][2][length] f32. */
function interleave(x: usize, gradient: usize, n: i32, dim: i32, length: usize, columns: usize): void {
  for (let d = 0; d < dim; d++) {
    const to = columns + ((<usize>d * length) << 3);
    for (let j: usize = 0; j < length; j++) {
      const from = (min(j, <usize>(n - 1)) * <usize>dim + <usize>d) << 2;
      store<f32>(to + (j << 2), load<f32>(x + from));
      store<f32>(to + ((length + j) << 2), load<f32>(gradient + from));
    }
  }
}

/**
 * Entries 0 .. end - 1 of row i: 2 h for j < i, h at i, 0 after it. The padding of the columns repeats the last row and is
 * overwritten here.
 */
function steinRow(columns: usize, self: usize, length: usize, dim: i32, inverse: f64, i: i32, end: i32, row: usize): void {
  const last = self + ((<usize>dim) << 4);
  const columnBytes = length << 2;
  let norm: f64 = 0;
  let column = columns + ((<usize>i) << 2);
  for (let at = self; at < last; at += 16) {
    const g = <f64>load<f32>(column + columnBytes);
    store<f64>(at, <f64>load<f32>(column));
    store<f64>(at, g, 8);
    norm += g * g;
    column += columnBytes << 1;
  }
  for (let j = 0; j < i; j += 4) {
    steinFour(columns + ((<usize>j) << 2), self, last, columnBytes, <f64>dim, inverse, row + ((<usize>j) << 3));
  }
  store<f64>(row + ((<usize>i) << 3), norm + <f64>dim * inverse);
  for (let j = i + 1; j < end; j++) store<f64>(row + ((<usize>j) << 3), 0);
}

/** 2 h of one row with four others. */
function steinFour(column: usize, self: usize, last: usize, columnBytes: usize, dim: f64, inverse: f64, out: usize): void {
  const zero = f64x2.splat(0);
  let squared0 = zero;
  let squared1 = zero;
  let scores0 = zero;
  let scores1 = zero;
  let cross0 = zero;
  let cross1 = zero;
  do {
    const xi = v128.load64_splat(self);
    const gi = v128.load64_splat(self, 8);
    const x0 = f64x2.sub(xi, f64x2.promote_low_f32x4(v128.load64_zero(column)));
    const x1 = f64x2.sub(xi, f64x2.promote_low_f32x4(v128.load64_zero(column, 8)));
    const g0 = f64x2.promote_low_f32x4(v128.load64_zero(column + columnBytes));
    const g1 = f64x2.promote_low_f32x4(v128.load64_zero(column + columnBytes, 8));
    squared0 = f64x2.add(squared0, f64x2.mul(x0, x0));
    squared1 = f64x2.add(squared1, f64x2.mul(x1, x1));
    scores0 = f64x2.add(scores0, f64x2.mul(gi, g0));
    scores1 = f64x2.add(scores1, f64x2.mul(gi, g1));
    cross0 = f64x2.add(cross0, f64x2.mul(f64x2.sub(g0, gi), x0));
    cross1 = f64x2.add(cross1, f64x2.mul(f64x2.sub(g1, gi), x1));
    self += 16;
    column += columnBytes << 1;
  } while (self < last);
  v128.store(out, twice(squared0, scores0, cross0, dim, inverse));
  v128.store(out, twice(squared1, scores1, cross1, dim, inverse), 16);
}

/** 2 h from |x_i - x_j|^2, g_i.g_j and (g_j - g_i).(x_i - x_j). */
function twice(squared: v128, scores: v128, cross: v128, dim: f64, inverse: f64): v128 {
  const one = f64x2.splat(1);
  const scale = f64x2.splat(inverse);
  const r2 = f64x2.mul(squared, scale);
  const q2 = f64x2.div(one, f64x2.add(one, r2));
  const q = f64x2.sqrt(q2);
  const rest = f64x2.sub(f64x2.add(cross, f64x2.splat(dim)), f64x2.mul(f64x2.mul(f64x2.splat(3), r2), q2));
  const h = f64x2.mul(q, f64x2.add(scores, f64x2.mul(f64x2.mul(scale, q2), rest)));
  return f64x2.add(h, h);
}

/** sum over rows first .. last - 1 of v_i (row_i . v), the rows being 0 from first + ROWS on. */
function share(rows: usize, length: usize, first: i32, last: i32, v: usize): f64 {
  const bytes = length << 3;
  const end = v + ((<usize>(first + ROWS)) << 3);
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let a = rows;
  let at = v;
  do {
    const e = v128.load(at);
    s0 = f64x2.add(s0, f64x2.mul(e, v128.load(a)));
    s1 = f64x2.add(s1, f64x2.mul(e, v128.load(a + bytes)));
    s2 = f64x2.add(s2, f64x2.mul(e, v128.load(a + 2 * bytes)));
    s3 = f64x2.add(s3, f64x2.mul(e, v128.load(a + 3 * bytes)));
    at += 16;
    a += 16;
  } while (at < end);
  const own = v + ((<usize>first) << 3);
  let total = load<f64>(own) * both(s0);
  if (first + 1 < last) total += load<f64>(own, 8) * both(s1);
  if (first + 2 < last) total += load<f64>(own, 16) * both(s2);
  if (first + 3 < last) total += load<f64>(own, 24) * both(s3);
  return total;
}

function both(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}
