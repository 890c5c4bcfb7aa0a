/**
 * Networks of particles and wells with every loss they are trained with: values and gradients on the current tfjs backend against the f64
 * twins and their differences. Runs in the test process (wasm, cpu) and inside a bundle in a child process (webgpu): imports nothing of Node.
 */
import { tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import { additive } from "../../src/networks/additive.js";
import { descriptor } from "../../src/networks/descriptor.js";
import { egnn } from "../../src/networks/egnn.js";
import { mlp } from "../../src/networks/mlp.js";
import { type Network, type NetworkOutput, sizeOf } from "../../src/networks/network.js";
import { lossAndGradient, type TrainingLoss } from "../../src/training/gradient.js";
import { type AdditiveTwin, additiveTwin } from "../reference/additive.js";
import { type DescriptorSettings, descriptorTwin } from "../reference/descriptor.js";
import { type EgnnTwin, egnnTwin } from "../reference/egnn.js";
import { forwardTwin, type TwinSettings } from "../reference/mlp.js";
import { relativeError } from "./network-cases.js";

/** Rows. */
export const n = 4;
export const key = keyOf(31);
export const draw = (label: string, count: number, low: number, high: number) =>
  Float32Array.from({ length: count }, (_, i) => low + (high - low) * uniformAt(derive(key, label), i));

export type Twin = (parameters: Float64Array, x: readonly number[], variance: number) => number[];

export interface Subject {
  readonly network: Network;
  readonly twin: Twin;
  /** Half-width of the noise on started parameters: none may be 0. */
  readonly spread: number;
}

export type MakeSubject = (output: NetworkOutput) => Subject;

const graphOf =
  (count: number, options: { readonly spatialDim: number; readonly cutoff?: number }): MakeSubject =>
  (output) => {
    const network = egnn({ width: 4, depth: 2, scale: 2, sigmaFloor: 0.05, sigmaTop: 2, ...options })(
      count * options.spatialDim,
      output,
    );
    const settings = { ...(network.options as unknown as EgnnTwin), count, output };
    return { network, twin: (p, x, h) => egnnTwin(p, settings, x, h), spread: 0.3 };
  };

export const subjects = {
  "graph network": graphOf(4, { spatialDim: 2 }),
  "graph network with a cut-off": graphOf(3, { spatialDim: 3, cutoff: 3 }),
  descriptor: () => {
    const shape = { count: 5, spatialDim: 3, width: 8, radial: 6, levels: 4, scalars: 4, vectors: 4, tensors: 4, scale: 2 };
    const network = descriptor(shape)(15, "energy");
    const settings = network.options as unknown as DescriptorSettings;
    return { network, twin: (p, x, h) => [descriptorTwin(p, settings, x, h)], spread: 0.15 };
  },
  additive: (output) => {
    const network = additive({ bumps: 9, span: 5, levels: 5, scale: 2, baseStd: 0.6, sigmaMin: 0.05, sigmaMax: 3 })(3, output);
    const settings = { ...(network.options as unknown as AdditiveTwin), output };
    return { network, twin: (p, x, h) => additiveTwin(p, settings, x, h), spread: 0.5 };
  },
  perceptron: (output) => {
    const options = { width: 6, depth: 2, features: 5, featureScale: 2, scale: 2, baseStd: 0.7, sigmaFloor: 0.05 };
    const network = mlp(options)(2, output);
    const settings = { ...(network.options as unknown as TwinSettings), dim: 2, output };
    return { network, twin: (p, x, h) => forwardTwin(p, settings, x, h), spread: 0.4 };
  },
} as const satisfies { readonly [name: string]: MakeSubject };

type SubjectName = keyof typeof subjects;

const losses = {
  "energy, linex": { output: "energy", kind: "energy", loss: { name: "linex", cap: 1 } },
  "energy, squared": { output: "energy", kind: "energy", loss: { name: "squared" } },
  "score head": { output: "score", kind: "score", loss: { name: "squared" } },
  "score of an energy (double backward)": { output: "energy", kind: "score", loss: { name: "squared" } },
  "fit of gradients": {
    output: "energy",
    kind: "gradient",
    loss: { name: "gradient", slopeWeight: 0.3, residualClip: 1e6 },
  },
} as const satisfies {
  readonly [name: string]: { output: NetworkOutput; kind: "energy" | "score" | "gradient"; loss: TrainingLoss };
};

type LossName = keyof typeof losses;
const doubleBackward: LossName = "score of an energy (double backward)";

export interface BackendCase {
  readonly subject: SubjectName;
  readonly loss: LossName;
}

/** All that can be trained: descriptors are energies, and the perceptron's other losses are in network-cases.ts. */
export const backendCases: Readonly<Record<string, BackendCase>> = Object.fromEntries(
  (Object.keys(subjects) as SubjectName[]).flatMap((subject) =>
    (Object.keys(losses) as LossName[])
      .filter((loss) => (subject === "perceptron" ? loss === "fit of gradients" : true))
      .filter((loss) => !(subject === "descriptor" && loss === "score head"))
      .map((loss) => [`${subject}: ${loss}`, { subject, loss }]),
  ),
);

/** Cases in which this package's own kernels refuse: those of pairs have first derivatives only. */
export const refusedByOwnKernels: readonly string[] = Object.keys(backendCases).filter((name) => {
  const { subject, loss } = backendCases[name];
  return loss === doubleBackward && subject !== "additive";
});

/** A case with its rows, its parameters and what the twin makes of them. */
interface Posed extends Subject {
  readonly parameters: Float32Array;
  readonly x: Float32Array;
  readonly variance: Float32Array;
  readonly target: Float32Array;
  readonly slope: Float32Array;
  readonly weight: Float32Array;
}

const SLOPE_STEP = 0.02;

/** grad f by central differences: truncated at 1e-8, rounded at 1e-12. */
function gradientOf(f: (x: readonly number[]) => number, x: readonly number[]): number[] {
  const step = 1e-4;
  return x.map((_, i) => {
    const at = (d: number) => f(x.map((c, j) => (j === i ? c + d : c)));
    return (at(step) - at(-step)) / (2 * step);
  });
}

/** What the loss compares with its target: energy [1], score [dim], or score and slope [dim + 1]. */
function predict({ loss }: BackendCase, twin: Twin, p: Float64Array, x: readonly number[], h: number): number[] {
  const { output, kind } = losses[loss];
  if (kind === output) return twin(p, x, h);
  const score = gradientOf((y) => twin(p, y, h)[0], x).map((slope) => -slope);
  if (kind === "score") return score;
  const at = (shift: number) => twin(p, x, h * Math.exp(2 * shift))[0];
  return [...score, (at(SLOPE_STEP) - at(-SLOPE_STEP)) / (2 * SLOPE_STEP)];
}

/** Particles, and whatever else, about a grid: no pair sits where r has a kink. */
export function coordinates(dim: number): Float32Array {
  return draw("x", n * dim, -0.7, 0.7).map((v, at) => {
    const c = at % dim;
    return v + (c % 3 === 0 ? 1.9 : -0.8) * Math.floor(c / 3) * (c % 2 === 0 ? 1 : -1) * 0.7;
  });
}

function pose(each: BackendCase): Posed {
  const { output, kind } = losses[each.loss];
  const subject: Subject = subjects[each.subject](output);
  const { network, twin, spread } = subject;
  const { dim } = network;
  const noise = draw("parameters", network.parameterCount, -spread, spread);
  const parameters = network.initialize(key).map((p, i) => p + noise[i]);
  const x = coordinates(dim);
  const variance = draw("h", n, -5, 1).map(Math.exp);
  const target = draw("target", n * (kind === "energy" ? 1 : dim), -2, 2);
  // Residuals on both sides of the linex loss's cap.
  const p = Float64Array.from(parameters);
  if (kind === "energy") {
    for (let row = 0; row < n; row++) target[row] += twin(p, [...x.subarray(row * dim, (row + 1) * dim)], variance[row])[0];
  }
  const weight = draw("weight", n, 0.2, 2);
  return { ...subject, parameters, x, variance, target, slope: draw("slope", n, -2, 2), weight };
}

/** Loss of one row in f64. */
function rowLoss(loss: TrainingLoss, prediction: readonly number[], target: ArrayLike<number>, slope: number, h: number): number {
  const residuals = Array.from(target, (t, j) => prediction[j] - t);
  if (loss.name === "linex") {
    const [r, cap] = [residuals[0], loss.cap as number];
    return r <= cap ? Math.exp(r) - r - 1 : Math.exp(cap) - cap - 1 + (Math.exp(cap) - 1) * (r - cap);
  }
  const square = residuals.reduce((s, r) => s + r * r, 0);
  if (loss.name === "squared") return square;
  return h * square + loss.slopeWeight * (prediction[target.length] - slope) ** 2;
}

function lossTwin(each: BackendCase, { network, twin, x, variance, target, slope, weight }: Posed, p: Float64Array): number {
  const { dim } = network;
  const width = target.length / n;
  const { loss } = losses[each.loss];
  let total = 0;
  for (let row = 0; row < n; row++) {
    const prediction = predict(each, twin, p, [...x.subarray(row * dim, (row + 1) * dim)], variance[row]);
    total += weight[row] * rowLoss(loss, prediction, target.subarray(row * width, (row + 1) * width), slope[row], variance[row]);
  }
  return total;
}

interface Truth {
  readonly posed: Posed;
  readonly prediction: number[];
  /** Piece by piece: each direction and the loss's derivative along it. */
  readonly derivatives: readonly { readonly begin: number; readonly direction: Float32Array; readonly value: number }[];
}

const truths = new Map<string, Truth>();

function truthOf(name: string): Truth {
  const known = truths.get(name);
  if (known) return known;
  const each = backendCases[name];
  const posed = pose(each);
  const { network, parameters, x, variance, twin } = posed;
  const p = Float64Array.from(parameters);
  const { dim } = network;
  const prediction = Array.from(variance, (h, row) =>
    predict(each, twin, p, [...x.subarray(row * dim, (row + 1) * dim)], h),
  ).flat();
  const derivatives: Truth["derivatives"][number][] = [];
  let begin = 0;
  network.shapes.forEach((shape, at) => {
    // Random directions through every piece of the parameters; a loss of scores costs some thirty passes of the twin.
    for (let k = 0; k < (losses[each.loss].kind === "energy" ? 3 : 1); k++) {
      const direction = draw(`direction ${at} ${k}`, sizeOf(shape), -1, 1);
      const moved = (step: number) => {
        const there = p.slice();
        direction.forEach((d, i) => {
          there[begin + i] += step * d;
        });
        return lossTwin(each, posed, there);
      };
      derivatives.push({ begin, direction, value: (moved(1e-5) - moved(-1e-5)) / 2e-5 });
    }
    begin += sizeOf(shape);
  });
  const truth = { posed, prediction, derivatives };
  truths.set(name, truth);
  return truth;
}

export interface CaseErrors {
  /** Relative errors, Euclidean, of what the loss reads and of its derivatives along the directions. */
  readonly prediction: number;
  readonly gradient: number;
  /** The largest error of one derivative, in units of the length of its piece's gradient times the typical part of it that a direction sees. */
  readonly worstPiece: number;
}

/**
 * What f32 leaves. The fit of gradients takes differences over strides (gradient-fit.ts: 1e-3 of the gradient; measured 5e-4, 1.2e-3 of the
 * perceptron). The graph network's energy bends within 1e-3 of 0 displacement, and these are small: measured 1e-5 and 5e-5, on WebGPU 6e-5 and
 * 3e-4; everything else 3e-6 and 2e-5.
 */
export function boundsOf(name: string): CaseErrors {
  const { subject, loss } = backendCases[name];
  if (losses[loss].kind === "gradient") return { prediction: 1e-4, gradient: 4e-3, worstPiece: 1.2e-2 };
  if (subject.startsWith("graph")) return { prediction: 2e-5, gradient: 3e-4, worstPiece: 1.5e-3 };
  return { prediction: 3e-6, gradient: 2e-5, worstPiece: 1e-4 };
}

/** How far the current backend is from the twin. */
export async function caseErrors(name: string): Promise<CaseErrors> {
  const { posed, prediction, derivatives } = truthOf(name);
  const { network, parameters, x, variance, target, slope, weight } = posed;
  const { kind, loss } = losses[backendCases[name].loss];
  const inputs = {
    x: tensor2d(x, [n, network.dim]),
    variance: tensor1d(variance),
    target: tensor2d(target, [n, target.length / n]),
    slope: tensor1d(slope),
    weight: tensor1d(weight),
  };
  const flat = tensor1d(parameters);
  const outcome = lossAndGradient(network, flat, { ...inputs, kind }, loss);
  const gradient = (await outcome.gradient.data()) as Float32Array;
  const found = (await outcome.prediction.data()) as Float32Array;
  for (const held of [...Object.values(inputs), flat, outcome.loss, outcome.gradient, outcome.prediction]) held.dispose();
  const along = derivatives.map(({ begin, direction }) => direction.reduce((s, d, i) => s + d * gradient[begin + i], 0));
  const whole = Math.hypot(...gradient);
  const worst = derivatives.map(({ begin, direction, value }, i) => {
    const own = Math.hypot(...gradient.subarray(begin, begin + direction.length));
    // Pieces that hardly matter are measured against a hundredth of the whole.
    return Math.abs(along[i] - value) / (Math.max(own, 0.01 * whole) * Math.sqrt(1 / 3));
  });
  return {
    prediction: relativeError(found, prediction),
    gradient: relativeError(
      along,
      derivatives.map(({ value }) => value),
    ),
    worstPiece: Math.max(...worst),
  };
}
