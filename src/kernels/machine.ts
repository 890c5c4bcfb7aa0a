/**
 * Replays a program on an instance of the kernels with memory of its own. All memory is taken when the program is loaded: a run allocates
 * nothing, and views stay valid as long as the machine lives.
 */
import { BnemError } from "../core/errors.js";
import type { KernelExports } from "./abi.js";
import { instanceOn, kernels } from "./load.js";
import { type Argument, layOut, type Program } from "./program.js";

type Call = (...args: number[]) => unknown;

export class Machine {
  private constructor(
    private readonly program: Program,
    private readonly memory: WebAssembly.Memory,
    /** The kernels on this machine's memory. */
    readonly exports: KernelExports,
    private readonly base: number,
    private readonly offsets: readonly number[],
    private readonly calls: readonly { readonly call: Call; readonly args: readonly number[] }[],
  ) {}

  /**
   * @param exact true: the plain-SIMD build, same bits on every engine
   * @throws BnemError("unsupported") when there is not enough memory
   */
  static async load(program: Program, exact: boolean): Promise<Machine> {
    const layout = layOut(program);
    const pages = Math.ceil(layout.bytes / 65536) + 17;
    let memory: WebAssembly.Memory;
    try {
      memory = new WebAssembly.Memory({ initial: 16, maximum: Math.max(pages, 17) });
    } catch (cause) {
      throw outOfMemory(layout.bytes, cause);
    }
    const exports = await instanceOn(kernels("Machine", exact).module, memory);
    const base = exports.reserve(layout.bytes) >>> 0;
    if (base === 0) throw outOfMemory(layout.bytes);
    const address = (argument: Argument): number => {
      if (typeof argument === "number") return argument;
      return base + ("buffer" in argument ? layout.offsets[argument.buffer] : layout.scratch);
    };
    program.buffers.forEach(({ constant }, at) => {
      if (constant) new Uint8Array(memory.buffer, base + layout.offsets[at], constant.length).set(constant);
    });
    const calls = program.instructions.map(({ call, args }) => ({
      call: exports[call] as unknown as Call,
      args: args.map(address),
    }));
    return new Machine(program, memory, exports, base, layout.offsets, calls);
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.program.names, name);
  }

  /** Address of a named buffer, for kernels called beside the program. */
  address(name: string): number {
    return this.base + this.offsets[this.numberOf(name)];
  }

  /** The f32 numbers of a named buffer, in place. */
  view(name: string): Float32Array<ArrayBuffer> {
    const { bytes } = this.program.buffers[this.numberOf(name)];
    return new Float32Array(this.memory.buffer as ArrayBuffer, this.address(name), bytes / 4);
  }

  /** Runs every instruction once. */
  run(): void {
    for (const { call, args } of this.calls) call(...args);
  }

  private numberOf(name: string): number {
    if (!this.has(name)) throw new Error(`Machine: the program has no buffer named ${name}`);
    return this.program.names[name];
  }
}

function outOfMemory(bytes: number, cause?: unknown): BnemError {
  return new BnemError(
    "unsupported",
    `networks: no memory for ${bytes} bytes of a recorded program; it has 4 GiB at most, less where the system gives less; use a narrower network`,
    { cause },
  );
}
