/**
 * The orthogonal matrix nearest to a 3 x 3 matrix: Q = U V^T of H = U S V^T, which maximises trace(Q^T H) over rotations and reflections
 * (Kabsch 1976 without its sign correction). Matrices are row-major f64.
 */
import { getf, setf } from "./cells";

/** Below this part of the largest singular value a direction of H is noise, and any completion is as good. */
const RANK: f64 = 1e-7;
/** Cyclic sweeps of Jacobi rotations; they converge quadratically, four leave off-diagonals below 1e-30. */
const SWEEPS: i32 = 6;

/** Bytes of scratch of `nearestOrthogonal`. */
export function orthogonalScratch(): usize {
  return 27 * 8;
}

/** q = U V^T of h; both [9] f64, may not overlap. Rank 2 or less is completed to an orthogonal matrix. */
export function nearestOrthogonal(h: usize, q: usize, scratch: usize): void {
  const gram = scratch;
  const v = gram + 72;
  const u = v + 72;
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      let sum: f64 = 0;
      for (let k = 0; k < 3; k++) sum += getf(h, 3 * k + i) * getf(h, 3 * k + j);
      setf(gram, 3 * i + j, sum);
      setf(v, 3 * i + j, i == j ? 1 : 0);
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const off = abs(getf(gram, 1)) + abs(getf(gram, 2)) + abs(getf(gram, 5));
    if (!(off > 1e-30 * (getf(gram, 0) + getf(gram, 4) + getf(gram, 8)))) break;
    rotate(gram, v, 0, 1);
    rotate(gram, v, 0, 2);
    rotate(gram, v, 1, 2);
  }
  leftVectors(h, gram, v, u);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      let sum: f64 = 0;
      for (let k = 0; k < 3; k++) sum += getf(u, 3 * i + k) * getf(v, 3 * j + k);
      setf(q, 3 * i + j, sum);
    }
  }
}

/** One Jacobi rotation that clears entry (a, b) of a symmetric matrix, gathered into the columns of v. */
function rotate(m: usize, v: usize, a: i32, b: i32): void {
  const apart = getf(m, 3 * a + b);
  if (apart == 0) return;
  const theta = (getf(m, 4 * b) - getf(m, 4 * a)) / (2 * apart);
  const t = (theta >= 0 ? 1 : -1) / (abs(theta) + sqrt(theta * theta + 1));
  const c = 1 / sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < 3; k++) turn(m, 3 * k + a, 3 * k + b, c, s);
  for (let k = 0; k < 3; k++) turn(m, 3 * a + k, 3 * b + k, c, s);
  for (let k = 0; k < 3; k++) turn(v, 3 * k + a, 3 * k + b, c, s);
}

function turn(m: usize, first: i32, second: i32, c: f64, s: f64): void {
  const x = getf(m, first);
  const y = getf(m, second);
  setf(m, first, c * x - s * y);
  setf(m, second, s * x + c * y);
}

/** Columns of u: H v_k normalised, in falling order of length, each made orthogonal to those before. */
function leftVectors(h: usize, gram: usize, v: usize, u: usize): void {
  const first = largestOf(gram, -1);
  const second = largestOf(gram, first);
  const third = 3 - first - second;
  const length = image(h, v, u, first);
  if (!(length > 0)) {
    memory.copy(u, v, 72);
    return;
  }
  scaleColumn(u, first, 1 / length);
  image(h, v, u, second);
  if (orthogonalise(u, second, first) > RANK * length) scaleColumn(u, second, 1 / columnLength(u, second));
  else completeTwo(u, second, first);
  // The third direction up to its sign: the one that H asks for, any where H does not say.
  image(h, v, u, third);
  const x = getf(u, third);
  const y = getf(u, 3 + third);
  const z = getf(u, 6 + third);
  cross(u, first, second, third);
  if (x * getf(u, third) + y * getf(u, 3 + third) + z * getf(u, 6 + third) < 0) scaleColumn(u, third, -1);
}

/** Index of the largest diagonal entry but `not`. */
function largestOf(gram: usize, not: i32): i32 {
  let best = not == 0 ? 1 : 0;
  for (let k = best + 1; k < 3; k++) if (k != not && getf(gram, 4 * k) > getf(gram, 4 * best)) best = k;
  return best;
}

/** Column k of u = H v_k. Returns its length. */
function image(h: usize, v: usize, u: usize, k: i32): f64 {
  for (let i = 0; i < 3; i++) {
    setf(u, 3 * i + k, getf(h, 3 * i) * getf(v, k) + getf(h, 3 * i + 1) * getf(v, 3 + k) + getf(h, 3 * i + 2) * getf(v, 6 + k));
  }
  return columnLength(u, k);
}

function columnLength(u: usize, k: i32): f64 {
  return sqrt(getf(u, k) * getf(u, k) + getf(u, 3 + k) * getf(u, 3 + k) + getf(u, 6 + k) * getf(u, 6 + k));
}

function scaleColumn(u: usize, k: i32, factor: f64): void {
  for (let i = 0; i < 3; i++) setf(u, 3 * i + k, getf(u, 3 * i + k) * factor);
}

/** Takes the part along the unit column `from` out of column k; returns what is left of its length. */
function orthogonalise(u: usize, k: i32, from: i32): f64 {
  let along: f64 = 0;
  for (let i = 0; i < 3; i++) along += getf(u, 3 * i + k) * getf(u, 3 * i + from);
  for (let i = 0; i < 3; i++) setf(u, 3 * i + k, getf(u, 3 * i + k) - along * getf(u, 3 * i + from));
  return columnLength(u, k);
}

/** Column k becomes a unit vector at right angles to column `from`. */
function completeTwo(u: usize, k: i32, from: i32): void {
  let least = 0;
  for (let i = 1; i < 3; i++) if (abs(getf(u, 3 * i + from)) < abs(getf(u, 3 * least + from))) least = i;
  for (let i = 0; i < 3; i++) setf(u, 3 * i + k, i == least ? 1 : 0);
  scaleColumn(u, k, 1 / orthogonalise(u, k, from));
}

/** Column `to` = column a x column b. */
function cross(u: usize, a: i32, b: i32, to: i32): void {
  for (let i = 0; i < 3; i++) {
    const j = (i + 1) % 3;
    const k = (i + 2) % 3;
    setf(u, 3 * i + to, getf(u, 3 * j + a) * getf(u, 3 * k + b) - getf(u, 3 * k + a) * getf(u, 3 * j + b));
  }
}
