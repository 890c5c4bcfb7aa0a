/** What every step left behind, for the report and for a checkpoint: loss and gradient norm of each step. */

/** Steps there is room for at first; longer runs grow into it, so that asking for 1e9 steps does not ask for 8 GB. */
const FIRST_ROOM = 1 << 16;

export class History {
  private lossOf: Float32Array;
  private normOf: Float32Array;
  private count = 0;

  constructor(capacity: number, loss?: Float32Array, gradientNorm?: Float32Array) {
    this.lossOf = new Float32Array(Math.max(Math.min(capacity, FIRST_ROOM), loss?.length ?? 0, 1));
    this.normOf = new Float32Array(this.lossOf.length);
    if (loss && gradientNorm) {
      this.lossOf.set(loss);
      this.normOf.set(gradientNorm);
      this.count = loss.length;
    }
  }

  push(loss: number, gradientNorm: number): void {
    if (this.count === this.lossOf.length) {
      this.lossOf = grown(this.lossOf);
      this.normOf = grown(this.normOf);
    }
    this.lossOf[this.count] = loss;
    this.normOf[this.count++] = gradientNorm;
  }

  /** [steps] each; copies. */
  data(): { loss: Float32Array; gradientNorm: Float32Array } {
    return { loss: this.lossOf.slice(0, this.count), gradientNorm: this.normOf.slice(0, this.count) };
  }
}

function grown(values: Float32Array): Float32Array {
  const next = new Float32Array(2 * values.length);
  next.set(values);
  return next;
}
