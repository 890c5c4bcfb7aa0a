/**
 * Where references and floor pairs come from: exact draws of the energy, or halves of a reference the user gave. Every draw has its own
 * stream, so none is used twice.
 */
import { derive, uniformAt } from "../core/random.js";
import type { Batch, Energy, Key } from "../core/types.js";
import { firstRows } from "./metric.js";
import type { DrawnRows, Rows } from "./score-pair.js";

export interface Draws {
  readonly from: "exact" | "reference";
  /** Rows of the sample that can be scored. */
  readonly rows: number;
  /** What the sample is scored against; equal n. */
  readonly references: readonly Batch[];
  /** Every row from the target that is at hand: averages are compared with those over all of them. */
  readonly all: Batch;
  /** Two independent stand-ins for a perfect sample of `rows` rows and its reference; k = 0, 1, ... */
  pair(k: number, rows: number): readonly [Rows, Rows];
}

/** The one positional seed of `exact.sample`, from a stream handle. */
export function seedOf(key: Key): number {
  return (key.a & 0x1fffff) * 4294967296 + key.b;
}

/** References of n rows (or the given ones) and pairs from `energy.exact`. */
export function exactDraws(
  exact: NonNullable<Energy["exact"]>,
  n: number,
  references: number,
  key: Key,
  given: readonly Batch[] | undefined,
): Draws {
  const drawn = (rows: number, ...words: (string | number)[]): DrawnRows => ({ seed: seedOf(derive(key, ...words)), n: rows });
  const used = given
    ? equalRows(given)
    : Array.from({ length: references }, (_, k) => exact.sample(n, drawn(n, "reference", k).seed));
  return {
    from: "exact",
    rows: n,
    references: used,
    all: concatenate(given ?? used),
    pair: (k, rows) => [drawn(rows, "pair", k, 0), drawn(used[0].n, "pair", k, 1)],
  };
}

function equalRows(batches: readonly Batch[]): Batch[] {
  const rows = Math.min(...batches.map((x) => x.n));
  return batches.map((x) => firstRows(x, rows));
}

/**
 * References and pairs from given rows alone. Two disjoint sets are needed for a pair, so at most half of the rows are used at a
 * time; pairs are random splits of the same rows and not independent of each other: their standard error is too small. One given set
 * is taken apart into references at random: rows of a file of chains are in the order of the chains.
 */
export function splitDraws(given: readonly Batch[], n: number, references: number, key: Key): Draws {
  const pool = concatenate(given);
  const rows = Math.min(n, pool.n >> 1);
  const sizes = Array.from({ length: Math.min(references, Math.floor(pool.n / rows)) }, () => rows);
  return {
    from: "reference",
    rows,
    references:
      given.length > 1 && given.every((x) => x.n >= rows)
        ? given.map((x) => firstRows(x, rows))
        : split(pool, sizes, derive(key, "reference")),
    all: pool,
    pair: (k, size) => {
      const [x, reference] = split(pool, [size, rows], derive(key, "pair", k));
      return [{ x }, { x: reference }];
    },
  };
}

function concatenate(batches: readonly Batch[]): Batch {
  if (batches.length === 1) return batches[0];
  const n = batches.reduce((sum, x) => sum + x.n, 0);
  const { dim } = batches[0];
  const data = new Float32Array(n * dim);
  let at = 0;
  for (const x of batches) {
    data.set(x.data, at);
    at += x.data.length;
  }
  return { data, n, dim };
}

/** Disjoint random subsets of the sizes asked for. */
function split(pool: Batch, sizes: readonly number[], key: Key): Batch[] {
  const order = Uint32Array.from({ length: pool.n }, (_, i) => i);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  for (let i = 0; i < total; i++) {
    const j = i + Math.floor(uniformAt(key, i) * (pool.n - i));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return take(pool, order.subarray(from - size, from));
  });
}

function take(x: Batch, rows: Uint32Array): Batch {
  const data = new Float32Array(rows.length * x.dim);
  rows.forEach((row, i) => {
    data.set(x.data.subarray(row * x.dim, (row + 1) * x.dim), i * x.dim);
  });
  return { data, n: rows.length, dim: x.dim };
}
