import type { BuildOptions } from "esbuild";

export const gzipBudget: number;
export const portable: BuildOptions & { readonly plugins: NonNullable<BuildOptions["plugins"]> };
