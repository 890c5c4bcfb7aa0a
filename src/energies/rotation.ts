/** Rotations of a whole space: drawn from a seed, or given. */
import { checkInteger, checkNumber } from "../core/check.js";
import { cos, log1p } from "../core/elementary.js";
import { derive, keyOf, uniformAt } from "../core/random.js";

/** Rounding of 1,024 products of unit vectors' coordinates in f64, with room; a matrix typed with 10 digits passes. */
const ORTHOGONAL = 1e-8;

/** Row `at` less its parts along the rows before it, at length 1. Twice: once leaves rounding times the parts taken off. */
function orthonormalise(rows: Float64Array, dim: number, at: number): void {
  const own = rows.subarray(at * dim, (at + 1) * dim);
  for (let pass = 0; pass < 2; pass++) {
    for (let k = 0; k < at; k++) {
      const other = rows.subarray(k * dim, (k + 1) * dim);
      const inner = own.reduce((sum, value, d) => sum + value * other[d], 0);
      for (let d = 0; d < dim; d++) own[d] -= inner * other[d];
    }
    const length = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
    for (let d = 0; d < dim; d++) own[d] /= length;
  }
}

/**
 * A random orthogonal matrix [dim, dim], uniform over all (Haar): the Gram-Schmidt factor of a matrix of normals (Box-Muller) from the seed's own
 * stream. The same bits everywhere.
 *
 * @see Stewart 1980, SIAM J. Numer. Anal. 17
 */
export function drawnRotation(dim: number, seed: number): Float64Array {
  const key = derive(keyOf(seed), "rotation");
  const rows = Float64Array.from({ length: dim * dim }, (_, i) => {
    const radius = Math.sqrt(-2 * log1p(-uniformAt(key, 2 * i)));
    return radius * cos(2 * Math.PI * uniformAt(key, 2 * i + 1));
  });
  for (let at = 0; at < dim; at++) orthonormalise(rows, dim, at);
  return rows;
}

/** @throws TypeError / RangeError unless [dim][dim] numbers with R R^T = I within 1e-8 */
function givenRotation(call: string, dim: number, rows: readonly unknown[]): Float64Array {
  checkInteger(call, "length of rotation", rows.length, dim, dim);
  const matrix = new Float64Array(dim * dim);
  rows.forEach((row, i) => {
    if (!Array.isArray(row)) throw new TypeError(`${call}: rotation must be a seed, or an array of ${dim} rows`);
    checkInteger(call, `length of rotation[${i}]`, row.length, dim, dim);
    for (let k = 0; k < dim; k++) matrix[i * dim + k] = checkNumber(call, `rotation[${i}][${k}]`, row[k], -1.01, 1.01);
  });
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j <= i; j++) {
      let inner = 0;
      for (let k = 0; k < dim; k++) inner += matrix[i * dim + k] * matrix[j * dim + k];
      const off = Math.abs(inner - (i === j ? 1 : 0));
      if (off > ORTHOGONAL) {
        throw new RangeError(
          `${call}: rotation must be orthogonal, but rows ${j} and ${i} are off by ${off}; give a seed to have one drawn`,
        );
      }
    }
  }
  return matrix;
}

/** A matrix [dim, dim] from a seed or from rows. @throws TypeError / RangeError for anything else */
export function rotationOf(call: string, dim: number, rotation: unknown): Float64Array {
  if (Array.isArray(rotation)) return givenRotation(call, dim, rotation);
  if (typeof rotation !== "number") throw new TypeError(`${call}: rotation must be a seed, or an array of ${dim} rows`);
  return drawnRotation(dim, checkInteger(call, "rotation", rotation, 0, 0xffffffff));
}
