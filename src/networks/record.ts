/** Networks as programs: one run of tfjs on a block of rows, recorded. Null where a program cannot hold what the network does; tfjs then runs it. */
import { engine, neg, ones, type Tensor, type Tensor1D, type Tensor2D, tidy, zeros } from "@tensorflow/tfjs-core";
import { fuse } from "../kernels/fuse.js";
import { keepSlopes } from "../kernels/keep-slopes.js";
import type { Program } from "../kernels/program.js";
import type { ModelQuantity } from "../kernels/program-model.js";
import type { Network } from "./network.js";
import type { HeapBackend } from "./wasm/heap-backend.js";
import { differentiatedTwice, ownKernelsRun } from "./wasm/kernel-mode.js";
import { Recorder } from "./wasm/recorder.js";

/**
 * Rows of a program whose network asks for no other number. Also the unit in which gradients are summed, so a training result depends on it but
 * not on who computes which block. Small blocks stay in the second-level cache and spread over more cores.
 */
export const blockRows = 128;

/** Rows of a network's programs. */
export function blockRowsOf(network: Network): number {
  return network.blockRows ?? blockRows;
}

/** What a model is asked for, as tensors. */
export interface ModelTensors {
  readonly energy?: Tensor;
  readonly score?: Tensor;
  readonly product?: Tensor;
}

/** Energy and score of a batch as tensors; only what is asked for. */
export function evaluateTensors(
  network: Network,
  pieces: readonly Tensor[],
  x: Tensor2D,
  variance: Tensor1D,
  quantity: Exclude<ModelQuantity, "product">,
): Omit<ModelTensors, "product"> {
  if (network.output === "score") return { score: network.forward(pieces, x, variance) };
  if (quantity === "energy") return { energy: network.forward(pieces, x, variance) };
  const { value, grads } = engine().gradients(() => network.forward(pieces, x, variance), [x]);
  return { energy: value, score: neg(grads[0]) };
}

/** J^T v of the score's Jacobian J, [n, dim], by back-propagation through back-propagation; J is symmetric where the score is a gradient. */
export function productTensors(
  network: Network,
  pieces: readonly Tensor[],
  x: Tensor2D,
  variance: Tensor1D,
  direction: Tensor2D,
): ModelTensors {
  const score = () => evaluateTensors(network, pieces, x, variance, "score").score as Tensor;
  return differentiatedTwice(() => ({ product: engine().gradients(score, [x], direction).grads[0] }));
}

/** What `recordProgram` hands to the function that it records. */
export interface RecordedInputs {
  readonly pieces: readonly Tensor[];
  readonly x: Tensor2D;
  /** [rows of a block], or [1]: shared by all rows. */
  readonly variance: Tensor1D;
}

/** Records `run` on one block with inputs "parameters", "x" and "variance". */
export function recordProgram(
  network: Network,
  sharedVariance: boolean,
  run: (recorder: Recorder, inputs: RecordedInputs) => void,
): Program | null {
  if (!ownKernelsRun()) return null;
  let program: Program | { readonly foreign: string } = { foreign: "nothing" };
  tidy(() => {
    const recorder = new Recorder(engine().backend as unknown as HeapBackend);
    const pieces = network.shapes.map((shape) => zeros([...shape]));
    const rows = blockRowsOf(network);
    const x = zeros([rows, network.dim]) as Tensor2D;
    const variance = ones([sharedVariance ? 1 : rows]) as Tensor1D;
    recorder.inputParts("parameters", pieces);
    recorder.input("x", x);
    recorder.input("variance", variance);
    run(recorder, { pieces, x, variance });
    program = recorder.finish();
  });
  return "foreign" in program ? null : fuse(keepSlopes(program));
}

const programs = new WeakMap<Network, Map<string, Program | null>>();

/** The program of a quantity, recorded once; null where tfjs has to run it. */
export function modelProgram(network: Network, quantity: ModelQuantity, sharedVariance: boolean): Program | null {
  if (!ownKernelsRun()) return null;
  const known = programs.get(network) ?? new Map<string, Program | null>();
  programs.set(network, known);
  const key = `${quantity} ${sharedVariance}`;
  let program = known.get(key);
  if (program === undefined) {
    program = recordProgram(network, sharedVariance, (recorder, { pieces, x, variance }) => {
      const direction = zeros([...x.shape]) as Tensor2D;
      if (quantity === "product") recorder.input("direction", direction);
      const result = recorder.listen(
        (): ModelTensors =>
          quantity === "product"
            ? productTensors(network, pieces, x, variance, direction)
            : evaluateTensors(network, pieces, x, variance, quantity),
      );
      if (result.energy) recorder.output("energy", result.energy);
      if (result.score) recorder.output("score", result.score);
      if (result.product) recorder.output("product", result.product);
    });
    known.set(key, program);
  }
  return program;
}
