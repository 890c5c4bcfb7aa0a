/** Norm clip of score targets, and the rows that cannot be used. */

/**
 * Scales every row longer than `limit` (Euclidean norm) down to it, in place; Infinity leaves all as they are.
 * Rows that are not finite are marked in `excluded` and set to 0, so that no NaN reaches the loss.
 * @returns number of clipped rows and of excluded rows
 */
export function clipRows(
  rows: Float32Array,
  dim: number,
  limit: number,
  excluded: Uint8Array,
): { clipped: number; dropped: number } {
  let clipped = 0;
  let dropped = 0;
  for (let i = 0; i < excluded.length; i++) {
    let square = 0;
    for (let j = 0; j < dim; j++) square += rows[i * dim + j] * rows[i * dim + j];
    if (!Number.isFinite(square)) {
      excluded[i] = 1;
      dropped++;
      rows.fill(0, i * dim, (i + 1) * dim);
    } else if (square > limit * limit) {
      const factor = limit / Math.sqrt(square);
      for (let j = 0; j < dim; j++) rows[i * dim + j] *= factor;
      clipped++;
    }
  }
  return { clipped, dropped };
}

/** Marks the rows where every draw missed (E_K = +inf): their softmax weights are undefined. */
export function markMissed(energies: Float32Array, excluded: Uint8Array): void {
  for (let i = 0; i < excluded.length; i++) if (energies[i] === Infinity) excluded[i] = 1;
}
