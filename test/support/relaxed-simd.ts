/** Node 20 hides relaxed SIMD behind a flag of V8 11; tests of the relaxed build set it in their own process, before `initKernels`. */
export { allowRelaxedSimd } from "../../src/cli/relaxed-simd.js";
