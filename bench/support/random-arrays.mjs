/** Inputs every peer gets alike: normals and uniforms of a 32-bit counter hash, independent of the package under test. */

function hash(seed, index) {
  let h = Math.imul(index ^ Math.imul(seed, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Uniform in +-bound. */
export function uniformArray(seed, length, bound = 1) {
  return Float32Array.from({ length }, (_, i) => bound * (2 * hash(seed, i) - 1));
}

export function normalArray(seed, length, std = 1) {
  return Float32Array.from({ length }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(hash(seed, 2 * i) + 2 ** -33));
    return std * radius * Math.cos(2 * Math.PI * hash(seed, 2 * i + 1));
  });
}
