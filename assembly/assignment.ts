/**
 * Exact linear assignment: the permutation with the least total cost, with the dual prices that prove it.
 *
 * Jonker and Volgenant 1987: column reduction, reduction transfer, augmenting row reduction, then shortest augmenting paths.
 * Costs f32, prices f64; the prices stay feasible up to f64 rounding (complementary slackness is what the tests check).
 * Rows have a stride that is a multiple of 16 and end in +inf. What makes it quick:
 *  - every pass over a row is a filter in f32, four columns at a time, on costs minus prices rounded up: rounding is monotone, so
 *    it never misses a column, and only those it lets through are looked at in f64;
 *  - a path search keeps the distance of the nearest free column as a bound: columns beyond it are never stored.
 * Two GMM-40 samples, one 2.7 GHz core, Node 20: n = 2000 0.14 s, n = 4000 0.8 s, squared distances or
 * distances. One mode against GMM-40, n = 2000: 0.3 s.
 * Refuses nothing: the caller guarantees finite costs, n >= 1.
 */
import { get, getf, set, setf } from "./cells";
import { CLOSED, clearHeap, close, forget, heapOn, heapSize, placeOf, raise, top, UNSEEN } from "./column-heap";
import { least, leastColumn, mask16, roundUp, second, secondColumn, twoSmallest } from "./row-filter";

let cost: usize = 0;
let size: i32 = 0;
let pitch: usize = 0; // bytes per row
let price: usize = 0; // f64, column prices v
let dist: usize = 0; // f64, path length to a column during one search
let low: usize = 0; // f32, what the filter subtracts: v rounded up (in a search v + length, or -inf for a closed column)
let columnOf: usize = 0; // i32, column of each row or -1
let rowOf: usize = 0; // i32, row of each column or -1
let previous: usize = 0; // i32, row from which a search reached a column
let closed: usize = 0; // i32, columns whose dist is final
let freeRows: usize = 0; // i32
let freeColumns: usize = 0; // i32

let freeCount: i32 = 0;
let bound: f64 = 0; // distance of the nearest free column found so far
let boundColumn: i32 = 0;
let walled: f64 = 0; // bound when `low` was last set for a search
let largest: f32 = 0; // largest |v| set: scale of the f32 filter's error

/** Measured at n = 2000 and 4000: .9 and .95 alike, .7 1.8 times slower, never 2 times slower. */
const REFRESH: f64 = 0.9;
/** Below this many rows a coarser problem is not worth its copy. */
const COARSEST: i32 = 256;

/** Bytes of scratch: 64 for each column, and what the coarser problem takes. */
export function assignmentScratch(n: i32): usize {
  const stride = strideOf(n);
  const own = <usize>stride * 64;
  if (n < COARSEST) return own;
  const m = n >> 2;
  return own + ((<usize>m * <usize>strideOf(m)) << 2) + assignmentScratch(m);
}

function strideOf(n: i32): i32 {
  return (n + 15) & ~15;
}

/**
 * matrix f32 [n, stride], stride the next multiple of 16; scratch as above. On return scratch holds v f64 [stride], u f64 [stride]
 * and, at byte 16 * stride, the column of each row, i32 [n]. Returns the number of shortest-path searches. The better start is
 * chosen by the rows that the cold one leaves free: a fifth for two samples of one law, most for a sampler that lost its modes.
 */
export function assignment(matrix: usize, n: i32, scratch: usize): i32 {
  const coarse = scratch + ((<usize>strideOf(n)) << 6);
  begin(matrix, n, scratch);
  coldStart();
  if (n >= COARSEST && freeCount * 2 > n) {
    coarsen(matrix, n, coarse);
    begin(matrix, n, scratch);
    warmStart(coarse);
  }
  const searches = freeCount;
  collectFreeColumns();
  for (let k = 0; k < searches; k++) augment(get(freeRows, k));
  for (let i = 0; i < n; i++) {
    const j = get(columnOf, i);
    setf(dist, i, entry(i, j) - getf(price, j));
  }
  return searches;
}

function coldStart(): void {
  reduceColumns();
  transferReductions();
  reduceRows();
  reduceRows();
}

function begin(matrix: usize, n: i32, scratch: usize): void {
  const stride = strideOf(n);
  cost = matrix;
  size = n;
  pitch = (<usize>stride) << 2;
  price = scratch;
  dist = price + 2 * pitch;
  columnOf = dist + 2 * pitch;
  rowOf = columnOf + pitch;
  low = rowOf + pitch;
  previous = low + pitch;
  closed = previous + pitch;
  freeRows = closed + pitch;
  freeColumns = freeRows + pitch;
  largest = 0;
  heapOn(freeColumns + pitch, freeColumns + 2 * pitch, dist, n);
}

/** Solves the problem of every fourth row and column, exactly, in its own scratch. */
function coarsen(matrix: usize, n: i32, at: usize): void {
  const m = n >> 2;
  const stride = strideOf(m);
  const rowBytes = (<usize>strideOf(n)) << 4; // four rows
  for (let i = 0; i < m; i++) {
    const from = matrix + <usize>i * rowBytes;
    const to = at + ((<usize>i * <usize>stride) << 2);
    for (let j = 0; j < m; j++) store<f32>(to + ((<usize>j) << 2), load<f32>(from + ((<usize>j) << 4)));
    for (let j = m; j < stride; j++) store<f32>(to + ((<usize>j) << 2), f32.MAX_VALUE * 2);
  }
  assignment(at, m, at + ((<usize>m * <usize>stride) << 2));
}

/**
 * v_j = min over the coarse rows of c_ij - u_i: nearly right prices whose error costs time, never exactness, since every row is
 * then assigned afresh. One mode against GMM-40 at n = 2000: .27 s instead of 5.8 s.
 */
function warmStart(coarse: usize): void {
  const m = size >> 2;
  const stride = <usize>strideOf(m);
  const u = coarse + ((<usize>m * stride) << 2) + (stride << 3);
  for (let at: usize = 0; at < pitch; at += 16) v128.store(low + at, f32x4.splat(f32.MAX_VALUE));
  for (let k = 0; k < m; k++) {
    const row = cost + <usize>(k << 2) * pitch;
    const shift = f32x4.splat(<f32>load<f64>(u + ((<usize>k) << 3)));
    for (let at: usize = 0; at < pitch; at += 16) {
      v128.store(low + at, f32x4.pmin(v128.load(low + at), f32x4.sub(v128.load(row + at), shift)));
    }
  }
  for (let j = 0; j < size; j++) {
    setPrice(j, <f64>load<f32>(low + ((<usize>j) << 2)));
    set(rowOf, j, -1);
    set(columnOf, j, -1);
    set(freeRows, j, j);
  }
  showPadding();
  freeCount = size;
  reduceRows();
  reduceRows();
}

/** Padded columns cost +inf; any finite price keeps them out of every filter. */
function showPadding(): void {
  for (let at: usize = (<usize>size) << 2; at < pitch; at += 4) store<f32>(low + at, 0);
}

function entry(i: i32, j: i32): f64 {
  return <f64>load<f32>(cost + <usize>i * pitch + ((<usize>j) << 2));
}

function setPrice(j: i32, v: f64): void {
  setf(price, j, v);
  const up = roundUp(v);
  store<f32>(low + ((<usize>j) << 2), up);
  largest = max(largest, abs(up));
}

/** v_j = min_i c_ij; each column goes to a row where the minimum is attained, if that row is still free. */
function reduceColumns(): void {
  // The running minima live in `low`, the rows that hold them in `previous`.
  for (let at: usize = 0; at < pitch; at += 16) {
    v128.store(low + at, f32x4.splat(f32.MAX_VALUE));
    v128.store(previous + at, i32x4.splat(0));
  }
  for (let i = 0; i < size; i++) {
    const row = cost + <usize>i * pitch;
    const label = i32x4.splat(i);
    for (let at: usize = 0; at < pitch; at += 16) {
      const c = v128.load(row + at);
      const m = v128.load(low + at);
      const less = f32x4.lt(c, m);
      if (v128.any_true(less)) {
        v128.store(low + at, v128.bitselect(c, m, less));
        v128.store(previous + at, v128.bitselect(label, v128.load(previous + at), less));
      }
    }
  }
  for (let i = 0; i < size; i++) {
    set(columnOf, i, -1);
    set(closed, i, 0);
  }
  for (let j = size - 1; j >= 0; j--) {
    setPrice(j, <f64>load<f32>(low + ((<usize>j) << 2)));
    const i = get(previous, j);
    set(closed, i, get(closed, i) + 1);
    if (get(columnOf, i) < 0) {
      set(columnOf, i, j);
      set(rowOf, j, i);
    } else set(rowOf, j, -1);
  }
  showPadding();
}

/** A row that is the minimum of one column only can lower that column's price by its second smallest reduced cost. */
function transferReductions(): void {
  freeCount = 0;
  for (let i = 0; i < size; i++) {
    const j = get(columnOf, i);
    if (j < 0) {
      set(freeRows, freeCount++, i);
    } else if (get(closed, i) == 1 && size > 1) {
      twoSmallest(cost + <usize>i * pitch, low, price, pitch, largest);
      const other = leastColumn == j ? second : least;
      setPrice(j, getf(price, j) - other);
    }
  }
}

/** One pass of augmenting row reduction: each free row takes its cheapest column and lowers its price to the second cheapest. */
function reduceRows(): void {
  const count = freeCount;
  freeCount = 0;
  let k = 0;
  let budget = size;
  while (k < count) {
    let i = get(freeRows, k++);
    while (i >= 0) {
      twoSmallest(cost + <usize>i * pitch, low, price, pitch, largest);
      let j = leastColumn;
      let evicted = get(rowOf, j);
      const gain = second - least;
      if (gain > 0) setPrice(j, getf(price, j) - gain);
      else if (evicted >= 0) {
        j = secondColumn;
        evicted = get(rowOf, j);
      }
      set(rowOf, j, i);
      set(columnOf, i, j);
      i = -1;
      if (evicted >= 0) {
        set(columnOf, evicted, -1);
        if (gain > 0 && budget-- > 0) i = evicted;
        else set(freeRows, freeCount++, evicted);
      }
    }
  }
}

function collectFreeColumns(): void {
  let count = 0;
  for (let j = 0; j < size; j++) if (get(rowOf, j) < 0) set(freeColumns, count++, j);
}

/** Shortest augmenting path from one free row (Dijkstra on reduced costs), then the price update that keeps all costs reduced. */
function augment(root: i32): void {
  let closedCount = 0;
  nearestFreeColumn(root);
  lowerWalls();
  scan(root, 0);
  while (heapSize() > 0) {
    const j = top();
    const length = getf(dist, j);
    if (length >= bound) break;
    close();
    set(closed, closedCount++, j);
    store<f32>(low + ((<usize>j) << 2), -f32.MAX_VALUE * 2);
    const i = get(rowOf, j);
    if (bound < REFRESH * walled) lowerWalls();
    scan(i, length - (entry(i, j) - getf(price, j)));
  }
  settle(root, closedCount);
}

/** Prices of closed columns fall by what the search still lacked; then the path is turned around. */
function settle(root: i32, closedCount: i32): void {
  clearHeap();
  for (let k = 0; k < closedCount; k++) {
    const j = get(closed, k);
    forget(j);
    setPrice(j, getf(price, j) + (getf(dist, j) - bound));
  }
  let j = boundColumn;
  let i = -1;
  while (i != root) {
    i = get(previous, j);
    set(rowOf, j, i);
    const next = get(columnOf, i);
    set(columnOf, i, j);
    j = next;
  }
  freeCount--;
  for (let k = 0; k <= freeCount; k++) {
    if (get(freeColumns, k) == boundColumn) set(freeColumns, k, get(freeColumns, freeCount));
  }
}

function nearestFreeColumn(root: i32): void {
  bound = Infinity;
  for (let k = 0; k < freeCount; k++) {
    const j = get(freeColumns, k);
    const reduced = entry(root, j) - getf(price, j);
    if (reduced < bound) {
      bound = reduced;
      boundColumn = j;
    }
  }
  set(previous, boundColumn, root);
}

/**
 * During a search `low` is v_j + min(dist_j, bound) rounded up, so that one comparison with -offset asks both questions at once:
 * does this row improve the column, and is the column still within the bound? (Asking only the second: 7 times more f64 work.)
 */
function lowerWalls(): void {
  walled = bound;
  for (let j = 0; j < size; j++) {
    const at = placeOf(j);
    if (at == CLOSED) continue;
    const length = at == UNSEEN ? bound : min(bound, getf(dist, j));
    store<f32>(low + ((<usize>j) << 2), roundUp(getf(price, j) + length));
  }
}

/** Relaxes every column through row i: length = c_ij - v_j + offset, kept only below the bound and the length known. */
function scan(i: i32, offset: f64): void {
  const row = cost + <usize>i * pitch;
  const wall = f32x4.splat(roundUp(-offset));
  for (let at: usize = 0; at < pitch; at += 64) {
    const m0 = f32x4.le(f32x4.sub(v128.load(row + at), v128.load(low + at)), wall);
    const m1 = f32x4.le(f32x4.sub(v128.load(row + at, 16), v128.load(low + at, 16)), wall);
    const m2 = f32x4.le(f32x4.sub(v128.load(row + at, 32), v128.load(low + at, 32)), wall);
    const m3 = f32x4.le(f32x4.sub(v128.load(row + at, 48), v128.load(low + at, 48)), wall);
    if (!v128.any_true(v128.or(v128.or(m0, m1), v128.or(m2, m3)))) continue;
    let bits = mask16(m0, m1, m2, m3);
    const first = <i32>(at >> 2);
    while (bits != 0) {
      relax(i, first + ctz(bits), offset);
      bits &= bits - 1;
    }
  }
}

function relax(i: i32, j: i32, offset: f64): void {
  const length = entry(i, j) - getf(price, j) + offset;
  if (length >= bound) return;
  if (get(rowOf, j) < 0) {
    bound = length;
    boundColumn = j;
    set(previous, j, i);
    return;
  }
  const at = placeOf(j);
  if (at == CLOSED || (at != UNSEEN && length >= getf(dist, j))) return;
  setf(dist, j, length);
  set(previous, j, i);
  store<f32>(low + ((<usize>j) << 2), roundUp(getf(price, j) + length));
  raise(j);
}
