/** V8 11 (Node 20) has relaxed SIMD behind a flag. The CLI may set it in its own process; the library never does. */
import { setFlagsFromString } from "node:v8";

/** A module with one f32x4.relaxed_madd: valid exactly where the engine has relaxed SIMD. */
// biome-ignore format: sections, one a line
const PROBE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b,
  0x03, 0x02, 0x01, 0x00,
  0x0a, 0x13, 0x01, 0x11, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x85, 0x02, 0x0b,
]);

/** Whether this engine accepts relaxed SIMD now. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(PROBE);
}

/** Turns relaxed SIMD on where it is only switched off: before any module is compiled. Returns whether it is there. */
export function allowRelaxedSimd(): boolean {
  if (!hasRelaxedSimd() && process.versions.v8?.startsWith("11.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
  return hasRelaxedSimd();
}
