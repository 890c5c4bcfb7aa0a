/**
 * Eight configurations side by side: a block is [dim][8] f32, so that one energy works on two f32x4 of eight configurations
 * without transposing or adding across lanes.
 */

/** Rows first .. first + count - 1 (count <= 8) of x [n, dim] as one block; missing lanes repeat the last row. */
export function pack(x: usize, first: i32, count: i32, dim: i32, block: usize): void {
  for (let lane = 0; lane < 8; lane++) {
    let from = x + ((<usize>(first + min(lane, count - 1)) * <usize>dim) << 2);
    let to = block + ((<usize>lane) << 2);
    for (let d = 0; d < dim; d++, from += 4, to += 32) store<f32>(to, load<f32>(from));
  }
}

/** The first `count` lanes of a block [dim][8] as rows of out [count, dim]. */
export function unpack(block: usize, count: i32, dim: i32, out: usize): void {
  for (let lane = 0; lane < count; lane++) {
    let from = block + ((<usize>lane) << 2);
    for (let d = 0; d < dim; d++, from += 32, out += 4) store<f32>(out, load<f32>(from));
  }
}

/** Bytes of scratch of `energyRows` and `gradientRows`. */
export function rowsScratch(dim: i32): usize {
  return 32 + ((<usize>dim) << 6);
}

/**
 * energy [n] of x [n, dim]; with gradient != 0 also gradient [n, dim]. `E` is an overlay class with `dim`,
 * `energyBlock(y, e)` and `gradientBlock(y, e, g)`: the compiler makes one copy of this function per energy.
 */
export function evaluateRows<E>(target: E, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  const dim = target.dim;
  const y = scratch + 32;
  const g = y + ((<usize>dim) << 5);
  for (let first = 0; first < n; first += 8) {
    const count = min(n - first, 8);
    pack(x, first, count, dim, y);
    if (gradient != 0) {
      target.gradientBlock(y, scratch, g);
      unpack(g, count, dim, gradient + ((<usize>first * <usize>dim) << 2));
    } else target.energyBlock(y, scratch);
    memory.copy(energy + ((<usize>first) << 2), scratch, (<usize>count) << 2);
  }
}
