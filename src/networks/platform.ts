/** What tfjs asks of its host. The bundle leaves tfjs's own platforms out, so it knows none unless another copy of tfjs was first. */
import { env } from "@tensorflow/tfjs-core";

/** Sets a platform made of web globals, which Node, Deno and Bun have too; leaves an existing platform alone. */
export function ensurePlatform(): void {
  if (env().platform != null) return;
  env().setPlatform("bnem", {
    fetch: (path, init) => globalThis.fetch(path, init),
    now: () => performance.now(),
    encode: (text) => new TextEncoder().encode(text),
    decode: (bytes, encoding) => new TextDecoder(encoding).decode(bytes),
    isTypedArray: (a): a is Float32Array | Int32Array | Uint8Array | Uint8ClampedArray =>
      a instanceof Float32Array || a instanceof Int32Array || a instanceof Uint8Array || a instanceof Uint8ClampedArray,
    setTimeoutCustom: (run, delay) => void setTimeout(run as () => void, delay),
  });
}
