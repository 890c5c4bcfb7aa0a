/**
 * Turns one run of tfjs's engine into a program. While a recorder is active every kernel of this package notes its call; tensors are known by their
 * data (reshapes share it). Numbers that JavaScript puts into tensors meanwhile become constants. A tensor made by any other kernel is foreign:
 * the recording is then worth nothing and `finish` says so, so that a wrong program is never made. The same where numbers are read back.
 */
import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import {
  type Argument,
  type BufferSpec,
  bufferOf,
  type Instruction,
  type KernelCall,
  type Program,
} from "../../kernels/program.js";
import type { HeapBackend, Operand } from "./heap-backend.js";

let active: Recorder | null = null;

/** The recorder that is listening, or null. */
export function activeRecorder(): Recorder | null {
  return active;
}

export class Recorder {
  private readonly buffers: BufferSpec[] = [];
  private readonly instructions: Instruction[] = [];
  private readonly names: { [name: string]: number } = {};
  private readonly known = new Map<object, number>();
  private foreign: string | null = null;

  constructor(private readonly backend: HeapBackend) {}

  /** A tensor that will be filled before each run. */
  input(name: string, tensor: Tensor): void {
    this.names[name] = this.add(tensor.dataId, { bytes: 4 * tensor.size });
  }

  /** Tensors that are parts of one flat input, one after the other. */
  inputParts(name: string, tensors: readonly Tensor[]): void {
    const whole = this.buffers.push({ bytes: 4 * tensors.reduce((sum, { size }) => sum + size, 0) }) - 1;
    this.names[name] = whole;
    let byteOffset = 0;
    for (const tensor of tensors) {
      this.add(tensor.dataId, { bytes: 4 * tensor.size, within: { buffer: whole, byteOffset } });
      byteOffset += 4 * tensor.size;
    }
  }

  /** Runs `f` and listens. */
  listen<T>(f: () => T): T {
    const { backend } = this;
    const { write, readSync, typedArrayFromHeap } = backend;
    const read = () => {
      this.foreign ??= "numbers were read back, so what follows may depend on them";
    };
    backend.readSync = (dataId, start, end) => {
      read();
      return readSync.call(backend, dataId, start, end);
    };
    // Kernels of tfjs that compute in JavaScript read so, and write what they found as if it were a constant.
    backend.typedArrayFromHeap = (x) => {
      read();
      return typedArrayFromHeap.call(backend, x);
    };
    backend.write = (values, shape, dtype) => {
      const dataId = write.call(backend, values, shape, dtype);
      if (values) this.add(dataId, { bytes: values.byteLength, constant: bytesOf(values) });
      return dataId;
    };
    active = this;
    try {
      return f();
    } finally {
      active = null;
      backend.write = write;
      backend.readSync = readSync;
      backend.typedArrayFromHeap = typedArrayFromHeap;
    }
  }

  /** A tensor to be read after each run. */
  output(name: string, tensor: Tensor): void {
    const at = this.known.get(tensor.dataId);
    if (at === undefined) this.foreign ??= `${name} was made by a kernel of tfjs`;
    else this.names[name] = at;
  }

  /** Adds tensors to a flat output, one after the other; an absent one adds nothing. The output is not cleared by the program. */
  outputSum(name: string, tensors: readonly (Tensor | null)[], sizes: readonly number[]): void {
    const whole = this.buffers.push({ bytes: 4 * sizes.reduce((sum, size) => sum + size, 0) }) - 1;
    this.names[name] = whole;
    let byteOffset = 0;
    tensors.forEach((tensor, at) => {
      if (tensor) {
        const part = this.buffers.push({ bytes: 4 * sizes[at], within: { buffer: whole, byteOffset } }) - 1;
        const from = this.argument(tensor, "accumulate");
        this.instructions.push({ call: "accumulate", args: [from, { buffer: part }, sizes[at]] });
      }
      byteOffset += 4 * sizes[at];
    });
  }

  /** The program, or why there is none. */
  finish(): Program | { readonly foreign: string } {
    if (this.foreign) return { foreign: this.foreign };
    const used = new Set([...Object.values(this.names), ...this.instructions.flatMap(({ args }) => args.map(bufferOf))]);
    // Numbers that nobody reads, such as the zeros that tfjs makes for the gradient of an output without one.
    const buffers = this.buffers.map((spec, at) => (spec.constant && !used.has(at) ? { bytes: 0 } : spec));
    return { buffers, instructions: this.instructions, names: this.names };
  }

  /** @internal a kernel of this package has made a tensor */
  produce(info: TensorInfo): void {
    this.add(info.dataId, { bytes: 4 * info.shape.reduce((product, length) => product * length, 1) });
  }

  /** @internal a kernel of this package has run */
  note(call: KernelCall, operands: readonly Operand[]): void {
    const args = operands.map((operand): Argument => {
      if (typeof operand === "number" || "scratch" in operand) return operand;
      if (!("part" in operand)) return this.argument(operand, call);
      const buffer = this.numberOf(operand.part, call);
      const { byteOffset } = operand;
      const bytes = this.buffers[buffer].bytes - byteOffset;
      return { buffer: this.buffers.push({ bytes, within: { buffer, byteOffset } }) - 1 };
    });
    this.instructions.push({ call, args });
  }

  private argument(tensor: TensorInfo, call: KernelCall): Argument {
    return { buffer: this.numberOf(tensor, call) };
  }

  private numberOf(tensor: TensorInfo, call: KernelCall): number {
    const at = this.known.get(tensor.dataId);
    if (at !== undefined) return at;
    this.foreign ??= `${call} was given a tensor [${tensor.shape.join(", ")}] made by a kernel of tfjs`;
    return 0;
  }

  private add(dataId: object, spec: BufferSpec): number {
    const at = this.buffers.push(spec) - 1;
    this.known.set(dataId, at);
    return at;
  }
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
}
