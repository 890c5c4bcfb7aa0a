/** Normal numbers from a second, unrelated generator, so that tests of what consumes them do not rest on the kernels. */
import { derive } from "../../src/core/random.js";
import type { Batch, Key } from "../../src/core/types.js";

/** sfc32 (Doty-Humphrey, PractRand): uniforms in (0, 1), 32 bits. */
function uniformsOf(key: Key): () => number {
  let a = key.a | 0;
  let b = key.b | 0;
  let c = 0x2545f491;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return ((sum >>> 0) + 0.5) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Rows of standard normals (Box-Muller in f64); row r depends on (key, step, firstRow + r) only. */
export function referenceNormals(key: Key, step: number, firstRow: number, n: number, dim: number): Batch {
  const data = new Float32Array(n * dim);
  for (let r = 0; r < n; r++) {
    const uniform = uniformsOf(derive(key, step, firstRow + r));
    for (let i = 0; i < dim; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(uniform()));
      const angle = 2 * Math.PI * uniform();
      data[r * dim + i] = radius * Math.cos(angle);
      if (i + 1 < dim) data[r * dim + i + 1] = radius * Math.sin(angle);
    }
  }
  return { data, n, dim };
}
