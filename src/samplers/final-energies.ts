/** Exact energies at the end of a run. */
import { finiteRows } from "../core/finite-rows.js";
import type { Batch, Energy } from "../core/types.js";

/**
 * Energies [n] in kT; NaN for rows with a coordinate that is not finite, which no energy is asked about.
 *
 * @param chunk rows asked for at a time
 * @param breathe called before each chunk
 */
export async function finalEnergies(
  energy: Energy,
  x: Batch,
  chunk: number,
  breathe: () => Promise<void>,
): Promise<Float32Array> {
  const { dim } = x;
  const energies = new Float32Array(x.n).fill(Number.NaN);
  for (let first = 0; first < x.n; first += chunk) {
    await breathe();
    const last = Math.min(x.n, first + chunk);
    const { kept, rows } = finiteRows({ data: x.data.slice(first * dim, last * dim), n: last - first, dim });
    if (rows.length === 0) continue;
    const values = energy.energy(kept);
    rows.forEach((row, i) => {
      energies[first + row] = values[i];
    });
  }
  return energies;
}
