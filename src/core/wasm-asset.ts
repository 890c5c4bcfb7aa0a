/**
 * .wasm files as the build stores them: deflated, in base64, decoded when first needed. Base64 loses nothing here, whatever its 4/3: its 64
 * letters are equally likely, so gzip gives each 6 bits. tfjs's SIMD module takes 138.6 KB of the gzipped bundle this way, 191.8 KB as
 * plain base64, 140.1 KB deflated in 85 letters, 161.7 KB deflated in Latin-1.
 */
import { inflate } from "./inflate.js";

/** What importing a .wasm file gives, and `a.wasm+b.wasm`: files that are alike, deflated as one (build/wasm-assets.mjs). */
export interface WasmAsset {
  /** Raw deflate, base64: the first slice of each file, the second of each, and so on; a file that has ended gives none. */
  readonly deflated: string;
  /** Bytes of each file. */
  readonly lengths: readonly number[];
  /** Bytes of a slice. */
  readonly slice: number;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

function separate(bytes: Uint8Array<ArrayBuffer>, { lengths, slice }: WasmAsset): Uint8Array<ArrayBuffer>[] {
  if (lengths.length === 1) return [bytes];
  const files = lengths.map((length) => new Uint8Array(length));
  let at = 0;
  for (let from = 0; at < bytes.length; from += slice) {
    for (const file of files) {
      const length = Math.max(0, Math.min(slice, file.length - from));
      if (length > 0) file.set(bytes.subarray(at, at + length), from);
      at += length;
    }
  }
  return files;
}

/**
 * The bytes of each file; 425 KB take 5 ms.
 * @throws BnemError("unsupported") where the runtime cannot inflate
 */
export async function wasmFiles(call: string, asset: WasmAsset): Promise<Uint8Array<ArrayBuffer>[]> {
  const size = asset.lengths.reduce((sum, length) => sum + length, 0);
  const remedy = "this package needs it to start; take a newer runtime";
  return separate(await inflate(call, decodeBase64(asset.deflated), size, remedy), asset);
}
