/** Node 20 hides relaxed SIMD behind a flag of V8 11; tests of the relaxed build set it in their own process. */
import { setFlagsFromString } from "node:v8";
import relaxedBytes from "../../dist/kernels-relaxed.wasm";

/** Call before `initKernels`. Does nothing where the engine accepts the build already. */
export function allowRelaxedSimd(): void {
  if (!WebAssembly.validate(relaxedBytes) && process.versions.v8.startsWith("11.")) {
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
}
