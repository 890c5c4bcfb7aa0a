/**
 * A .wasm file as the build stores it: deflated, in base64, decoded when first needed. Base64 loses nothing here, whatever its 4/3: its 64
 * letters are equally likely, so gzip gives each 6 bits. tfjs's SIMD module takes 138.6 KB of the gzipped bundle this way, 191.8 KB as
 * plain base64, 140.1 KB deflated in 85 letters, 161.7 KB deflated in Latin-1.
 */
import { inflate } from "./inflate.js";

/** What importing a .wasm file gives (build/wasm-assets.mjs). */
export interface WasmAsset {
  /** Raw deflate, base64. */
  readonly deflated: string;
  /** Bytes of the file. */
  readonly length: number;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/**
 * The file's bytes; 425 KB take 5 ms.
 * @throws BnemError("unsupported") where the runtime cannot inflate
 */
export function wasmBytes(call: string, asset: WasmAsset): Promise<Uint8Array<ArrayBuffer>> {
  return inflate(call, decodeBase64(asset.deflated), asset.length, "this package needs it to start; take a newer runtime");
}
