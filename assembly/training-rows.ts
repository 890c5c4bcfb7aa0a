/**
 * Noised inputs of a training step, x = x_0 + sqrt(h(t)) eps, any range of its rows alone with the same bits.
 *
 * Row i < fromPrior starts from the uniform box, the others from a row of the buffer. Times are stratified within each kind,
 * t_i = (stratum + u_i) / count of the kind. h(t) = max(floor, table), the table linear between `levels`, h at equal steps of t: at 4,097 levels a
 * geometric schedule of ratio 100 is kept to 1e-6, a linear one exactly; another reading of t would only change which noises are trained.
 */
import { normals, STATE_BYTES, uniforms } from "./random";

/** Overlay on the request block. */
class TrainingRequest {
  /** Stream of times and places. */
  placeA: u32;
  placeB: u32;
  /** Stream of the noise. */
  noiseA: u32;
  noiseB: u32;
  step: u32;
  /** Rows of the step. */
  batchSize: i32;
  /** The first of them start from the box; all, where the buffer is empty. */
  fromPrior: i32;
  dim: i32;
  /** Half-width of the box. */
  priorWidth: f32;
  varianceFloor: f32;
  /** f32 [filled, dim]. */
  buffer: usize;
  filled: i32;
  /** f32 [levelCount], h at t = i / (levelCount - 1); levelCount >= 2. */
  levels: usize;
  levelCount: i32;

  varianceAt(row: i32, uniform: f32): f32 {
    const prior = row < this.fromPrior;
    const stratum = prior ? row : row - this.fromPrior;
    const count = prior ? this.fromPrior : this.batchSize - this.fromPrior;
    const place = ((<f64>stratum + <f64>uniform) / <f64>count) * <f64>(this.levelCount - 1);
    const cell = min<i32>(<i32>place, this.levelCount - 2);
    const at = this.levels + ((<usize>cell) << 2);
    const low = <f64>load<f32>(at);
    return max<f32>(this.varianceFloor, <f32>(low + (<f64>load<f32>(at, 4) - low) * (place - <f64>cell)));
  }
}

/** Bytes of scratch: generator, a uniform for the time and one for each coordinate, normals. */
export function trainingRowsScratch(dim: i32): usize {
  return STATE_BYTES + ((<usize>(dim + 4)) << 2) + ((<usize>(dim + 7)) << 2);
}

function trainingRow(request: TrainingRequest, row: i32, x: usize, scratch: usize): f32 {
  const dim = request.dim;
  const prior = row < request.fromPrior;
  const places = scratch + STATE_BYTES;
  const noise = places + ((<usize>(dim + 4)) << 2);
  uniforms(scratch, places, request.placeA, request.placeB, request.step, <u32>row, prior ? dim + 1 : 2);
  normals(scratch, noise, request.noiseA, request.noiseB, request.step, <u32>row, 1, dim);
  const variance = request.varianceAt(row, load<f32>(places));
  const sigma = sqrt<f32>(variance);
  const bytes = (<usize>dim) << 2;
  if (prior) {
    for (let d: usize = 0; d < bytes; d += 4) {
      const origin = request.priorWidth * (<f32>2 * load<f32>(places + d, 4) - <f32>1);
      store<f32>(x + d, origin + sigma * load<f32>(noise + d));
    }
    return variance;
  }
  // In f64 the product of 24 bits and `filled` is exact, so the slot stays below `filled`.
  const slot = <usize>(<f64>load<f32>(places, 4) * <f64>request.filled);
  const from = request.buffer + slot * bytes;
  for (let d: usize = 0; d < bytes; d += 4) store<f32>(x + d, load<f32>(from + d) + sigma * load<f32>(noise + d));
  return variance;
}

/** Rows firstRow .. firstRow + count - 1 of the step: x [count, dim] and variance [count]; scratch: `trainingRowsScratch(dim)` bytes. */
export function trainingRows(request: usize, firstRow: i32, count: i32, x: usize, variance: usize, scratch: usize): void {
  const ask = changetype<TrainingRequest>(request);
  for (let r = 0; r < count; r++, variance += 4) {
    store<f32>(variance, trainingRow(ask, firstRow + r, x, scratch));
    x += (<usize>ask.dim) << 2;
  }
}
