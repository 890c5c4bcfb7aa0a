import type { Plugin } from "esbuild";

export function interleave(files: readonly Uint8Array[], slice: number): Uint8Array<ArrayBuffer>;
export function wasmAssetModule(path: string, slice?: number): string;
export const wasmAssets: Plugin;
