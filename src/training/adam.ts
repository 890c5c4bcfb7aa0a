/**
 * Adam on one flat vector: ten kernels a step whatever the network, where one optimiser per layer costs fifteen each.
 * Kingma, Ba 2015, arXiv:1412.6980.
 */
import { add, div, mul, sqrt, square, sub, sum, type Tensor1D, tensor1d, tidy, zeros } from "@tensorflow/tfjs-core";

export const beta1 = 0.9;
/** Noised-energy gradients change size quickly. */
export const beta2 = 0.99;
/** Added to the root of the second moment. */
export const epsilon = 1e-8;

export interface AdamOptions {
  /** Largest gradient norm; a longer gradient is shortened to it. Default Infinity. Keep it wide: clipping biases the fit. */
  readonly clipNorm?: number;
}

/** Moments and step count, as a checkpoint holds them. */
export interface AdamState {
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly step: number;
}

export interface AdamStep {
  /** The new parameters; owned by the caller, as the old ones still are. Null when the gradient was not finite: nothing changed. */
  readonly parameters: Tensor1D | null;
  /** Euclidean norm of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly clipped: boolean;
}

/**
 *   g <- g min(1, clipNorm / |g|),   m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,
 *   p <- p - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
 *
 * A gradient that is not finite is reported and leaves everything as it was. Holds two tensors of parameterCount numbers.
 */
export class Adam {
  private readonly clipNorm: number;
  private m: Tensor1D;
  private v: Tensor1D;
  private steps = 0;

  constructor(count: number, options: AdamOptions = {}, state?: AdamState) {
    this.clipNorm = options.clipNorm ?? Infinity;
    this.m = state ? tensor1d(state.m) : zeros([count]);
    this.v = state ? tensor1d(state.v) : zeros([count]);
    this.steps = state?.step ?? 0;
  }

  /** Steps applied so far. */
  get step(): number {
    return this.steps;
  }

  /** One step. Reads one number back (the norm) before anything is changed. */
  async apply(parameters: Tensor1D, gradient: Tensor1D, learningRate: number): Promise<AdamStep> {
    const total = tidy(() => sum(square(gradient)));
    const [squares] = await total.data().finally(() => total.dispose());
    const gradientNorm = Math.sqrt(squares);
    if (!Number.isFinite(gradientNorm)) return { parameters: null, gradientNorm, clipped: false };
    const shrink = gradientNorm > this.clipNorm ? this.clipNorm / gradientNorm : 1;
    this.steps++;
    const rate = learningRate / (1 - beta1 ** this.steps);
    const correction = 1 / (1 - beta2 ** this.steps);
    const [m, v, next] = tidy(() => {
      const m = add(mul(this.m, beta1), mul(gradient, (1 - beta1) * shrink)) as Tensor1D;
      const v = add(mul(this.v, beta2), mul(square(gradient), (1 - beta2) * shrink * shrink)) as Tensor1D;
      const size = add(sqrt(mul(v, correction)), epsilon);
      return [m, v, sub(parameters, div(mul(m, rate), size)) as Tensor1D];
    });
    this.m.dispose();
    this.v.dispose();
    this.m = m;
    this.v = v;
    return { parameters: next, gradientNorm, clipped: shrink < 1 };
  }

  /** Moments as numbers, for a checkpoint; `new Adam(count, options, state)` goes on from them with the same bits. */
  async state(): Promise<AdamState> {
    const [m, v] = await Promise.all([this.m.data(), this.v.data()]);
    return { m: m as Float32Array, v: v as Float32Array, step: this.steps };
  }

  dispose(): void {
    this.m.dispose();
    this.v.dispose();
  }
}
