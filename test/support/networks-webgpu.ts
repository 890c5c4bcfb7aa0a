/** What the WebGPU test runs in a child process, bundled: gradients of every loss, first training losses on two backends, a lost device. */
import { backend, engine, type Tensor1D, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import { backendFailure, type GpuSource, onDeviceLost, startBackend } from "../../src/networks/backend.js";
import { mlp } from "../../src/networks/mlp.js";
import { NeuralModel } from "../../src/networks/model.js";
import { Adam } from "../../src/training/adam.js";
import { lossAndGradient } from "../../src/training/gradient.js";
import { backendCases, boundsOf, type CaseErrors, caseErrors } from "./backend-cases.js";
import { lossInputs } from "./loss-inputs.js";
import { gradientErrors } from "./network-cases.js";
import { productBound, productCases, productError } from "./product-cases.js";

const key = keyOf(21);
const draw = (label: string, count: number, low: number, high: number) =>
  Float32Array.from({ length: count }, (_, i) => low + (high - low) * uniformAt(derive(key, label), i));

/** Losses of four training steps, then scores of the trained network, at a size that software adapters can bear. */
async function firstSteps() {
  const n = 32;
  const network = mlp({ width: 16, depth: 2, features: 16 })(2, "energy");
  let flat: Tensor1D = tensor1d(network.initialize(key));
  const adam = new Adam(network.parameterCount, { clipNorm: 5 });
  const x = draw("x", 2 * n, -50, 50);
  const h = draw("h", n, 0, 7).map(Math.exp);
  const target = draw("target", n, 5, 12);
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const inputs = lossInputs({ name: "linex" }, target, n);
    const batch = { ...inputs, kind: "energy" as const, x: tensor2d(x, [n, 2]), variance: tensor1d(h) };
    const { loss, gradient } = lossAndGradient(network, flat, batch, { name: "linex" });
    losses.push((await loss.data())[0]);
    flat = (await adam.apply(flat, gradient, 4e-3)).parameters as Tensor1D;
  }
  const model = new NeuralModel(network, flat);
  const score = await model.score({ data: x, n, dim: 2 }, h);
  return { losses, score: [...score] };
}

/** Graph networks take a software adapter 4 to 20 s a case: each loss on one of the two. */
const leftOut = [
  "graph network: energy, linex",
  "graph network: energy, squared",
  "graph network: fit of gradients",
  "graph network with a cut-off: energy, linex",
  "graph network with a cut-off: score head",
  "graph network with a cut-off: score of an energy (double backward)",
];

/** Errors against the twins beside their bounds, by case. */
async function particleErrors() {
  const errors: Record<string, { readonly found: CaseErrors; readonly bounds: CaseErrors }> = {};
  for (const name of Object.keys(backendCases).filter((each) => !leftOut.includes(each)))
    errors[name] = { found: await caseErrors(name), bounds: boundsOf(name) };
  return errors;
}

/** Errors of Hessian products against the twins beside their bounds; graph networks take a software adapter too long. */
async function productErrors() {
  const errors: Record<string, { readonly error: number; readonly bound: number }> = {};
  for (const name of Object.keys(productCases).filter((each) => !each.startsWith("graph")))
    errors[name] = { error: await productError(name), bound: productBound(name) };
  return errors;
}

interface LosableBackend {
  readonly device: { destroy(): void };
}

/** Everything the parent asserts on, as JSON. */
export async function main(gpu: GpuSource): Promise<void> {
  const wasm = { report: await startBackend("wasm"), steps: await firstSteps() };
  const automatic = await startBackend("auto", { gpu, parameters: 10 ** 9 });
  const report = await startBackend("webgpu", { gpu });
  const errors = { errors: await gradientErrors(), particles: await particleErrors(), products: await productErrors() };
  const webgpu = { report, running: engine().backendName, ...errors, steps: await firstSteps() };
  let told: unknown = null;
  const network = mlp({ width: 4, depth: 1, features: 2 })(2, "energy");
  const model = new NeuralModel(network, network.initialize(key));
  const lost = new Promise<void>((resolve) => {
    onDeviceLost((failure) => {
      told = failure.code;
      resolve();
    });
  });
  (backend() as unknown as LosableBackend).device.destroy();
  await lost;
  const one = { data: new Float32Array(2), n: 1, dim: 2 };
  const refused = await model.score(one, new Float32Array(1)).catch((error: { code?: string }) => error.code);
  const failure = backendFailure()?.message ?? "";
  const renewed = (await startBackend("webgpu", { gpu })).backend;
  const again = new NeuralModel(network, network.initialize(key));
  const worksAgain = Number.isFinite((await again.score(one, new Float32Array(1)))[0]);
  console.log(`answer:${JSON.stringify({ wasm, automatic, webgpu, told, refused, failure, renewed, worksAgain })}`);
}
