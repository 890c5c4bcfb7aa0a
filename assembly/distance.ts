/**
 * Cost matrices for the metrics. Rows are written with a stride that is a multiple of 16 and padded with +inf, so that the
 * assignment can read whole blocks of 16 columns; a padded column is never chosen.
 */

/**
 * out[i, j] = |a_i - b_j|^2 in f32, summed over coordinates in their order. `columns` is scratch of dim * stride floats
 * (b transposed, so that 16 columns share a loop). a [na, dim], b [nb, dim], out [na, stride].
 */
export function squaredDistances(a: usize, na: i32, b: usize, nb: i32, dim: i32, out: usize, stride: i32, columns: usize): void {
  transpose(b, nb, dim, stride, columns);
  const columnBytes = (<usize>stride) << 2;
  for (let i = 0; i < na; i++) {
    const row = a + ((<usize>i * <usize>dim) << 2);
    const target = out + <usize>i * columnBytes;
    for (let j: usize = 0; j < columnBytes; j += 64) {
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      let s2 = f32x4.splat(0);
      let s3 = f32x4.splat(0);
      let at = columns + j;
      for (let d = 0; d < dim; d++) {
        const x = v128.load32_splat(row + ((<usize>d) << 2));
        const d0 = f32x4.sub(x, v128.load(at));
        const d1 = f32x4.sub(x, v128.load(at, 16));
        const d2 = f32x4.sub(x, v128.load(at, 32));
        const d3 = f32x4.sub(x, v128.load(at, 48));
        s0 = f32x4.add(s0, f32x4.mul(d0, d0));
        s1 = f32x4.add(s1, f32x4.mul(d1, d1));
        s2 = f32x4.add(s2, f32x4.mul(d2, d2));
        s3 = f32x4.add(s3, f32x4.mul(d3, d3));
        at += columnBytes;
      }
      v128.store(target + j, s0);
      v128.store(target + j, s1, 16);
      v128.store(target + j, s2, 32);
      v128.store(target + j, s3, 48);
    }
    pad(target, nb, stride);
  }
}

/** In place square roots of count floats; count a multiple of 4. Turns squared distances into distances. */
export function squareRoots(at: usize, count: i32): void {
  const end = at + ((<usize>count) << 2);
  for (; at < end; at += 16) v128.store(at, f32x4.sqrt(v128.load(at)));
}

function transpose(b: usize, nb: i32, dim: i32, stride: i32, columns: usize): void {
  for (let d = 0; d < dim; d++) {
    const target = columns + ((<usize>d * <usize>stride) << 2);
    for (let j = 0; j < nb; j++) {
      store<f32>(target + ((<usize>j) << 2), load<f32>(b + ((<usize>j * <usize>dim + <usize>d) << 2)));
    }
    for (let j = nb; j < stride; j++) store<f32>(target + ((<usize>j) << 2), 0);
  }
}

function pad(row: usize, from: i32, to: i32): void {
  for (let j = from; j < to; j++) store<f32>(row + ((<usize>j) << 2), f32.MAX_VALUE * 2);
}
