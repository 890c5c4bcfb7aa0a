/**
 * Products with the Hessian of every network on the current tfjs backend against second differences of the f64 twins. Runs where
 * backend-cases.ts does; imports nothing of Node.
 */
import { mlp } from "../../src/networks/mlp.js";
import { NeuralModel } from "../../src/networks/model.js";
import type { NetworkOutput } from "../../src/networks/network.js";
import { forwardTwin, type TwinSettings } from "../reference/mlp.js";
import { coordinates, draw, key, type MakeSubject, n, subjects, type Twin } from "./backend-cases.js";
import { relativeError } from "./network-cases.js";

const perceptron =
  (dim: number, more: object): MakeSubject =>
  (output) => {
    const options = { width: 6, depth: 3, features: 5, featureScale: 1, scale: 2, baseStd: 0.7, sigmaFloor: 0.05, ...more };
    const network = mlp(options)(dim, output);
    const settings = { ...(network.options as unknown as TwinSettings), dim, output };
    return { network, twin: (p, x, h) => forwardTwin(p, settings, x, h), spread: 0.4 };
  };

const all: { readonly [name: string]: MakeSubject } = {
  ...subjects,
  "perceptron in a wall, near its horizon": perceptron(2, { extent: 0.6, detail: 0.1, horizon: 0.8 }),
  "perceptron in five dimensions, beyond its horizon": perceptron(5, { horizon: 0.4 }),
  "perceptron without a horizon": perceptron(3, { horizon: 0 }),
};

interface ProductCase {
  readonly subject: string;
  readonly output: NetworkOutput;
}

export const productCases: { readonly [name: string]: ProductCase } = Object.fromEntries(
  Object.keys(all).flatMap((subject) =>
    (["energy", "score"] as const)
      .filter((output) => !(subject === "descriptor" && output === "score"))
      .map((output) => [`${subject}, ${output}`, { subject, output }]),
  ),
);

/** Differences of fourth order: truncated at 1e-9 where nothing bends within a hundredth, rounded at 1e-8 (second ones). */
const STEP = 2e-4;
const rate = (f: (t: number) => number) => (8 * (f(STEP) - f(-STEP)) - (f(2 * STEP) - f(-2 * STEP))) / (12 * STEP);

const moved = (x: readonly number[], by: number, v: readonly number[]) => x.map((c, i) => c + by * v[i]);

/** J^T v of the score by the twin: derivatives of v . score, which for an energy is minus its derivative along v. */
function truth(
  twin: Twin,
  output: NetworkOutput,
  p: Float64Array,
  x: readonly number[],
  v: readonly number[],
  h: number,
): number[] {
  const along = (y: readonly number[]) => {
    if (output === "score") return twin(p, y, h).reduce((sum, s, i) => sum + s * v[i], 0);
    return -rate((t) => twin(p, moved(y, t, v), h)[0]);
  };
  return x.map((_, j) =>
    rate((t) =>
      along(
        moved(
          x,
          t,
          x.map((_, i) => +(i === j)),
        ),
      ),
    ),
  );
}

/** The network of a case with parameters of which none is 0, its rows, and what the twin says. */
function pose(name: string) {
  const { subject, output } = productCases[name];
  const { network, twin, spread } = all[subject](output);
  const { dim } = network;
  const noise = draw("parameters", network.parameterCount, -spread, spread);
  const parameters = network.initialize(key).map((p, i) => p + noise[i]);
  const x = coordinates(dim);
  const v = draw("v", n * dim, -1, 1);
  const variance = draw("h", n, -5, 1).map(Math.exp);
  const p = Float64Array.from(parameters);
  const rowOf = (of: Float32Array, row: number) => [...of.subarray(row * dim, (row + 1) * dim)];
  const value = Array.from(variance, (h, row) => truth(twin, output, p, rowOf(x, row), rowOf(v, row), h)).flat();
  return { network, parameters, x, v, variance, value };
}

const posed = new Map<string, ReturnType<typeof pose>>();

/** The case, made once. */
export function productCase(name: string): ReturnType<typeof pose> {
  const known = posed.get(name) ?? pose(name);
  posed.set(name, known);
  return known;
}

/**
 * What f32 leaves of a second derivative, relative and Euclidean over all rows: the graph network's energy bends within 1e-3 of 0 displacement;
 * measured 2.5e-6 at most, and 7e-7 of the others.
 */
export const productBound = (name: string): number => (name.startsWith("graph") ? 1e-5 : 3e-6);

/** Relative error of the products of the current backend. */
export async function productError(name: string): Promise<number> {
  const { network, parameters, x, v, variance, value } = productCase(name);
  const model = new NeuralModel(network, parameters);
  const product = await model.hessianProduct({ data: x, n, dim: network.dim }, variance, v);
  model.dispose();
  return relativeError(product, value);
}
