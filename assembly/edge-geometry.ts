/**
 * Edges of fully connected graphs: the ordered pairs (i, j), j != i, of each configuration, by i and then by j, so the edges of particle i are
 * the n - 1 rows from i (n - 1) on. x [batch, n, dim], per edge [batch, n, n - 1].
 */

/** out: |x_i - x_j|^2. */
export function edgeSquares(x: usize, out: usize, batch: i32, n: i32, dim: i32): void {
  const size = (<usize>dim) << 2;
  for (let b = 0; b < batch; b++, x += <usize>n * size) {
    for (let i = 0; i < n; i++) {
      const own = x + <usize>i * size;
      for (let j = 0; j < n; j++) {
        if (j == i) continue;
        store<f32>(out, squareBetween(own, x + <usize>j * size, dim));
        out += 4;
      }
    }
  }
}

/** dx [batch, n, dim]: sum over edges of dy times the gradient of the square. */
export function edgeSquaresGradient(x: usize, dy: usize, dx: usize, batch: i32, n: i32, dim: i32): void {
  const size = (<usize>dim) << 2;
  for (let b = 0; b < batch; b++, x += <usize>n * size, dx += <usize>n * size) {
    memory.fill(dx, 0, <usize>n * size);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (j == i) continue;
        const twice: f32 = 2 * load<f32>(dy);
        dy += 4;
        const own = <usize>i * size;
        const other = <usize>j * size;
        for (let axis: usize = 0; axis < size; axis += 4) {
          const pull: f32 = twice * (load<f32>(x + own + axis) - load<f32>(x + other + axis));
          addTo(dx + own + axis, pull);
          addTo(dx + other + axis, -pull);
        }
      }
    }
  }
}

/** |a - b|^2 over dim coordinates. */
export function squareBetween(a: usize, b: usize, dim: i32): f32 {
  let sum: f32 = 0;
  for (let axis = 0; axis < dim; axis++, a += 4, b += 4) {
    const difference: f32 = load<f32>(a) - load<f32>(b);
    sum += difference * difference;
  }
  return sum;
}

export function addTo(at: usize, value: f32): void {
  store<f32>(at, load<f32>(at) + value);
}
