/** The network of the training and sampling benches: inputs -> width x depth -> 1, SiLU after each hidden layer, biases everywhere. */
import { uniformArray } from "./random-arrays.mjs";

/** [rows, columns] of the matrix of every layer; the bias [columns] follows each in the flat vector. */
export function layerShapes(inputs, width, depth) {
  return Array.from({ length: depth + 1 }, (_, at) => [at === 0 ? inputs : width, at === depth ? 1 : width]);
}

/** Where every layer begins in the flat vector: [{ rows, columns, matrix, bias }]. */
export function layerOffsets(inputs, width, depth) {
  let begin = 0;
  return layerShapes(inputs, width, depth).map(([rows, columns]) => {
    const layer = { rows, columns, matrix: begin, bias: begin + rows * columns };
    begin = layer.bias + columns;
    return layer;
  });
}

/** Uniform in +-sqrt(6 / fan in); biases not zero, so that a peer without them is noticed. */
export function startingParameters(inputs, width, depth, seed) {
  const layers = layerOffsets(inputs, width, depth);
  const last = layers.at(-1);
  const flat = new Float32Array(last.bias + last.columns);
  layers.forEach(({ rows, columns, matrix, bias }, at) => {
    flat.set(uniformArray(seed + 2 * at, rows * columns, Math.sqrt(6 / rows)), matrix);
    flat.set(uniformArray(seed + 2 * at + 1, columns, 0.1), bias);
  });
  return flat;
}

/** Adam as every peer has it: Kingma and Ba with the numbers of this package's training. */
export const adam = { rate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
