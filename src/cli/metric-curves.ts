/** Metrics while training, for the report: a small raw sample of the averaged network at a few steps, scored against exact draws or a reference. */
import { type Batch, BnemError, type Curve, type Evaluation, evaluate, type MetricName, type Trainer } from "../index.js";

/** Points on a curve, the last step left to the final sample's own table. */
const POINTS = 10;
/** Rows of a point; of large targets fewer, whose networks cost that much more a row. */
const ROWS = 1000;
const NUMBERS = 16_000;
const METRICS: readonly MetricName[] = ["energyW2", "modeWeightTv", "pairDistanceTv"];
const TITLES: { readonly [name in MetricName]?: string } = {
  energyW2: "Energy W2 while training",
  modeWeightTv: "Mode-weight TV while training",
  pairDistanceTv: "Pair-distance TV while training",
};

/**
 * Asks for the averaged network every tenth of the run. Training is not touched: samples come from keys of their own. Left empty for
 * targets without exact draws or reference, and for ME-NEM, whose sampling costs 128 network rows a score.
 */
export class MetricCurves {
  private readonly steps: number[] = [];
  private readonly evaluations: Evaluation[] = [];
  private readonly rows: number;
  /** Seconds spent here, to be taken off the training time. */
  seconds = 0;

  constructor(
    private readonly trainer: Trainer,
    private readonly wanted: boolean,
    private readonly reference?: Batch,
  ) {
    this.rows = Math.min(ROWS, Math.ceil(NUMBERS / trainer.energy.dim));
  }

  async visit(step: number, total: number, signal: AbortSignal): Promise<void> {
    const { energy, options } = this.trainer;
    if (!this.wanted || !(energy.exact || this.reference) || options.method === "me-nem") return;
    if (step % Math.ceil(total / POINTS) !== 0) return;
    const started = performance.now();
    try {
      const evaluation = await this.score(signal);
      this.steps.push(step);
      this.evaluations.push(evaluation);
    } catch (error) {
      // An early network may send more than 1 % of its rows astray: no point then, and training goes on. At Ctrl-C the loop ends the run.
      if (!signal.aborted && !(error instanceof BnemError && error.code === "diverged")) throw error;
    } finally {
      this.seconds += (performance.now() - started) / 1000;
    }
  }

  private async score(signal: AbortSignal): Promise<Evaluation> {
    const { energy, seed } = this.trainer;
    const sampler = await this.trainer.sampler();
    try {
      const sample = await sampler.sample(this.rows, { seed, correction: "none", signal });
      return await evaluate(sample, energy, { seed, metrics: METRICS, reference: this.reference, signal });
    } finally {
      sampler.dispose();
    }
  }

  /** One figure per metric, its noise floor as a line. */
  curves(): Curve[] {
    return METRICS.flatMap((name) => {
      const points = this.evaluations.flatMap(({ metrics }, i) => {
        const result = metrics[name];
        return result ? [{ step: this.steps[i], ...result }] : [];
      });
      if (points.length === 0) return [];
      return {
        title: TITLES[name] ?? name,
        xLabel: "training step",
        yLabel: points[0].label,
        series: [{ label: `raw, n = ${this.rows}`, x: points.map(({ step }) => step), y: points.map(({ value }) => value) }],
        logY: true,
        reference: { value: points[points.length - 1].floor, label: "noise floor" },
      };
    });
  }
}
