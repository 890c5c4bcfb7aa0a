/** The workers' part in training steps: they replay the recorded program on some blocks while the calling thread does the others. */
import { type BlockGradients, type GradientBatch, mapBatch, rowsOfBatch } from "../kernels/block-gradients.js";
import type { WorkerPool } from "../kernels/pool.js";
import type { Program } from "../kernels/program.js";
import { BlockShare } from "./block-share.js";

let crews = 0;

export class GradientCrew {
  private readonly key = `training program ${++crews}`;
  private share: BlockShare | undefined;
  private ready = false;
  private began = 0;

  constructor(
    private readonly pool: WorkerPool,
    program: Program,
    exact: boolean,
    private readonly parameterCount: number,
  ) {
    pool.install(this.key, "program", { program, exact });
    void this.warm(program);
  }

  /** Starts every worker and has it load the program; steps go on without them meanwhile. */
  private async warm(program: Program): Promise<void> {
    const size = (name: string) => program.buffers[program.names[name]].bytes / 4;
    const ones = (name: string) => new Float32Array(size(name)).fill(1);
    const common = { x: ones("x"), variance: ones("variance"), target: ones("target"), weight: ones("weight") };
    const batch: GradientBatch = "slope" in program.names ? { ...common, slope: ones("slope") } : common;
    const parameters = new Float32Array(this.parameterCount);
    const jobs = Array.from({ length: this.pool.threads - 1 }, () => this.run(parameters, batch));
    const results = await Promise.allSettled(jobs);
    const loaded = results.every(({ status }) => status === "fulfilled");
    // A thread without the memory for the program is still good for other work, which fails as long as this is installed.
    if (!loaded) this.pool.uninstall(this.key);
    this.ready = loaded && this.pool.notice === undefined;
  }

  /** How many of a step's blocks, the last ones, to send away. */
  begin(blocks: number): number {
    if (!this.ready || this.pool.notice !== undefined) return 0;
    this.share ??= new BlockShare(blocks);
    this.began = performance.now();
    return this.share.away;
  }

  /** The gradient of the step begun last is complete. */
  end(): void {
    if (this.ready) this.share?.took(performance.now() - this.began);
  }

  /** Sends rows from `first` on, in parts of whole blocks of `rows`; results in order. */
  send(parameters: Float32Array, batch: GradientBatch, first: number, rows: number): Promise<BlockGradients>[] {
    const n = batch.variance.length;
    const blocks = Math.ceil((n - first) / rows);
    const parts = Math.min(blocks, this.pool.threads - 1);
    return Array.from({ length: parts }, (_, part) => {
      const from = first + rows * Math.floor((part * blocks) / parts);
      const to = Math.min(n, first + rows * Math.floor(((part + 1) * blocks) / parts));
      return this.run(parameters, rowsOfBatch(batch, from, to));
    });
  }

  dispose(): void {
    this.ready = false;
    this.pool.uninstall(this.key);
  }

  private run(parameters: Float32Array, rows: GradientBatch): Promise<BlockGradients> {
    // Copies of their own: posting a view copies all of the memory behind it.
    const batch = mapBatch(rows, (values) => values.slice());
    return this.pool.run<BlockGradients>("gradient", { machine: this.key, parameters: parameters.slice(), batch });
  }
}
