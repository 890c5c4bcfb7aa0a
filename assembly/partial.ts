/** One to three floats at the end of an array: the arrays may stand on a foreign heap, where nothing beyond them may be touched. */

/** The first `count` (1 .. 3) lanes from memory, the others from `rest`. */
export function loadPart(at: usize, count: i32, rest: v128): v128 {
  if (count == 1) return v128.load_lane<f32>(at, rest, 0);
  const pair = v128.load_lane<i64>(at, rest, 0);
  return count == 2 ? pair : v128.load_lane<f32>(at + 8, pair, 2);
}

/** Writes the first `count` (1 .. 3) lanes. */
export function storePart(at: usize, values: v128, count: i32): void {
  if (count == 1) {
    v128.store_lane<f32>(at, values, 0);
    return;
  }
  v128.store_lane<i64>(at, values, 0);
  if (count == 3) v128.store_lane<f32>(at + 8, values, 2);
}

/** x0 + x1 + x2 + x3, in pairs. */
export function laneSum(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}
