/** The exports of assembly/index.ts as JavaScript sees them: pointers and counts are numbers, u32 words may be given signed. */
export interface KernelExports {
  reserve(bytes: number): number;
  release(pointer: number): void;

  bits(state: number, out: number, a: number, b: number, step: number, row: number, count: number): void;
  uniforms(state: number, out: number, a: number, b: number, step: number, row: number, count: number): void;
  normals(state: number, out: number, a: number, b: number, step: number, firstRow: number, n: number, dim: number): void;
  perturb(x: number, noise: number, variance: number, n: number, dim: number): void;

  squaredDistances(a: number, na: number, b: number, nb: number, dim: number, out: number, stride: number, columns: number): void;
  squareRoots(at: number, count: number): void;
  assignment(matrix: number, n: number, scratch: number): number;
  assignmentScratch(n: number): number;
}
