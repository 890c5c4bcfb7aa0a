/** Where chains begin that were given no start. */
import { derive, uniformAt } from "../core/random.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, Energy, Key, PairPotential, Particles } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";

/** Noise on a lattice, in units of its spacing: neighbours at three standard deviations are 0.8 spacings apart. */
const SHAKE = 0.05;

/** Distance at which a pair has its least energy; 1 where the energy is not made of pairs. */
export function pairDistance(pairs: PairPotential | undefined): number {
  if (!pairs) return 1;
  let best = 1;
  let least = Infinity;
  // From 0.05 to 20 in steps of 1 %.
  for (let r = 0.05; r < 20; r *= 1.01) {
    const energy = pairs.energy(r);
    if (energy < least) [best, least] = [r, energy];
  }
  return best;
}

/** Points of the densest lattice with neighbours at distance 1 (line, triangles, face-centered cubic), about the origin, [points, dim]. */
function latticePoints(count: number, dim: number): number[][] {
  const points: number[][] = [];
  // Room for a ball of `count` points, and two layers for the cluster's center being anywhere in a cell.
  let reach = 2;
  while ((2 * reach - 3) ** dim < 4 * count) reach++;
  const range = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  for (const i of range) {
    for (const j of dim > 1 ? range : [0]) {
      if (dim === 1) points.push([i]);
      if (dim === 2) points.push([i + 0.5 * j, j * Math.sqrt(0.75)]);
      if (dim === 3) for (const k of range) if ((i + j + k) % 2 === 0) points.push([i, j, k].map((c) => c * Math.sqrt(0.5)));
    }
  }
  return points;
}

/** The `count` points nearest to a random place. */
function cluster(points: readonly number[][], count: number, key: Key): number[][] {
  const center = points[0].map((_, axis) => uniformAt(key, axis) - 0.5);
  const far = Float64Array.from(points, (point) => point.reduce((sum, c, axis) => sum + (c - center[axis]) ** 2, 0));
  const farthest = far.slice().sort()[count - 1];
  return points.filter((_, i) => far[i] <= farthest).slice(0, count);
}

/**
 * Compact pieces of a lattice whose spacing is the best pair distance, cut around another center for every row, with normal noise of 0.05
 * spacings, center of mass 0: no two particles overlap, so that no chain begins at an energy of 10^12. [n, count * spatialDim]
 */
export function latticeStart(n: number, { count, spatialDim }: Particles, spacing: number, key: Key): Batch {
  const dim = count * spatialDim;
  const points = latticePoints(count, spatialDim);
  const { data } = normalRows(key, 0, 0, n, dim);
  for (let row = 0; row < n; row++) {
    cluster(points, count, derive(key, row)).forEach((point, particle) => {
      for (let axis = 0; axis < spatialDim; axis++) {
        const at = row * dim + particle * spatialDim + axis;
        data[at] = spacing * (point[axis] + SHAKE * data[at]);
      }
    });
  }
  removeMean(data, n, { count, spatialDim });
  return { data, n, dim };
}

/** Lattice pieces for particles, N(0, I) for anything else. */
export function defaultStart(energy: Energy, n: number, key: Key): Batch {
  const { particles, pairs, dim } = energy;
  return particles ? latticeStart(n, particles, pairDistance(pairs), key) : normalRows(key, 0, 0, n, dim);
}
