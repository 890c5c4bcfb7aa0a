/** f64 twins of the elementwise kernels. */

export const unary: Readonly<Record<string, (x: number) => number>> = {
  mapNeg: (x) => -x,
  mapSquare: (x) => x * x,
  mapSqrt: Math.sqrt,
  mapExp: Math.exp,
  mapLog: Math.log,
  mapSigmoid: (x) => 1 / (1 + Math.exp(-x)),
  mapTanh: Math.tanh,
  mapAbs: Math.abs,
  mapFloor: Math.floor,
  mapReciprocal: (x) => 1 / x,
};

/** Each correctly rounded in f32 when its f64 value is rounded: f64 has more than twice the digits. */
export const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  zipAdd: (a, b) => a + b,
  zipSub: (a, b) => a - b,
  zipMul: (a, b) => a * b,
  zipDiv: (a, b) => a / b,
  zipMax: Math.max,
  zipMin: Math.min,
  zipGreaterEqual: (a, b) => (a >= b ? 1 : 0),
  zipLess: (a, b) => (a < b ? 1 : 0),
};

/** A matrix as the kernels see it: element (r, c) at r * row + c * col. */
export interface Operand {
  readonly data: Float32Array;
  readonly row: number;
  readonly col: number;
}

export function element(operand: Operand, r: number, c: number): number {
  return operand.data[r * operand.row + c * operand.col];
}
