/**
 * A stack of 16-byte aligned blocks above the module's own data. `reserve` and `release` serve the JavaScript arena only: no
 * computing function calls them, so on a foreign heap (tfjs's) all pointers can come from its own allocator instead.
 */
let top: usize = 0;

/** Start of `bytes` fresh bytes, or 0 when the memory cannot grow that far. */
export function reserve(bytes: usize): usize {
  if (top == 0) top = (__heap_base + 15) & ~15;
  const start = top;
  const end = start + ((bytes + 15) & ~15);
  if (end < start) return 0;
  const pages = <i32>((end >>> 16) + 1);
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) return 0;
  top = end;
  return start;
}

/** Gives back everything reserved at or after `start`. */
export function release(start: usize): void {
  top = start;
}
