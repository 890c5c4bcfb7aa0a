/** The ABI: the only list of exports. Pointers are byte addresses, 16-byte aligned; f32 row-major unless said otherwise. */

export { assignment, assignmentScratch } from "./assignment";
export { rowsScratch } from "./blocks";
// Cost matrices and exact assignment. A matrix row is padded to a multiple of 16 entries with +inf.
export { squaredDistances, squareRoots } from "./distance";
export { drawsScratch, perturbations } from "./draws";
// Energies: rows, and the fused noised estimator over a request block (draws.ts).
export { gaussianMixtureNoised, gaussianMixtureRows } from "./energies/gaussian-mixture";
// Memory of the arena.
export { release, reserve } from "./memory";
export { noisedScratch } from "./noised";
// Random numbers of row (key a, key b, step, row). Every `state` is 64 bytes of scratch.
export { bits, normals, perturb, uniforms } from "./random";
// Elementary functions over arrays, for the tests of their error.
export { expArray, logArray, sincosArray } from "./simd";
