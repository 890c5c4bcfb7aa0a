/** The ABI: the only list of exports. Pointers are byte addresses, 16-byte aligned; f32 row-major unless said otherwise. */

// Elementwise arithmetic, sums, copies and the optimiser over f32 arrays. These pointers need 4-byte alignment only.
export { adamStep } from "./adam";
// Distances between configurations of particles up to rotation, reflection and permutation; records from src/kernels/align.ts.
export { alignedSquares, alignRecord, alignScratch } from "./align";
export { assignment, assignmentScratch } from "./assignment";
export { rowsScratch } from "./blocks";
export { copyRows, fillArray, transposeMatrix } from "./copies";
// Layers: matrix products and SiLU. These pointers need 4-byte alignment only.
export { denseSilu } from "./dense";
// Cost matrices and exact assignment. A matrix row is padded to a multiple of 16 entries with +inf.
export { squaredDistances, squareRoots } from "./distance";
export { drawsScratch, perturbations } from "./draws";
// Edges of graph networks over the particles of each row. These pointers need 4-byte alignment only.
export { edgeGate, edgeGateGradient } from "./edge-gate";
export { edgeSquares, edgeSquaresGradient } from "./edge-geometry";
export { edgeMessage, edgeMessageGradient } from "./edge-message";
export { edgeShift, edgeShiftGradient } from "./edge-shift";
// Energies: rows, the fused noised estimator over a request block (draws.ts), and moves of chains over one of hamiltonian.ts.
export { doubleWellHamiltonian, doubleWellNoised, doubleWellRows } from "./energies/double-well";
export { funnelHamiltonian, funnelNoised, funnelRows } from "./energies/funnel";
export { gaussianMixtureHamiltonian, gaussianMixtureNoised, gaussianMixtureRows } from "./energies/gaussian-mixture";
export {
  lennardJonesHamiltonian,
  lennardJonesNoised,
  lennardJonesRows,
  softLennardJonesHamiltonian,
  softLennardJonesNoised,
  softLennardJonesRows,
} from "./energies/lennard-jones";
export { manyWellHamiltonian, manyWellNoised, manyWellRows } from "./energies/many-well";
export { muellerBrownHamiltonian, muellerBrownNoised, muellerBrownRows } from "./energies/mueller-brown";
export { ringsHamiltonian, ringsNoised, ringsRows } from "./energies/rings";
export { twoMoonsHamiltonian, twoMoonsNoised, twoMoonsRows } from "./energies/two-moons";
// Input features of a network, their gradient, tangent and curvature; tables from src/networks/feature-tables.ts.
export { features, featuresGradient, featuresTangent } from "./features";
export { curvatureScratch, featuresCurvature } from "./features-curvature";
export { gemm, gemmBatched, gemmScratch } from "./gemm";
export { hamiltonianScratch } from "./hamiltonian";
export {
  mapAbs,
  mapExp,
  mapFloor,
  mapLog,
  mapNeg,
  mapReciprocal,
  mapSigmoid,
  mapSqrt,
  mapSquare,
  mapTanh,
} from "./map";
// Metrics: sorting f64 numbers, and sums over pairs of rows in f64.
export { medianScratch, medianSquare } from "./median-distance";
// Memory of the arena.
export { release, reserve } from "./memory";
export { zipMultiplyAdd } from "./multiply-add";
export { noisedScratch } from "./noised";
// Descriptors of particles from their pairs, their gradients in positions and radial weights, and second derivatives in positions.
export { pairCurvatureScratch, pairDescriptorsCurvature } from "./pair-curvature";
export { pairDescriptors, pairDescriptorsInW, pairDescriptorsInY } from "./pair-descriptors";
export { pairScratch } from "./pair-space";
// Priors of pair energies: tables of noise levels, sums over pairs, envelopes.
export { moreauRows, moreauScratch } from "./priors/moreau";
export { collapsePairs } from "./priors/pair-table";
export { twoBodyProductScratch, twoBodyProducts, twoBodyRows, twoBodyScratch } from "./priors/two-body";
// Random numbers of row (key a, key b, step, row). Every `state` is 64 bytes of scratch.
export { bits, normals, perturb, uniforms } from "./random";
export { gatherRows, segmentSum } from "./segment";
export { silu, siluCurvature, siluGradient, siluKept, siluKeptCurvature } from "./silu";
// Elementary functions over arrays, for the tests of their error.
export { expArray, logArray, sincosArray } from "./simd";
export { slicedScratch, slicedSquares } from "./sliced";
export { logSumExpRows, softmaxRows } from "./softmax";
export { sortNumbers, sortScratch } from "./sort";
export { steinForms, steinScratch } from "./stein";
export { columnSums, rowSums, sumOfSquares } from "./sums";
// Noised inputs of a training step over a request block.
export { trainingRows, trainingRowsScratch } from "./training-rows";
export { accumulate, zipAdd, zipDiv, zipGreaterEqual, zipLess, zipMax, zipMin, zipMul, zipSub } from "./zip";
