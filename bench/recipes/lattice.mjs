/**
 * Recipe of src/kernels/lattice-vectors.ts: `node bench/recipes/lattice.mjs > src/kernels/lattice-vectors.ts` (about 4 minutes).
 *
 * Component-by-component search (Sloan and Reztsov 2002) of the generating vector z for every K = 2^1 .. 2^16 and 64 dimensions:
 * each z_d minimises the shift-averaged squared worst-case error in the weighted Sobolev space,
 *
 *   e^2 = -1 + (1/K) sum_k prod_d (1 + g_d B2({k z_d / K})),  B2(x) = x^2 - x + 1/6,  g_d = 2 pi^2 / d,
 *
 * over odd z < K/2 (z and K - z give the same error), z_1 = 1; ties go to the smallest. Odd z keep every one-dimensional
 * projection a full grid, which the row rotations of the kernel need.
 */
const DIMS = 64;
const LARGEST = Number(process.argv[2] ?? 16);

function search(m) {
  const K = 2 ** m;
  const mask = K - 1;
  const b2 = Float64Array.from({ length: K }, (_, k) => (k / K) ** 2 - k / K + 1 / 6);
  const product = new Float64Array(K).fill(1);
  const z = [];
  for (let d = 1; d <= DIMS; d++) {
    let best = 1;
    if (d > 1) {
      let least = Infinity;
      for (let candidate = 1; candidate < Math.max(2, K / 2); candidate += 2) {
        // k and K - k contribute the same, so half the sum orders the candidates.
        let sum = 0;
        for (let k = 1, at = candidate; k <= K / 2; k++, at = (at + candidate) & mask) sum += product[k] * b2[at];
        if (least === Infinity || sum < least - 1e-12 * Math.abs(least)) {
          least = sum;
          best = candidate;
        }
      }
    }
    z.push(best);
    const g = (2 * Math.PI ** 2) / d;
    for (let k = 0; k < K; k++) product[k] *= 1 + g * b2[(k * best) & mask];
  }
  return z;
}

console.log(
  "/** Generating vectors of rank-1 lattices: row m - 1 is for K = 2^m. Made by bench/recipes/lattice.mjs; do not edit. */",
);
console.log("export const LATTICE_VECTORS: readonly (readonly number[])[] = [");
for (let m = 1; m <= LARGEST; m++) {
  console.log(`  [${search(m).join(", ")}],`);
  console.error(`K = 2^${m}`);
}
console.log("];");
