/** Training steps on tfjs's engine: any backend, any network. */
import { type Tensor, type Tensor1D, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { Ema } from "../networks/ema.js";
import type { Network, NetworkOutput } from "../networks/network.js";
import { Adam } from "./adam.js";
import { lossAndGradient, type TrainingLoss } from "./gradient.js";
import type { Learner, LearnerBatch, LearnerOptions, LearnerState, LearnerStep } from "./learner.js";
import { uploadLossInputs } from "./loss.js";

export class EngineLearner implements Learner {
  private parameters: Tensor1D;
  private readonly ema: Ema;
  private readonly adam: Adam;

  constructor(
    private readonly network: Network,
    private readonly kind: NetworkOutput | "gradient",
    private readonly loss: TrainingLoss,
    options: LearnerOptions,
    state: LearnerState,
  ) {
    this.parameters = tensor1d(state.parameters);
    this.ema = new Ema(state.ema, options.emaDecay);
    this.adam = new Adam(network.parameterCount, { clipNorm: options.gradientClip }, state.adam);
  }

  async step(batch: LearnerBatch, learningRate: number, worth: boolean): Promise<LearnerStep> {
    const x = tensor2d(batch.x, [batch.variance.length, this.network.dim]);
    const variance = tensor1d(batch.variance);
    const inputs = uploadLossInputs(batch);
    const slope = batch.slope && tensor1d(batch.slope);
    const held: Tensor[] = [inputs.target, inputs.weight, x, variance, ...(slope ? [slope] : [])];
    try {
      const rows = { ...inputs, x, variance, slope, kind: this.kind };
      const outcome = lossAndGradient(this.network, this.parameters, rows, this.loss);
      held.push(outcome.loss, outcome.gradient, outcome.prediction);
      const loss = (await outcome.loss.data())[0];
      const prediction = (await outcome.prediction.data()) as Float32Array;
      if (!worth || !Number.isFinite(loss)) return { loss, gradientNorm: Number.NaN, prediction };
      const step = await this.adam.apply(this.parameters, outcome.gradient, learningRate);
      if (step.parameters) {
        this.parameters.dispose();
        this.parameters = step.parameters;
        this.ema.update(this.parameters);
      }
      return { loss, gradientNorm: step.gradientNorm, prediction };
    } finally {
      for (const tensor of held) tensor.dispose();
    }
  }

  average(): Tensor1D {
    return this.ema.parameters;
  }

  async state(): Promise<LearnerState> {
    const [parameters, ema, adam] = await Promise.all([this.parameters.data(), this.ema.data(), this.adam.state()]);
    return {
      parameters: (parameters as Float32Array).slice(),
      ema: ema.slice(),
      adam: { ...adam, m: adam.m.slice(), v: adam.v.slice() },
    };
  }

  dispose(): void {
    this.parameters.dispose();
    this.ema.dispose();
    this.adam.dispose();
  }
}
