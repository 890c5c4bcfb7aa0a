/**
 * Every loss a network is trained with, its gradient on the current tfjs backend against central differences of the f64 twin. Runs in the
 * test process (wasm, cpu) and inside a bundle in a child process (webgpu), so it imports nothing of Node.
 */
import { tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import { mlp } from "../../src/networks/mlp.js";
import { lossAndGradient } from "../../src/training/gradient.js";
import { defaultCap, type Loss } from "../../src/training/loss.js";
import { forwardTwin, scoreTwin, type TwinSettings } from "../reference/mlp.js";
import { lossInputs } from "./loss-inputs.js";

const n = 12;
const options = {
  width: 6,
  depth: 3,
  features: 5,
  featureScale: 2,
  scale: 2,
  baseStd: 0.7,
  outputScale: 3,
  horizon: 1.5,
  extent: 0.6,
  detail: 0.1,
  sigmaFloor: 0.05,
};
const key = keyOf(11);
const draw = (label: string, count: number, low: number, high: number) =>
  Float32Array.from({ length: count }, (_, i) => low + (high - low) * uniformAt(derive(key, label), i));

export interface LossCase {
  readonly loss: Loss;
  /** What the network returns and what the target is. */
  readonly output: "energy" | "score";
  readonly kind: "energy" | "score";
}

export const lossCases: Readonly<Record<string, LossCase>> = {
  "squared, energy": { loss: { name: "squared" }, output: "energy", kind: "energy" },
  "linex, energy": { loss: { name: "linex", cap: 2 }, output: "energy", kind: "energy" },
  "squared, score head": { loss: { name: "squared" }, output: "score", kind: "score" },
  "squared, score of an energy (double backward)": { loss: { name: "squared" }, output: "energy", kind: "score" },
};

/** The network of all cases. */
export const smallNetwork = (output: "energy" | "score") => mlp(options)(2, output);

/** Parameters with no zeros: an untrained last layer would hide the others. */
export function parametersOf(output: "energy" | "score"): Float32Array {
  const network = mlp(options)(2, output);
  const noise = draw("parameters", network.parameterCount, -0.4, 0.4);
  return network.initialize(key).map((p, i) => p + noise[i]);
}

export const settingsOf = (output: "energy" | "score"): TwinSettings => ({ ...options, dim: 2, output });

export interface CaseData {
  readonly x: Float32Array;
  readonly variance: Float32Array;
  readonly target: Float32Array;
  readonly weight: Float32Array;
  readonly excluded: Uint8Array;
}

/** Twelve rows from zero noise to noise beyond the base; row 3 excluded with a NaN target, row 5 +inf where the loss can use it. */
export function caseData({ kind, loss, output }: LossCase): CaseData {
  const x = draw("x", 2 * n, -4, 4);
  const variance = draw("h", n, -6, 2).map(Math.exp);
  variance[0] = 0;
  const width = kind === "energy" ? 1 : 2;
  const parameters = Float64Array.from(parametersOf(output));
  const target = draw("target", n * width, -3, 3);
  // Energies: residuals from -3 to 3 around the network's own value, so that linex meets both sides of its cap.
  if (kind === "energy") {
    for (let i = 0; i < n; i++) {
      target[i] += forwardTwin(parameters, settingsOf(output), [x[2 * i], x[2 * i + 1]], variance[i])[0];
    }
  }
  target[3 * width] = Number.NaN;
  if (loss.name === "linex") target[5] = Infinity;
  return {
    x,
    variance,
    target,
    weight: draw("weight", n, 0.2, 2),
    excluded: Uint8Array.from({ length: n }, (_, i) => +(i === 3)),
  };
}

function rowLoss(loss: Loss, prediction: readonly number[], target: ArrayLike<number>): number {
  let total = 0;
  for (let j = 0; j < prediction.length; j++) {
    const r = prediction[j] - target[j];
    if (loss.name === "squared") total += r * r;
    else if (target[j] === Infinity)
      total += 31 - prediction[j]; // slope -1; the constant is chosen below
    else {
      const cap = loss.cap ?? defaultCap;
      total += r <= cap ? Math.exp(r) - r - 1 : Math.exp(cap) - cap - 1 + (Math.exp(cap) - 1) * (r - cap);
    }
  }
  return total;
}

/** The mean loss in f64. */
export function lossTwin(each: LossCase, data: CaseData, parameters: Float64Array): number {
  const settings = settingsOf(each.output);
  const evaluate = each.kind === each.output ? forwardTwin : scoreTwin;
  const width = each.kind === "energy" ? 1 : 2;
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (data.excluded[i]) continue;
    const prediction = evaluate(parameters, settings, [data.x[2 * i], data.x[2 * i + 1]], data.variance[i]);
    total += data.weight[i] * rowLoss(each.loss, prediction, data.target.subarray(i * width, (i + 1) * width));
  }
  return total / (n - 1);
}

/** Gradient of the twin's loss by central differences (error about 1e-9). */
export function gradientTwin(each: LossCase, data: CaseData, parameters: Float64Array): Float64Array {
  const step = 1e-4;
  return parameters.map((p, i) => {
    const moved = parameters.slice();
    moved[i] = p + step;
    const up = lossTwin(each, data, moved);
    moved[i] = p - step;
    return (up - lossTwin(each, data, moved)) / (2 * step);
  });
}

/** Loss and gradient of a case on the current backend. */
export async function onBackend(
  each: LossCase,
  data: CaseData,
): Promise<{ loss: number; gradient: Float32Array; prediction: Float32Array }> {
  const network = mlp(options)(2, each.output);
  const flat = tensor1d(parametersOf(each.output));
  const inputs = lossInputs(each.loss, data.target, n, data.weight, data.excluded);
  const batch = { ...inputs, x: tensor2d(data.x, [n, 2]), variance: tensor1d(data.variance), kind: each.kind };
  const result = lossAndGradient(network, flat, batch, each.loss);
  const loss = (await result.loss.data())[0];
  const gradient = (await result.gradient.data()) as Float32Array;
  const prediction = (await result.prediction.data()) as Float32Array;
  for (const t of [flat, batch.x, batch.variance, inputs.target, inputs.weight, result.loss, result.gradient, result.prediction])
    t.dispose();
  return { loss, gradient, prediction };
}

/** |a - b| / |b|, Euclidean. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

/** Relative error of each case's gradient on the current backend. */
export async function gradientErrors(): Promise<Record<string, number>> {
  const errors: Record<string, number> = {};
  for (const [name, each] of Object.entries(lossCases)) {
    const data = caseData(each);
    const { gradient } = await onBackend(each, data);
    errors[name] = relativeError(gradient, gradientTwin(each, data, Float64Array.from(parametersOf(each.output))));
  }
  return errors;
}
