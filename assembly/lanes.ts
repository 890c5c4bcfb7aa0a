/** Up to four floats in a vector, for the ends of arrays. */

/** The first count floats at `at` (none below 1, all from 4), then zeros. */
export function loadLanes(at: usize, count: i32): v128 {
  if (count >= 4) return v128.load(at);
  if (count <= 0) return f32x4.splat(0);
  if (count == 1) return v128.load32_zero(at);
  const two = v128.load64_zero(at);
  return count == 2 ? two : v128.load32_lane(at, two, 2, 8);
}

/** The first count floats of `value` (none below 1, all from 4). */
export function storeLanes(at: usize, value: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, value);
    return;
  }
  if (count == 1) v128.store32_lane(at, value, 0);
  if (count < 2) return;
  v128.store64_lane(at, value, 0);
  if (count == 3) v128.store32_lane(at, value, 2, 8);
}
