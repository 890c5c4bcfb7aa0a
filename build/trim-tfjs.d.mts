import type { Plugin } from "esbuild";

export function directNamespaces(text: string, namespaces: ReadonlyMap<string, string>): string;
export function directShared(text: string): string;
export const trimTfjs: Plugin;
