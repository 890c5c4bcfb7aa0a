/** Whether the kernels of this package or those of tfjs run on the wasm backend: one switch for all. */

export const kernelModes = ["bnem", "tfjs"] as const;
/** "bnem": this package's kernels on tfjs's wasm heap, and recorded programs. "tfjs": tfjs's own kernels only. */
export type KernelMode = (typeof kernelModes)[number];

let wanted: KernelMode = "bnem";
let running = false;

/** The mode that the next start of a backend takes. */
export function kernelMode(): KernelMode {
  return wanted;
}

export function setKernelMode(mode: KernelMode): void {
  wanted = mode;
}

/** True while the current backend is wasm with this package's kernels. */
export function ownKernelsRun(): boolean {
  return running;
}

/** @internal set by `startBackend` */
export function setOwnKernelsRun(value: boolean): void {
  running = value;
}

let twice = false;

/** True where a kernel with first derivatives only may take the place of its twin. */
export function firstOrderKernelsRun(): boolean {
  return running && !twice;
}

/** Runs `f`, which differentiates twice: operations whose kernels have first derivatives only are their twins meanwhile. */
export function differentiatedTwice<T>(f: () => T): T {
  const before = twice;
  twice = true;
  try {
    return f();
  } finally {
    twice = before;
  }
}
