/** The ABI: the only list of exports. Pointers are byte addresses, 16-byte aligned; f32 row-major unless said otherwise. */

// Memory of the arena.
export { reserve, release } from "./memory";

// Random numbers of row (key a, key b, step, row). Every `state` is 64 bytes of scratch.
export { bits, uniforms, normals, perturb } from "./random";
