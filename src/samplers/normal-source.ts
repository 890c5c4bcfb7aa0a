/** Where samplers get normal numbers from: a value handed in, because samplers import nothing but core. */
import type { Key } from "../core/types.js";

/**
 * n rows of `dim` standard normals, row-major. Row r belongs to the stream (key, step, firstRow + r) alone, so rows made in
 * blocks of any size have the same bits; `normalRows` of the kernels is one.
 */
export type NormalSource = (key: Key, step: number, firstRow: number, n: number, dim: number) => { readonly data: Float32Array };
