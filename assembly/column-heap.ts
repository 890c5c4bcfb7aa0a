/** Indexed binary heap of columns, smallest path length on top; a column's place is known, so its length can fall in place. */
import { get, getf, set } from "./cells";

/** Place of a column that is not in the heap: never seen in this search, or taken off the top for good. */
export const UNSEEN: i32 = -1;
export const CLOSED: i32 = -2;

let heap: usize = 0; // i32, columns
let place: usize = 0; // i32, place of each column
let keys: usize = 0; // f64, path length of each column
let count: i32 = 0;

/** heap and place: i32 [n]; keys: f64 [n], written by the caller. Every column becomes UNSEEN. */
export function heapOn(heapAt: usize, placeAt: usize, keysAt: usize, n: i32): void {
  heap = heapAt;
  place = placeAt;
  keys = keysAt;
  count = 0;
  for (let j = 0; j < n; j++) set(place, j, UNSEEN);
}

export function heapSize(): i32 {
  return count;
}

export function placeOf(j: i32): i32 {
  return get(place, j);
}

/** The column with the smallest key; heapSize() > 0. */
export function top(): i32 {
  return get(heap, 0);
}

/** Empties the heap; its columns become UNSEEN. */
export function clearHeap(): void {
  for (let k = 0; k < count; k++) set(place, get(heap, k), UNSEEN);
  count = 0;
}

export function forget(j: i32): void {
  set(place, j, UNSEEN);
}

/** Puts an unseen column in, or moves one whose key has fallen. */
export function raise(j: i32): void {
  const at = get(place, j);
  siftUp(at == UNSEEN ? count++ : at, j);
}

function siftUp(at: i32, j: i32): void {
  const d = getf(keys, j);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const k = get(heap, parent);
    if (getf(keys, k) <= d) break;
    set(heap, at, k);
    set(place, k, at);
    at = parent;
  }
  set(heap, at, j);
  set(place, j, at);
}

/** Takes the top off for good. */
export function close(): void {
  set(place, get(heap, 0), CLOSED);
  const j = get(heap, --count);
  if (count == 0) return;
  const d = getf(keys, j);
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && getf(keys, get(heap, child + 1)) < getf(keys, get(heap, child))) child++;
    const k = get(heap, child);
    if (getf(keys, k) >= d) break;
    set(heap, at, k);
    set(place, k, at);
    at = child;
  }
  set(heap, at, j);
  set(place, j, at);
}
