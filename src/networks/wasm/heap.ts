/**
 * This package's kernels on the memory of tfjs's wasm backend: the same module, instantiated on the WebAssembly.Memory that the backend exports,
 * so its functions read and write tensors where they are. The module has no data and no stack in memory; scratch comes from tfjs's malloc.
 */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { KernelExports } from "../../kernels/abi.js";
import { instanceOn, kernels } from "../../kernels/load.js";
import type { KernelCall } from "../../kernels/program.js";
import { guardMalloc } from "./guarded-malloc.js";
import type { HeapBackend, Operand } from "./heap-backend.js";
import { activeRecorder } from "./recorder.js";

interface Heap {
  readonly exact: boolean;
  readonly exports: KernelExports;
  scratch: number;
  scratchBytes: number;
}

const heaps = new WeakMap<object, Heap>();

/**
 * Puts the kernels on a backend's memory; again with another `exact`, the other build takes their place.
 * @returns false where the backend is not one whose memory is known (another version of tfjs in the process)
 */
export async function prepareHeap(backend: object, exact: boolean): Promise<boolean> {
  const present = heaps.get(backend);
  if (present?.exact === exact) return true;
  const { wasm } = backend as Partial<HeapBackend>;
  const memory = wasm?.asm?.memory;
  if (!wasm || !(memory instanceof WebAssembly.Memory)) return false;
  guardMalloc(wasm);
  const exports = await instanceOn(kernels("startBackend", exact).module, memory);
  heaps.set(backend, { exact, exports, scratch: present?.scratch ?? 0, scratchBytes: present?.scratchBytes ?? 0 });
  return true;
}

/** True where `issue` can run. */
export function hasHeap(backend: object): boolean {
  return heaps.has(backend);
}

function scratchOf(backend: HeapBackend, heap: Heap, bytes: number): number {
  if (bytes > heap.scratchBytes) {
    if (heap.scratch !== 0) backend.wasm._free(heap.scratch);
    heap.scratch = 0;
    heap.scratchBytes = 0;
    const enough = Math.ceil(bytes / 65536) * 65536;
    heap.scratch = backend.wasm._malloc(enough) >>> 0;
    heap.scratchBytes = enough;
  }
  return heap.scratch;
}

/** A new f32 tensor of a kernel of this package, not cleared. @throws BnemError("unsupported") when the heap is full */
export function output(backend: HeapBackend, shape: readonly number[], dtype = "float32"): TensorInfo {
  const info = backend.makeOutput([...shape], dtype);
  activeRecorder()?.produce(info);
  return info;
}

/** Runs a kernel on tensors of the backend, and notes the call where a program is being recorded. */
export function issue(backend: HeapBackend, call: KernelCall, operands: readonly Operand[]): void {
  const heap = heaps.get(backend) as Heap;
  const args = operands.map((operand) => {
    if (typeof operand === "number") return operand;
    if ("scratch" in operand) return scratchOf(backend, heap, operand.scratch);
    if ("part" in operand) return backend.dataIdMap.get(operand.part.dataId).memoryOffset + operand.byteOffset;
    return backend.dataIdMap.get(operand.dataId).memoryOffset;
  });
  (heap.exports[call] as (...args: number[]) => unknown)(...args);
  activeRecorder()?.note(call, operands);
}

/** The value of an export that only computes a size. */
export function sizeFrom(
  backend: HeapBackend,
  call: "gemmScratch" | "pairScratch" | "pairCurvatureScratch" | "curvatureScratch",
  ...args: number[]
): number {
  return (heaps.get(backend) as Heap).exports[call](...(args as [number, number, number, number, number]));
}
