/** The exports of assembly/index.ts as JavaScript sees them: pointers and counts are numbers, u32 words may be given signed. */
export interface KernelExports {
  reserve(bytes: number): number;
  release(pointer: number): void;

  bits(state: number, out: number, a: number, b: number, step: number, row: number, count: number): void;
  uniforms(state: number, out: number, a: number, b: number, step: number, row: number, count: number): void;
  normals(state: number, out: number, a: number, b: number, step: number, firstRow: number, n: number, dim: number): void;
  perturb(x: number, noise: number, variance: number, n: number, dim: number): void;

  rowsScratch(dim: number): number;
  gaussianMixtureRows(block: number, x: number, n: number, energy: number, gradient: number, scratch: number): void;
  drawsScratch(dim: number): number;
  perturbations(request: number, x: number, variance: number, row: number, dim: number, out: number, scratch: number): void;
  noisedScratch(dim: number): number;
  gaussianMixtureNoised(
    block: number,
    request: number,
    x: number,
    variance: number,
    n: number,
    energy: number,
    vector: number,
    scratch: number,
  ): number;

  expArray(at: number, quads: number): void;
  logArray(at: number, quads: number): void;
  sincosArray(at: number, sine: number, quads: number): void;

  squaredDistances(a: number, na: number, b: number, nb: number, dim: number, out: number, stride: number, columns: number): void;
  squareRoots(at: number, count: number): void;
  assignment(matrix: number, n: number, scratch: number): number;
  assignmentScratch(n: number): number;
}
