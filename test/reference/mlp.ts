/** The perceptron of src/networks/mlp.ts in f64 from its formulas, one row at a time, slow and plain. */
import { frequencies } from "../../src/networks/features.js";
import type { MlpOptions } from "../../src/networks/mlp.js";

export type TwinSettings = Required<MlpOptions> & { readonly dim: number; readonly output: "energy" | "score" };

const noiseFrequencies = [0.5, 1, 2, 4];

/** Inputs of the first layer: damped waves, position, log noise. */
export function featuresTwin(s: TwinSettings, x: readonly number[], variance: number) {
  const omega = frequencies(s.dim, s.features, s.featureScale);
  const noise = Math.sqrt(variance) / s.scale;
  const logNoise = Math.log(Math.max(noise, s.sigmaFloor));
  const total = (s.baseStd * s.scale) ** 2 + variance;
  const square = x.reduce((q, c) => q + c * c, 0) / total;
  const u = s.horizon === 0 ? 0 : Math.min(1e8, square / (s.dim * s.horizon ** 2));
  const held = x.map((c) => c * (1 + u ** 4) ** -0.125);
  const waves: number[] = [];
  for (let f = 0; f < s.features; f++) {
    let angle = 0;
    let squared = 0;
    for (let i = 0; i < s.dim; i++) {
      const w = omega[i * s.features + f];
      angle += (w * held[i]) / s.scale;
      squared += w * w;
    }
    const damping = Math.exp((-squared * noise * noise) / 2);
    waves.push(Math.cos(angle) * damping, Math.sin(angle) * damping);
  }
  for (const w of noiseFrequencies) waves.push(Math.cos(w * logNoise), Math.sin(w * logNoise));
  return { waves, position: held.map((c) => c / Math.sqrt(total)), logNoise: logNoise / 4, total };
}

/** The wall of heads.ts, kT. */
function wallTwin(s: TwinSettings, x: readonly number[], variance: number, total: number): number {
  if (s.extent === 0) return 0;
  const beyond = x.reduce((sum, c) => sum + Math.max(0, Math.abs(c) - s.extent * s.scale) ** 2, 0);
  const quadratic = x.reduce((q, c) => q + c * c, 0) / (2 * total);
  const z = Math.max(0, beyond / (2 * (variance + (s.detail * s.scale) ** 2)) - quadratic);
  return z ** 2 / (1 + z);
}

/** A reader that takes matrices off a flat vector in order. */
function reader(parameters: Float64Array) {
  let at = 0;
  return (input: readonly number[], outputs: number): number[] => {
    const out = new Array<number>(outputs).fill(0);
    for (const value of input) for (let j = 0; j < outputs; j++) out[j] += value * parameters[at++];
    return out;
  };
}

const silu = (v: readonly number[]) => v.map((a) => a / (1 + Math.exp(-a)));
const sum = (...vectors: readonly (readonly number[])[]) => vectors[0].map((_, j) => vectors.reduce((s, v) => s + v[j], 0));

/** Energy as [e], or score [dim]. */
export function forwardTwin(parameters: Float64Array, s: TwinSettings, x: readonly number[], variance: number): number[] {
  const { waves, position, logNoise, total } = featuresTwin(s, x, variance);
  const take = reader(parameters);
  let h = silu(sum(take(waves, s.width), take(position, s.width), take([logNoise], s.width), take([1], s.width)));
  for (let layer = 1; layer < s.depth; layer++) h = sum(h, silu(sum(take(h, s.width), take([1], s.width))));
  const outputs = s.output === "energy" ? 1 : s.dim;
  const raw = sum(take(h, outputs), take([1], outputs));
  if (s.output === "score") {
    const reach = Math.sqrt((s.detail * s.scale) ** 2 + variance);
    const slope = gradientOf((y) => wallTwin(s, y, variance, total), x);
    return raw.map((r, i) => r / reach - x[i] / total - slope[i]);
  }
  const quadratic = x.reduce((q, c) => q + c * c, 0) / (2 * total);
  return [wallTwin(s, x, variance, total) + s.outputScale * raw[0] + quadratic + 0.5 * s.dim * Math.log(2 * Math.PI * total)];
}

/** grad f by central differences of fourth order: error below 1e-9 for coordinates and values of order one. */
function gradientOf(f: (x: readonly number[]) => number, x: readonly number[]): number[] {
  const step = 2e-3;
  return x.map((_, i) => {
    const at = (d: number) => f(x.map((c, j) => (j === i ? c + d : c)));
    return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
  });
}

/** -grad_x of the twin energy. */
export function scoreTwin(parameters: Float64Array, s: TwinSettings, x: readonly number[], variance: number): number[] {
  return gradientOf((y) => forwardTwin(parameters, s, y, variance)[0], x).map((slope) => -slope);
}
