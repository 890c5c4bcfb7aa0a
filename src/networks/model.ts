/** A network with its parameters, as samplers and estimators see it: batches in, plain arrays out, no tensor in any signature. */
import { dispose, keep, type Tensor, type Tensor1D, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { checkBatch, checkDirection } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import type { Batch, Prior, ScoreModel } from "../core/types.js";
import { kernelReport } from "../kernels/load.js";
import {
  addPrior,
  type ModelDescription,
  type ModelEvaluation,
  type ModelQuantity,
  ProgramModel,
  type ProgramSource,
} from "../kernels/program-model.js";
import { backendFailure } from "./backend.js";
import { type Network, splitParameters } from "./network.js";
import { blockRowsOf, evaluateTensors, type ModelTensors, modelProgram, productTensors } from "./record.js";
import { ownKernelsRun } from "./wasm/kernel-mode.js";

/** Blocks of a pass on tfjs: 4096 rows of a perceptron need some 30 MB at width 64, and longer passes gain nothing. */
const blocksPerPass = 32;

function allEqual(values: Float32Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/**
 * ScoreModel of a network, added to a prior where there is one. For an energy network the score is -grad_x E by back-propagation (1.1 times the cost of the energy again); a
 * score network has no energy, and `energy` then throws. Holds tensors: `dispose()` or `using`.
 */
export class NeuralModel implements ScoreModel {
  readonly dim: number;
  readonly network: Network;
  /** Runs the recorded programs, where the parameters came as numbers and this package's kernels run. */
  private readonly programs: ProgramModel | null;
  private parameters: Float32Array | null;
  private pieces: Tensor[] | null;
  private alive = true;

  /**
   * @param parameters flat, [network.parameterCount]; copied
   * @param exact true: the plain-SIMD build, where this package's kernels run the network
   * @param prior what the network is added to; always computed by the plain build
   */
  constructor(
    network: Network,
    parameters: Float32Array | Tensor1D,
    private readonly exact = false,
    readonly prior?: Prior,
  ) {
    this.network = network;
    this.dim = network.dim;
    checkLength(network, parameters);
    const numbers = parameters instanceof Float32Array ? parameters : null;
    const source: ProgramSource = (quantity, shared) => modelProgram(network, quantity, shared) ?? undefined;
    this.programs = numbers && ownKernelsRun() ? new ProgramModel(network.dim, source, numbers, exact) : null;
    this.parameters = this.programs && numbers ? numbers.slice() : null;
    this.pieces = this.programs ? null : cut(network, parameters);
  }

  /** Replaces the parameters (a teacher follows its average). */
  update(parameters: Float32Array | Tensor1D): void {
    checkLength(this.network, parameters);
    if (this.programs && parameters instanceof Float32Array) {
      this.programs.update(parameters);
      this.parameters = parameters.slice();
      this.disposePieces();
      return;
    }
    const pieces = cut(this.network, parameters);
    this.disposePieces();
    this.pieces = pieces;
  }

  /** Score -grad E_h [n, dim], 1 / raw unit. One variance for all rows is cheaper than one per row. */
  async score(x: Batch, variance: Float32Array): Promise<Float32Array> {
    const { score } = await this.evaluate("score", x, variance, "score");
    return score as Float32Array;
  }

  /** Noised energy [n], kT. @throws BnemError("unsupported") for a score network */
  async energy(x: Batch, variance: Float32Array): Promise<Float32Array> {
    const { energy } = await this.evaluate("energy", x, variance, "energy");
    return energy as Float32Array;
  }

  /** Both in one pass. @throws BnemError("unsupported") for a score network */
  async energyAndScore(x: Batch, variance: Float32Array): Promise<{ energy: Float32Array; score: Float32Array }> {
    const { energy, score } = await this.evaluate("energyAndScore", x, variance, "both");
    return { energy: energy as Float32Array, score: score as Float32Array };
  }

  /**
   * Derivative of the score along one direction per row, [n, dim]: (Hessian of -E_h) v, by back-propagation through back-propagation. For a score
   * network, whose Jacobian J need not be symmetric, it is J^T v. It costs 2.1 scores of a perceptron at its defaults, 2.6 of a descriptor network on
   * LJ-13, 3.4 on LJ-55 and 2.3 of a graph network.
   *
   * @param direction v, [n, dim]
   * @throws BnemError("unsupported") for a prior without second derivatives
   */
  async hessianProduct(x: Batch, variance: Float32Array, direction: Float32Array): Promise<Float32Array> {
    checkBatch("hessianProduct", x, this.dim, false);
    checkDirection("hessianProduct", direction, x);
    const { product } = await this.evaluate("hessianProduct", x, variance, "product", direction);
    return product as Float32Array;
  }

  /**
   * The model without its prior as plain data, for threads that compute these quantities at one variance for all rows; undefined where tfjs has
   * to run the network for one of them: another backend, a network that cannot be recorded, parameters that came as a tensor.
   */
  describe(quantities: readonly ModelQuantity[]): ModelDescription | undefined {
    const { network, dim, parameters } = this;
    if (!this.alive || !parameters || !ownKernelsRun()) return undefined;
    const programs: ModelDescription["programs"][number][] = [];
    for (const quantity of quantities) {
      const program = modelProgram(network, quantity, true);
      if (!program) return undefined;
      programs.push({ quantity, sharedVariance: true, program });
    }
    // Settled here: `init` may change the choice before another thread loads the program.
    return { dim, programs, parameters, exact: this.exact || !kernelReport().relaxed };
  }

  dispose(): void {
    this.disposePieces();
    this.alive = false;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private disposePieces(): void {
    for (const piece of this.pieces ?? []) piece.dispose();
    this.pieces = null;
  }

  private async evaluate(
    call: string,
    x: Batch,
    variance: Float32Array,
    quantity: ModelQuantity,
    direction?: Float32Array,
  ): Promise<ModelEvaluation> {
    checkBatch(call, x, this.dim, false);
    if (variance.length !== x.n) throw new RangeError(`${call}: variance must hold x.n = ${x.n} numbers, got ${variance.length}`);
    if ((quantity === "energy" || quantity === "both") && this.network.output !== "energy") {
      throw new BnemError("unsupported", `${call}: the ${this.network.name} network has a score head and so no energy`);
    }
    if (!this.alive) throw new BnemError("disposed", "NeuralModel: used after dispose()");
    const recorded = ownKernelsRun() ? await this.programs?.evaluate(x, variance, quantity, direction) : undefined;
    const result = recorded ?? (await this.evaluateOnTfjs(x, variance, quantity, direction));
    return addPrior(result, this.prior, x, variance, direction);
  }

  private async evaluateOnTfjs(
    x: Batch,
    variance: Float32Array,
    quantity: ModelQuantity,
    direction?: Float32Array,
  ): Promise<ModelEvaluation> {
    if (!this.pieces && this.parameters) this.pieces = cut(this.network, this.parameters);
    const energy = quantity === "energy" || quantity === "both" ? new Float32Array(x.n) : undefined;
    const score = quantity === "score" || quantity === "both" ? new Float32Array(x.n * x.dim) : undefined;
    const product = quantity === "product" ? new Float32Array(x.n * x.dim) : undefined;
    const shared = allEqual(variance);
    const rowsPerPass = blocksPerPass * blockRowsOf(this.network);
    for (let first = 0; first < x.n; first += rowsPerPass) {
      const end = Math.min(x.n, first + rowsPerPass);
      const h = shared ? variance.subarray(0, 1) : variance.subarray(first, end);
      const rows = x.data.subarray(first * x.dim, end * x.dim);
      const tensors = this.pass(rows, h, quantity, direction?.subarray(first * x.dim, end * x.dim));
      energy?.set(await read(tensors.energy), first);
      score?.set(await read(tensors.score), first * x.dim);
      product?.set(await read(tensors.product), first * x.dim);
      dispose({ ...tensors });
    }
    return { energy, score, product };
  }

  /** One pass up to the tensors to read; the caller disposes them. */
  private pass(rows: Float32Array, variance: Float32Array, quantity: ModelQuantity, direction?: Float32Array): ModelTensors {
    const { network, pieces } = this;
    if (!pieces) throw new BnemError("disposed", "NeuralModel: used after dispose()");
    const failure = backendFailure();
    if (failure) throw failure;
    return tidy(() => {
      const shape: [number, number] = [rows.length / network.dim, network.dim];
      const x = tensor2d(rows, shape);
      const h = tensor1d(variance);
      if (quantity === "product") return { ...productTensors(network, pieces, x, h, tensor2d(direction as Float32Array, shape)) };
      return { ...evaluateTensors(network, pieces, x, h, quantity) };
    });
  }
}

async function read(tensor: Tensor | undefined): Promise<Float32Array> {
  return (await (tensor as Tensor).data()) as Float32Array;
}

function checkLength(network: Network, parameters: Float32Array | Tensor1D): void {
  const length = parameters instanceof Float32Array ? parameters.length : parameters.size;
  if (length !== network.parameterCount) {
    throw new RangeError(`NeuralModel: parameters must hold ${network.parameterCount} numbers, got ${length}`);
  }
}

function cut(network: Network, parameters: Float32Array | Tensor1D): Tensor[] {
  return tidy(() => {
    const flat = parameters instanceof Float32Array ? tensor1d(parameters) : parameters;
    return splitParameters(flat, network.shapes).map((piece) => keep(piece));
  });
}
