/** First-in first-out store of configurations the trainer noises. Fixed memory; the newest `capacity` rows are kept. */
import type { Batch } from "../core/types.js";

export interface BufferState {
  /** [filled, dim], in storage order. */
  readonly data: Float32Array;
  readonly filled: number;
  /** Slot the next row goes to. */
  readonly head: number;
}

export class SampleBuffer {
  private readonly data: Float32Array;
  private filled = 0;
  private head = 0;

  constructor(
    readonly capacity: number,
    readonly dim: number,
  ) {
    this.data = new Float32Array(capacity * dim);
  }

  get size(): number {
    return this.filled;
  }

  /** Appends rows; non-finite rows are refused. @returns number of refused rows */
  push(x: Batch): number {
    let refused = 0;
    for (let i = 0; i < x.n; i++) {
      const row = x.data.subarray(i * this.dim, (i + 1) * this.dim);
      if (!row.every(Number.isFinite)) {
        refused++;
        continue;
      }
      this.data.set(row, this.head * this.dim);
      this.head = (this.head + 1) % this.capacity;
      this.filled = Math.min(this.filled + 1, this.capacity);
    }
    return refused;
  }

  /** Copies the row at `fraction` in [0, 1) of the filled part into out at `row`. */
  copyRow(fraction: number, out: Float32Array, row: number): void {
    const slot = Math.min(this.filled - 1, Math.floor(fraction * this.filled));
    for (let j = 0; j < this.dim; j++) out[row * this.dim + j] = this.data[slot * this.dim + j];
  }

  state(): BufferState {
    return { data: this.data.slice(0, this.filled * this.dim), filled: this.filled, head: this.head };
  }

  restore(state: BufferState): void {
    this.data.set(state.data);
    this.filled = state.filled;
    this.head = state.head;
  }
}
