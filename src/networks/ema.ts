/** Exponential moving average of the parameters, on the flat vector; it starts as a copy of the online network. */
import { add, clone, mul, type Tensor1D, tensor1d, tidy } from "@tensorflow/tfjs-core";

/** e <- decay e + (1 - decay) p. Holds one tensor of parameterCount numbers. */
export class Ema {
  readonly decay: number;
  private value: Tensor1D;

  /** @param start the online parameters (a copy of them is the first average), or a saved average */
  constructor(start: Tensor1D | Float32Array, decay: number) {
    this.decay = decay;
    this.value = start instanceof Float32Array ? tensor1d(start) : clone(start);
  }

  /** The average; stays owned by this object and valid until the next `update`. */
  get parameters(): Tensor1D {
    return this.value;
  }

  update(parameters: Tensor1D): void {
    const next = tidy(() => add(mul(this.value, this.decay), mul(parameters, 1 - this.decay)) as Tensor1D);
    this.value.dispose();
    this.value = next;
  }

  /** The average as numbers, for a checkpoint. */
  async data(): Promise<Float32Array> {
    return (await this.value.data()) as Float32Array;
  }

  dispose(): void {
    this.value.dispose();
  }
}
