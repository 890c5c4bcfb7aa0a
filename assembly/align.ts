/**
 * Squared distances between configurations of particles up to rotation, reflection and permutation:
 *
 *   D(x, y) = min over Q in O(3) and permutations pi of sum_i |Q x_i - y_pi(i)|^2
 *
 * by alternating the best permutation for Q (exact assignment) with the best Q for the permutation (orthogonal.ts) until the permutation
 * stays. That ends in a local minimum, so several starts are tried: the eight ways to lay principal axes on each other, and for two
 * far-out particles of x the ordered pairs of y whose lengths and angle are most like theirs, in both hands. Starts are ranked by
 * sum_i min_j |Q x_i - y_j|^2, which needs no permutation, and the best few are followed. A rotated, reflected and permuted copy is
 * always among the starts. Refuses nothing: the caller guarantees finite coordinates below 1e17, count >= 1.
 */
import { assignment, assignmentScratch } from "./assignment";
import { get, getf, set, setf } from "./cells";
import { nearestOrthogonal, orthogonalScratch } from "./orthogonal";

/** Turns of one alternation at most; it takes 3 on average and each lowers the distance. */
const TURNS: i32 = 30;
/** Bytes of a 3 x 3 matrix f64. */
const MATRIX: usize = 72;
/** Ways to lay one set of principal axes on another. In the plane the third axis is none, and its sign would repeat every start. */
function signsOf(planar: bool): i32 {
  return planar ? 4 : 8;
}
/** Ways to lay two particles on two others. */
function handsOf(planar: bool): i32 {
  return planar ? 1 : 2;
}

/**
 * One configuration as src/kernels/align.ts writes it: points f32 [3][pitch] around the center of mass, padded with 1e18; axes f64 [3][3],
 * the principal axes in columns; frame f64 [3][3], that of the two anchors, in columns; f32 [4] the anchors' lengths, scalar product
 * and 0; gram f32 [count][count], scalar products of the particles.
 */
function axesOf(record: usize, pitch: usize): usize {
  return record + 3 * pitch;
}
function frameOf(record: usize, pitch: usize): usize {
  return axesOf(record, pitch) + MATRIX;
}
function anchorsOf(record: usize, pitch: usize): usize {
  return frameOf(record, pitch) + MATRIX;
}
function gramOf(record: usize, pitch: usize): usize {
  return anchorsOf(record, pitch) + 16;
}

function pitchOf(count: i32): usize {
  return (<usize>((count + 15) & ~15)) << 2;
}

/** Bytes of a record. */
export function alignRecord(count: i32): usize {
  return (gramOf(0, pitchOf(count)) + ((<usize>(count * count)) << 2) + 15) & ~15;
}

/** Scratch of one pair, laid out over the bytes given. */
class Pair {
  x: usize;
  y: usize;
  pitch: usize;
  count: i32;
  anchors: i32;
  planar: bool;
  matrix: usize; // f32 [count][pitch], costs of one assignment
  columns: usize; // i32 [count], the permutation before
  turned: usize; // f32 [3][pitch], particles of x after the rotation
  pairs: usize; // f32 misfit, i32 particle, i32 particle, of the `anchors` best pairs of y
  starts: usize; // f64 [8 + 2 anchors][3][3]
  scores: usize; // f32 [8 + 2 anchors], nearness, infinite once followed
  moment: usize; // f64 [3][3]
  turn: usize; // f64 [3][3]
  other: usize; // f64 [3][3]
  rest: usize; // of nearestOrthogonal
  own: usize; // of assignment
}

/** Bytes of scratch of `alignedSquares`. */
export function alignScratch(count: i32, anchors: i32): usize {
  const starts = <usize>(8 + 2 * anchors);
  const own: usize = 80 + <usize>(count + 4) * pitchOf(count) + ((<usize>anchors) << 4) + starts * (MATRIX + 16) + 3 * MATRIX;
  return ((own + orthogonalScratch() + 15) & ~15) + assignmentScratch(count);
}

function layOut(scratch: usize, count: i32, planar: bool, anchors: i32): Pair {
  const pair = changetype<Pair>(scratch);
  const starts = <usize>(8 + 2 * anchors);
  pair.planar = planar;
  pair.pitch = pitchOf(count);
  pair.count = count;
  pair.anchors = anchors;
  pair.matrix = scratch + 80;
  pair.columns = pair.matrix + <usize>count * pair.pitch;
  pair.turned = pair.columns + pair.pitch;
  pair.pairs = pair.turned + 3 * pair.pitch;
  pair.starts = pair.pairs + ((<usize>anchors) << 4);
  pair.scores = pair.starts + starts * MATRIX;
  pair.moment = pair.scores + (starts << 4);
  pair.turn = pair.moment + MATRIX;
  pair.other = pair.turn + MATRIX;
  pair.rest = pair.other + MATRIX;
  pair.own = (pair.rest + orthogonalScratch() + 15) & ~15;
  return pair;
}

/** out[i, j] = D(a_i, b_j), f32 [na, stride], padded with +inf. `anchors` pairs of anchors and `tries` starts followed, both >= 1. */
export function alignedSquares(
  a: usize,
  na: i32,
  b: usize,
  nb: i32,
  count: i32,
  planar: bool,
  anchors: i32,
  tries: i32,
  out: usize,
  stride: i32,
  scratch: usize,
): void {
  const pair = layOut(scratch, count, planar, anchors);
  const record = alignRecord(count);
  for (let i = 0; i < na; i++) {
    const row = out + ((<usize>i * <usize>stride) << 2);
    pair.x = a + <usize>i * record;
    for (let j = 0; j < nb; j++) {
      pair.y = b + <usize>j * record;
      store<f32>(row + ((<usize>j) << 2), <f32>aligned(pair, tries));
    }
    for (let j = nb; j < stride; j++) store<f32>(row + ((<usize>j) << 2), Infinity);
  }
}

/** D of one pair: the least end of the alternation over its `tries` best starts. */
function aligned(pair: Pair, tries: i32): f64 {
  layAxes(pair);
  const pairs = findPairs(pair);
  for (let k = 0; k < pairs; k++) layAnchors(pair, k);
  const count = signsOf(pair.planar) + handsOf(pair.planar) * pairs;
  for (let k = 0; k < count; k++) {
    store<f32>(pair.scores + ((<usize>k) << 2), nearness(pair, pair.starts + <usize>k * MATRIX));
  }
  let least: f64 = Infinity;
  for (let turn = 0; turn < min(tries, count); turn++) {
    let best = 0;
    for (let k = 1; k < count; k++) {
      if (load<f32>(pair.scores + ((<usize>k) << 2)) < load<f32>(pair.scores + ((<usize>best) << 2))) best = k;
    }
    store<f32>(pair.scores + ((<usize>best) << 2), Infinity);
    memory.copy(pair.turn, pair.starts + <usize>best * MATRIX, MATRIX);
    least = min(least, alternate(pair));
  }
  return least;
}

/** Q = sum_k s_k (column k of to) (column k of from)^T. */
function lay(to: usize, from: usize, s0: f64, s1: f64, s2: f64, q: usize): void {
  for (let i = 0; i < 3; i++) {
    const t0 = s0 * getf(to, 3 * i);
    const t1 = s1 * getf(to, 3 * i + 1);
    const t2 = s2 * getf(to, 3 * i + 2);
    for (let j = 0; j < 3; j++) {
      setf(q, 3 * i + j, t0 * getf(from, 3 * j) + t1 * getf(from, 3 * j + 1) + t2 * getf(from, 3 * j + 2));
    }
  }
}

function layAxes(pair: Pair): void {
  const from = axesOf(pair.x, pair.pitch);
  const to = axesOf(pair.y, pair.pitch);
  const signs = signsOf(pair.planar);
  for (let k = 0; k < signs; k++) {
    lay(to, from, k & 1 ? -1 : 1, k & 2 ? -1 : 1, k & 4 ? -1 : 1, pair.starts + <usize>k * MATRIX);
  }
}

/** The ordered pairs of particles of y most like the anchors of x, by insertion. Returns how many. */
function findPairs(pair: Pair): i32 {
  const count = pair.count;
  const anchors = pair.anchors;
  const pairs = pair.pairs;
  const wanted = anchorsOf(pair.x, pair.pitch);
  const first = load<f32>(wanted);
  const second = load<f32>(wanted, 4);
  const product = load<f32>(wanted, 8);
  const scale: f32 = 1.0 / max<f32>(first * second, 1e-20);
  const gram = gramOf(pair.y, pair.pitch);
  let found = 0;
  for (let c = 0; c < count; c++) {
    const row = gram + ((<usize>(c * count)) << 2);
    const gap = sqrt(load<f32>(row + ((<usize>c) << 2))) - first;
    const base = gap * gap;
    if (found == anchors && base >= load<f32>(pairs + ((<usize>(found - 1)) << 4))) continue;
    for (let d = 0; d < count; d++) {
      if (d == c) continue;
      const other = sqrt(load<f32>(gram + ((<usize>(d * count + d)) << 2))) - second;
      const angle = load<f32>(row + ((<usize>d) << 2)) - product;
      const misfit = base + other * other + angle * angle * scale;
      if (found == anchors && misfit >= load<f32>(pairs + ((<usize>(found - 1)) << 4))) continue;
      if (found < anchors) found++;
      let at = pairs + ((<usize>(found - 1)) << 4);
      for (; at > pairs && load<f32>(at - 16) > misfit; at -= 16) memory.copy(at, at - 16, 16);
      store<f32>(at, misfit);
      store<i32>(at, c, 4);
      store<i32>(at, d, 8);
    }
  }
  return found;
}

/** The starts that lay the anchors of x on pair k of y: in space one for each hand. */
function layAnchors(pair: Pair, k: i32): void {
  const at = pair.pairs + ((<usize>k) << 4);
  const first = pair.y + ((<usize>load<i32>(at, 4)) << 2);
  const second = pair.y + ((<usize>load<i32>(at, 8)) << 2);
  const pitch = pair.pitch;
  const to = pair.other;
  frame(
    load<f32>(first),
    load<f32>(first + pitch),
    load<f32>(first + 2 * pitch),
    load<f32>(second),
    load<f32>(second + pitch),
    load<f32>(second + 2 * pitch),
    to,
  );
  const from = frameOf(pair.x, pitch);
  const start = pair.starts + <usize>(signsOf(pair.planar) + handsOf(pair.planar) * k) * MATRIX;
  lay(to, from, 1, 1, 1, start);
  if (!pair.planar) lay(to, from, 1, 1, -1, start + MATRIX);
}

/** Columns: u / |u|, what is left of v at right angles to it, their cross product. Vectors along each other give some such frame or zeros. */
function frame(ux: f64, uy: f64, uz: f64, vx: f64, vy: f64, vz: f64, out: usize): void {
  const u = 1 / max(sqrt(ux * ux + uy * uy + uz * uz), 1e-30);
  ux *= u;
  uy *= u;
  uz *= u;
  const along = ux * vx + uy * vy + uz * vz;
  vx -= along * ux;
  vy -= along * uy;
  vz -= along * uz;
  const v = 1 / max(sqrt(vx * vx + vy * vy + vz * vz), 1e-30);
  vx *= v;
  vy *= v;
  vz *= v;
  setf(out, 0, ux);
  setf(out, 3, uy);
  setf(out, 6, uz);
  setf(out, 1, vx);
  setf(out, 4, vy);
  setf(out, 7, vz);
  setf(out, 2, uy * vz - uz * vy);
  setf(out, 5, uz * vx - ux * vz);
  setf(out, 8, ux * vy - uy * vx);
}

/** sum_j min_i |Q x_i - y_j|^2: four particles of y side by side. */
function nearness(pair: Pair, q: usize): f32 {
  turnAll(pair, q);
  const pitch = pair.pitch;
  const first = pair.turned;
  const last = first + ((<usize>pair.count) << 2);
  let total = f32x4.splat(0);
  for (let j: usize = 0; j < pitch; j += 16) {
    let least = f32x4.splat(f32.MAX_VALUE);
    for (let at = first; at < last; at += 4) least = f32x4.pmin(least, apart(at, pair.y + j, pitch));
    total = f32x4.add(total, v128.and(least, f32x4.lt(least, f32x4.splat(1e30)))); // padding is farther
  }
  return (
    f32x4.extract_lane(total, 0) + f32x4.extract_lane(total, 1) + f32x4.extract_lane(total, 2) + f32x4.extract_lane(total, 3)
  );
}

/** Q x_i of all particles. */
function turnAll(pair: Pair, q: usize): void {
  const x = pair.x;
  const pitch = pair.pitch;
  for (let row: usize = 0; row < 3; row++) {
    const q0 = f32x4.splat(<f32>load<f64>(q + row * 24));
    const q1 = f32x4.splat(<f32>load<f64>(q + row * 24, 8));
    const q2 = f32x4.splat(<f32>load<f64>(q + row * 24, 16));
    const to = pair.turned + row * pitch;
    for (let i: usize = 0; i < pitch; i += 16) {
      const sum = f32x4.add(f32x4.mul(q0, v128.load(x + i)), f32x4.mul(q1, v128.load(x + pitch + i)));
      v128.store(to + i, f32x4.add(sum, f32x4.mul(q2, v128.load(x + 2 * pitch + i))));
    }
  }
}

/** Squared distances of a turned particle from four particles of y. */
function apart(turned: usize, y: usize, pitch: usize): v128 {
  const dx = f32x4.sub(v128.load32_splat(turned), v128.load(y));
  const dy = f32x4.sub(v128.load32_splat(turned + pitch), v128.load(y + pitch));
  const dz = f32x4.sub(v128.load32_splat(turned + 2 * pitch), v128.load(y + 2 * pitch));
  return f32x4.add(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), f32x4.mul(dz, dz));
}

/** From the rotation in `turn`: permutation, rotation, ... until the permutation stays. Returns the distance at the end. */
function alternate(pair: Pair): f64 {
  const count = pair.count;
  const columns = pair.columns;
  const own = pair.own;
  const found = own + 4 * pair.pitch; // where `assignment` leaves the columns: 16 bytes per padded column
  let least: f64 = Infinity;
  for (let turn = 0; turn < TURNS; turn++) {
    fill(pair);
    assignment(pair.matrix, count, own);
    let same = turn > 0;
    for (let i = 0; i < count; i++) {
      if (get(columns, i) != get(found, i)) same = false;
      set(columns, i, get(found, i));
    }
    if (same) break;
    moments(pair);
    nearestOrthogonal(pair.moment, pair.turn, pair.rest);
    const now = distance(pair);
    if (!(now < least)) break;
    least = now;
  }
  return least;
}

/** |Q x_i - y_j|^2 for all particles, padded with +inf. */
function fill(pair: Pair): void {
  turnAll(pair, pair.turn);
  const pitch = pair.pitch;
  const bytes = (<usize>pair.count) << 2;
  let row = pair.matrix;
  for (let i: usize = 0; i < bytes; i += 4, row += pitch) {
    for (let j: usize = 0; j < pitch; j += 16) v128.store(row + j, apart(pair.turned + i, pair.y + j, pitch));
    for (let j = bytes; j < pitch; j += 4) store<f32>(row + j, Infinity);
  }
}

/** sum_i y_pi(i) x_i^T. */
function moments(pair: Pair): void {
  const x = pair.x;
  const y = pair.y;
  const pitch = pair.pitch;
  const moment = pair.moment;
  const columns = pair.columns;
  memory.fill(moment, 0, MATRIX);
  for (let i = 0; i < pair.count; i++) {
    const from = x + ((<usize>i) << 2);
    const to = y + ((<usize>get(columns, i)) << 2);
    for (let r = 0; r < 3; r++) {
      const target = <f64>load<f32>(to + <usize>r * pitch);
      for (let c = 0; c < 3; c++) {
        setf(moment, 3 * r + c, getf(moment, 3 * r + c) + target * <f64>load<f32>(from + <usize>c * pitch));
      }
    }
  }
}

/** sum_i |Q x_i - y_pi(i)|^2 in f64. */
function distance(pair: Pair): f64 {
  const x = pair.x;
  const y = pair.y;
  const pitch = pair.pitch;
  const turn = pair.turn;
  const columns = pair.columns;
  let total: f64 = 0;
  for (let i = 0; i < pair.count; i++) {
    const from = x + ((<usize>i) << 2);
    const to = y + ((<usize>get(columns, i)) << 2);
    for (let r = 0; r < 3; r++) {
      const delta =
        getf(turn, 3 * r) * <f64>load<f32>(from) +
        getf(turn, 3 * r + 1) * <f64>load<f32>(from + pitch) +
        getf(turn, 3 * r + 2) * <f64>load<f32>(from + 2 * pitch) -
        <f64>load<f32>(to + <usize>r * pitch);
      total += delta * delta;
    }
  }
  return total;
}
