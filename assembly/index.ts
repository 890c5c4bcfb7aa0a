/** The ABI: the only list of exports. Pointers are byte addresses, 16-byte aligned; f32 row-major unless said otherwise. */

export { assignment, assignmentScratch } from "./assignment";
// Cost matrices and exact assignment. A matrix row is padded to a multiple of 16 entries with +inf.
export { squaredDistances, squareRoots } from "./distance";
// Memory of the arena.
export { release, reserve } from "./memory";
// Random numbers of row (key a, key b, step, row). Every `state` is 64 bytes of scratch.
export { bits, normals, perturb, uniforms } from "./random";
