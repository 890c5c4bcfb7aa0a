/** Node 20 (V8 11) has relaxed SIMD behind a flag that may be set in a running process, before the first compile; newer ones have it on. */
import v8 from "node:v8";

export function relaxedSimd() {
  if (process.versions.v8.startsWith("11.")) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
}
