import type { Plugin } from "esbuild";

export function wasmAssetModule(bytes: Uint8Array): string;
export const wasmAssets: Plugin;
