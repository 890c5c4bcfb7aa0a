/**
 * tfjs does not look at what malloc gives: a tensor that finds no memory would be written to address 0, over what is there, and one of
 * more than 4 GiB to a place of its size modulo 4 GiB.
 */
import { BnemError } from "../../core/errors.js";

/** Emscripten's allocator. */
export interface Allocator {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** Where the backend's heap ends: 65,535 pages. */
const MOST_BYTES = 65535 * 65536;

const guarded = new WeakSet<object>();

/** From now on `_malloc` gives memory or throws BnemError("unsupported"). */
export function guardMalloc(module: Allocator): void {
  if (guarded.has(module)) return;
  guarded.add(module);
  // Emscripten's glue puts another function in the place of `_malloc` at its first call.
  module._free(module._malloc(16));
  const malloc = module._malloc;
  module._malloc = (bytes) => {
    const address = bytes <= MOST_BYTES ? malloc(bytes) : 0;
    if (address !== 0) return address;
    throw new BnemError(
      "unsupported",
      `networks: no memory for ${bytes} bytes of a tensor; the wasm backend has 4 GiB at most, less where the system gives less; use a narrower network or fewer rows`,
    );
  };
}
