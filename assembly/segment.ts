/** Rows by number: their sums per segment, and the rows themselves. */
import { copyFloats, fillArray } from "./copies";
import { accumulate } from "./zip";

/** out [segments, width]: out[s] = sum of x[r] over rows r with ids[r] = s, in row order. Other ids are dropped. */
export function segmentSum(x: usize, ids: usize, out: usize, rows: i32, width: i32, segments: i32): void {
  const rowBytes = (<usize>width) << 2;
  memory.fill(out, 0, <usize>segments * rowBytes);
  for (let r = 0; r < rows; r++, ids += 4, x += rowBytes) {
    const id = load<u32>(ids);
    if (id < <u32>segments) accumulate(x, out + <usize>id * rowBytes, width);
  }
}

/** out [count, width]: out[i] = x[ids[i]], x [sourceRows, width]; a row of NaN where the id is none of x's rows. */
export function gatherRows(x: usize, ids: usize, out: usize, count: i32, width: i32, sourceRows: i32): void {
  const rowBytes = (<usize>width) << 2;
  for (let i = 0; i < count; i++, ids += 4, out += rowBytes) {
    const id = load<u32>(ids);
    if (id < <u32>sourceRows) copyFloats(x + <usize>id * rowBytes, out, width);
    else fillArray(out, f32.NaN, width);
  }
}
