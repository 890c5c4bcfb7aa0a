/** What importing a .wasm file gives, in the bundles and under vitest: a WasmAsset (src/core/wasm-asset.ts). */
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { deflateRawSync } from "node:zlib";

/** zlib's best for one input depends on the size of its buffers: 1 KB of tfjs's 137. */
function deflate(bytes) {
  const tries = [7, 8, 9].map((memLevel) => deflateRawSync(bytes, { level: 9, memLevel }));
  return tries.reduce((best, next) => (next.length < best.length ? next : best));
}

/**
 * Files in slices by turns: deflate looks back 32 KB, so like finds like in files longer than that. The two builds of the kernels,
 * 60 KB each, take 21.0 KB so and 32.3 KB one by one; slices of 2 to 14 KB are within 2 % of each other.
 */
export function interleave(files, slice) {
  const longest = Math.max(...files.map((file) => file.length));
  const turns = Array.from({ length: Math.ceil(longest / slice) }, (_, turn) =>
    files.map((file) => file.subarray(turn * slice, (turn + 1) * slice)),
  );
  return Buffer.concat(turns.flat());
}

/** `folder/a.wasm+b.wasm` -> folder/a.wasm, folder/b.wasm */
function filesOf(path) {
  return basename(path)
    .split("+")
    .map((name) => join(dirname(path), name));
}

/** Text of the module that stands for one .wasm file or, `a.wasm+b.wasm`, for several that are alike. */
export function wasmAssetModule(path, slice = 12_000) {
  const files = filesOf(path).map((file) => readFileSync(file));
  const deflated = deflate(interleave(files, slice)).toString("base64");
  return `export default ${JSON.stringify({ deflated, lengths: files.map((file) => file.length), slice })};`;
}

/** esbuild plugin. */
export const wasmAssets = {
  name: "wasm-assets",
  setup(build) {
    build.onResolve({ filter: /\.wasm\+/ }, (args) => ({ path: resolve(args.resolveDir, args.path), sideEffects: false }));
    build.onLoad({ filter: /\.wasm$/ }, ({ path }) => ({
      contents: wasmAssetModule(path),
      loader: "js",
      watchFiles: filesOf(path),
    }));
  },
};
