/** Pair energies as plain functions in f64, independent of the package's kernels. */
import type { Batch, Energy } from "../../src/core/types.js";

/** 2 (r^-12 - 2 r^-6) for every unordered pair: the Lennard-Jones clusters of the papers, each pair counted twice. */
export const doubledPair = {
  energy: (r: number) => 2 * (r ** -12 - 2 * r ** -6),
  slope: (r: number) => 24 * (r ** -7 - r ** -13),
};

/** E = sum_{i<j} u(r_ij) + trap / 2 sum_i |x_i - center|^2 with its gradient. */
export function pairCluster(
  count: number,
  spatialDim: number,
  trap = 1,
  u: { readonly energy: (r: number) => number; readonly slope: (r: number) => number } = doubledPair,
): Energy {
  const dim = count * spatialDim;
  const one = (x: Float32Array, gradient: Float32Array): number => {
    let energy = 0;
    const sums = new Float64Array(dim);
    for (let a = 0; a < spatialDim; a++) {
      let mean = 0;
      for (let i = 0; i < count; i++) mean += x[i * spatialDim + a] / count;
      for (let i = 0; i < count; i++) {
        const off = x[i * spatialDim + a] - mean;
        energy += (trap / 2) * off * off;
        sums[i * spatialDim + a] += trap * off;
      }
    }
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < i; j++) {
        const gap = Array.from({ length: spatialDim }, (_, a) => x[i * spatialDim + a] - x[j * spatialDim + a]);
        const r = Math.hypot(...gap);
        energy += u.energy(r);
        const pull = u.slope(r) / r;
        gap.forEach((g, a) => {
          sums[i * spatialDim + a] += pull * g;
          sums[j * spatialDim + a] -= pull * g;
        });
      }
    }
    gradient.set(sums);
    return energy;
  };
  const both = (x: Batch) => {
    const gradient = new Float32Array(x.n * dim);
    const energy = Float32Array.from({ length: x.n }, (_, i) =>
      one(x.data.subarray(i * dim, (i + 1) * dim), gradient.subarray(i * dim, (i + 1) * dim)),
    );
    return { energy, gradient };
  };
  return {
    name: "pairs",
    dim,
    convention: "kT",
    options: null,
    check: { x: new Array(dim).fill(0), energy: 0 },
    particles: { count, spatialDim },
    pairs: { energy: u.energy, trap },
    energy: (x) => both(x).energy,
    energyAndGradient: both,
  };
}

/** The icosahedron of 12 around 1, relaxed: minimum of the doubled Lennard-Jones cluster of 13 with a trap of 1, edge about 1. */
export function icosahedron(scale = 0.96): Float32Array {
  const golden = (1 + Math.sqrt(5)) / 2;
  const corners: number[][] = [[0, 0, 0]];
  for (const a of [-1, 1]) for (const b of [-golden, golden]) corners.push([0, a, b], [a, b, 0], [b, 0, a]);
  const radius = Math.hypot(1, golden);
  return Float32Array.from(corners.flat(), (v) => (scale * v) / radius);
}
