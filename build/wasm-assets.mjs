/** What importing a .wasm file gives, in the bundles and under vitest: a WasmAsset (src/core/wasm-asset.ts). */
import { readFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";

/** zlib's best for one input depends on the size of its buffers: 1 KB of tfjs's 137. */
function deflate(bytes) {
  const tries = [7, 8, 9].map((memLevel) => deflateRawSync(bytes, { level: 9, memLevel }));
  return tries.reduce((best, next) => (next.length < best.length ? next : best));
}

/** Text of the module that stands for a .wasm file of these bytes. */
export function wasmAssetModule(bytes) {
  return `export default { deflated: ${JSON.stringify(deflate(bytes).toString("base64"))}, length: ${bytes.length} };`;
}

/** esbuild plugin. */
export const wasmAssets = {
  name: "wasm-assets",
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({ contents: wasmAssetModule(await readFile(path)), loader: "js" }));
  },
};
