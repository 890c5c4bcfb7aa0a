/** Element (r, c) of an operand is at r * row + c * col, in floats; col is 0 or 1, row anything. */
export type StridedPair = (
  a: number,
  aRow: number,
  aCol: number,
  b: number,
  bRow: number,
  bCol: number,
  out: number,
  rows: number,
  cols: number,
) => void;

/** Energies with kernels: each exports `<name>Rows`, `<name>Noised` and `<name>Hamiltonian`. */
export type EnergyExport =
  | "doubleWell"
  | "funnel"
  | "gaussianMixture"
  | "lennardJones"
  | "softLennardJones"
  | "manyWell"
  | "muellerBrown"
  | "rings"
  | "twoMoons";

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. */
type RowsExport = (block: number, x: number, n: number, energy: number, gradient: number, scratch: number) => void;

/** The fused estimator; returns how many energies were NaN or -inf. */
type NoisedExport = (
  block: number,
  request: number,
  x: number,
  variance: number,
  n: number,
  energy: number,
  vector: number,
  scratch: number,
) => number;

/** Moves of chains; returns how many proposals were not finite. */
type HamiltonianExport = (block: number, request: number, n: number, scratch: number) => number;

type EnergyExports = { [Name in `${EnergyExport}Rows`]: RowsExport } & { [Name in `${EnergyExport}Noised`]: NoisedExport } & {
  [Name in `${EnergyExport}Hamiltonian`]: HamiltonianExport;
};

/** out = gradient of `pairDescriptors` for an output gradient g. */
type PairGradientExport = (
  y: number,
  w: number,
  wStep: number,
  moments: number,
  g: number,
  out: number,
  rows: number,
  count: number,
  dims: number,
  cutoff: number,
  radial: number,
  scalars: number,
  vectors: number,
  tensors: number,
  scratch: number,
) => void;

/** The exports of assembly/index.ts as JavaScript sees them: pointers and counts are numbers, u32 words may be given signed. */
export interface KernelExports extends EnergyExports {
  reserve(bytes: number): number;
  release(pointer: number): void;

  bits(state: number, out: number, a: number, b: number, step: number, row: number, count: number): void;
  uniforms(state: number, out: number, a: number, b: number, step: number, row: number, count: number): void;
  normals(state: number, out: number, a: number, b: number, step: number, firstRow: number, n: number, dim: number): void;
  perturb(x: number, noise: number, variance: number, n: number, dim: number): void;

  rowsScratch(dim: number): number;
  drawsScratch(dim: number): number;
  perturbations(request: number, x: number, variance: number, row: number, dim: number, out: number, scratch: number): void;
  noisedScratch(dim: number): number;
  hamiltonianScratch(dim: number): number;

  expArray(at: number, quads: number): void;
  logArray(at: number, quads: number): void;
  sincosArray(at: number, sine: number, quads: number): void;

  squaredDistances(a: number, na: number, b: number, nb: number, dim: number, out: number, stride: number, columns: number): void;
  squareRoots(at: number, count: number): void;
  assignment(matrix: number, n: number, scratch: number): number;
  assignmentScratch(n: number): number;

  alignRecord(count: number): number;
  alignScratch(count: number, anchors: number): number;
  alignedSquares(
    a: number,
    na: number,
    b: number,
    nb: number,
    count: number,
    planar: number,
    anchors: number,
    tries: number,
    out: number,
    stride: number,
    scratch: number,
  ): void;

  gemmScratch(m: number, n: number, k: number): number;
  gemm(
    mode: number,
    a: number,
    b: number,
    bias: number,
    c: number,
    m: number,
    n: number,
    k: number,
    accumulate: number,
    scratch: number,
  ): void;
  gemmBatched(
    mode: number,
    a: number,
    aStride: number,
    b: number,
    bStride: number,
    c: number,
    cStride: number,
    batch: number,
    m: number,
    n: number,
    k: number,
    scratch: number,
  ): void;
  denseSilu(
    x: number,
    w: number,
    bias: number,
    residual: number,
    y: number,
    slope: number,
    bend: number,
    m: number,
    n: number,
    k: number,
    scratch: number,
  ): void;
  silu(x: number, residual: number, y: number, count: number): void;
  siluGradient(x: number, dy: number, out: number, count: number): void;
  siluCurvature(x: number, dy: number, g: number, outX: number, outDy: number, count: number): void;
  siluKept(x: number, residual: number, y: number, slope: number, bend: number, count: number): void;
  siluKeptCurvature(slope: number, bend: number, dy: number, g: number, outX: number, outDy: number, count: number): void;

  mapNeg(x: number, out: number, count: number): void;
  mapSquare(x: number, out: number, count: number): void;
  mapSqrt(x: number, out: number, count: number): void;
  mapExp(x: number, out: number, count: number): void;
  mapLog(x: number, out: number, count: number): void;
  mapSigmoid(x: number, out: number, count: number): void;
  mapTanh(x: number, out: number, count: number): void;
  mapAbs(x: number, out: number, count: number): void;
  mapFloor(x: number, out: number, count: number): void;
  mapReciprocal(x: number, out: number, count: number): void;

  zipAdd: StridedPair;
  zipSub: StridedPair;
  zipMul: StridedPair;
  zipDiv: StridedPair;
  zipMax: StridedPair;
  zipMin: StridedPair;
  zipGreaterEqual: StridedPair;
  zipLess: StridedPair;
  zipMultiplyAdd(
    a: number,
    aRow: number,
    aCol: number,
    b: number,
    bRow: number,
    bCol: number,
    c: number,
    cRow: number,
    cCol: number,
    out: number,
    rows: number,
    cols: number,
  ): void;
  accumulate(x: number, out: number, count: number): void;

  rowSums(x: number, out: number, rows: number, cols: number): void;
  columnSums(x: number, out: number, rows: number, cols: number): void;
  softmaxRows(x: number, out: number, rows: number, cols: number): void;
  logSumExpRows(x: number, out: number, rows: number, cols: number): void;
  transposeMatrix(x: number, out: number, rows: number, cols: number): void;
  segmentSum(x: number, ids: number, out: number, rows: number, width: number, segments: number): void;
  gatherRows(x: number, ids: number, out: number, count: number, width: number, sourceRows: number): void;
  copyRows(from: number, fromRow: number, to: number, toRow: number, rows: number, cols: number): void;
  fillArray(out: number, value: number, count: number): void;

  sumOfSquares(x: number, count: number): number;
  adamStep(
    p: number,
    g: number,
    m: number,
    v: number,
    ema: number,
    count: number,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    correction: number,
    shrink: number,
    emaDecay: number,
  ): void;

  features(tables: number, x: number, variance: number, varianceStep: number, out: number, n: number): void;
  featuresGradient(tables: number, x: number, variance: number, varianceStep: number, dy: number, dx: number, n: number): void;
  featuresTangent(tables: number, x: number, variance: number, varianceStep: number, v: number, out: number, n: number): void;
  curvatureScratch(dim: number, stride: number): number;
  featuresCurvature(
    tables: number,
    x: number,
    variance: number,
    varianceStep: number,
    dy: number,
    v: number,
    out: number,
    n: number,
    scratch: number,
  ): void;

  pairScratch(count: number, radial: number, scalars: number, vectors: number, tensors: number): number;
  pairDescriptors(
    y: number,
    w: number,
    wStep: number,
    out: number,
    moments: number,
    rows: number,
    count: number,
    dims: number,
    cutoff: number,
    radial: number,
    scalars: number,
    vectors: number,
    tensors: number,
    scratch: number,
  ): void;
  pairDescriptorsInY: PairGradientExport;
  pairDescriptorsInW: PairGradientExport;
  pairCurvatureScratch(count: number, radial: number, scalars: number, vectors: number, tensors: number): number;
  /** y, w, wStep, moments, g, v, along, out, rows, then as the others from `count` on. */
  pairDescriptorsCurvature(...args: number[]): void;

  edgeSquares(x: number, out: number, batch: number, n: number, dim: number): void;
  edgeSquaresGradient(x: number, dy: number, dx: number, batch: number, n: number, dim: number): void;
  edgeMessage(a: number, c: number, r: number, q: number, w: number, y: number, batch: number, n: number, width: number): void;
  edgeMessageGradient(
    a: number,
    c: number,
    r: number,
    q: number,
    w: number,
    dy: number,
    da: number,
    dc: number,
    dr: number,
    dq: number,
    dw: number,
    batch: number,
    n: number,
    width: number,
  ): void;
  edgeGate(
    z: number,
    w: number,
    bias: number,
    f: number,
    fStep: number,
    y: number,
    sum: number,
    nodes: number,
    edges: number,
    width: number,
  ): void;
  edgeGateGradient(
    z: number,
    w: number,
    bias: number,
    f: number,
    fStep: number,
    dy: number,
    dsum: number,
    dz: number,
    dw: number,
    dbias: number,
    df: number,
    nodes: number,
    edges: number,
    width: number,
    scratch: number,
  ): void;
  edgeShift(
    z: number,
    w: number,
    x: number,
    f: number,
    fStep: number,
    out: number,
    batch: number,
    n: number,
    dim: number,
    width: number,
    range: number,
  ): void;
  edgeShiftGradient(
    z: number,
    w: number,
    x: number,
    f: number,
    fStep: number,
    dy: number,
    dz: number,
    dw: number,
    dx: number,
    df: number,
    batch: number,
    n: number,
    dim: number,
    width: number,
    range: number,
    scratch: number,
  ): void;

  sortScratch(count: number): number;
  sortNumbers(at: number, count: number, scratch: number): void;
  medianScratch(n: number): number;
  medianSquare(x: number, n: number, dim: number, scratch: number): number;
  slicedScratch(n: number): number;
  slicedSquares(a: number, b: number, n: number, dim: number, directions: number, count: number, scratch: number): number;
  steinScratch(n: number, dim: number): number;
  steinForms(
    x: number,
    gradient: number,
    n: number,
    dim: number,
    inverse: number,
    vectors: number,
    count: number,
    out: number,
    scratch: number,
  ): void;

  trainingRowsScratch(dim: number): number;
  trainingRows(request: number, firstRow: number, count: number, x: number, variance: number, scratch: number): void;

  collapsePairs(low: number, high: number, weights: number, out: number, intervals: number): void;
  twoBodyScratch(count: number): number;
  twoBodyRows(
    table: number,
    count: number,
    spatialDim: number,
    x: number,
    n: number,
    share: number,
    stiffness: number,
    sums: number,
    score: number,
    scratch: number,
  ): void;
  twoBodyProductScratch(count: number): number;
  twoBodyProducts(
    table: number,
    count: number,
    spatialDim: number,
    x: number,
    v: number,
    n: number,
    share: number,
    stiffness: number,
    products: number,
    scratch: number,
  ): void;
  moreauScratch(count: number): number;
  moreauRows(
    table: number,
    request: number,
    x: number,
    n: number,
    share: number,
    stiffness: number,
    sums: number,
    squares: number,
    score: number,
    scratch: number,
  ): void;
}
