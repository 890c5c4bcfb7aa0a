export function mbar(
  energies: readonly Float64Array[],
  counts: readonly number[],
  options?: { readonly tolerance?: number },
): Float64Array;

export function mbarOfBlocks(
  blocks: readonly { readonly energies: readonly Float64Array[]; readonly counts: readonly number[] }[],
  options?: { readonly tolerance?: number },
): { f: Float64Array; standardError: Float64Array };
