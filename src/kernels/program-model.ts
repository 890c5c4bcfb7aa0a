/** Energy, score and Hessian products of a network from its recorded programs: the same numbers on the calling thread and in a worker, without tfjs. */
import { BnemError } from "../core/errors.js";
import type { Batch, Energy, Prior } from "../core/types.js";
import { Machine } from "./machine.js";
import type { Program } from "./program.js";

/** What one program computes. */
export type ModelQuantity = "energy" | "score" | "both" | "product";

/** Gives the program of a quantity for one variance per row or one for all rows; undefined where there is none. */
export type ProgramSource = (quantity: ModelQuantity, sharedVariance: boolean) => Program | undefined;

/** A model as plain data: all that another thread needs to compute the same numbers. */
export interface ModelDescription {
  readonly dim: number;
  readonly programs: readonly {
    readonly quantity: ModelQuantity;
    readonly sharedVariance: boolean;
    readonly program: Program;
  }[];
  /** Flat, [parameterCount]. */
  readonly parameters: Float32Array;
  /** True: the plain-SIMD build. */
  readonly exact: boolean;
  /** What the programs' values are added to: a prior by name, of a target by name. */
  readonly prior?: {
    readonly name: string;
    readonly options: Prior["options"];
    readonly energy: { readonly name: string; readonly options: Prior["options"]; readonly check: Energy["check"] };
  };
}

export interface ModelEvaluation {
  /** [n], kT; where the program gives it. */
  readonly energy?: Float32Array;
  /** [n, dim], 1 / raw unit. */
  readonly score?: Float32Array;
  /** Derivative of the score along a direction per row, [n, dim]. */
  readonly product?: Float32Array;
}

/**
 * Adds what is known of the noised energy to what a network made of the rest; in place.
 *
 * @param direction of the product, [n, dim], where there is one
 * @throws BnemError("unsupported") for a product with a prior that has none
 */
export function addPrior(
  result: ModelEvaluation,
  prior: Prior | undefined,
  x: Batch,
  variance: Float32Array,
  direction?: Float32Array,
): ModelEvaluation {
  if (!prior) return result;
  const { energy, score, product } = result;
  if (product) {
    const known = productOf(prior, x, variance, direction as Float32Array);
    for (let i = 0; i < product.length; i++) product[i] += known[i];
  }
  if (!energy && !score) return result;
  const known = prior.evaluate(x, variance);
  if (energy) for (let i = 0; i < energy.length; i++) energy[i] += known.energy[i];
  if (score) for (let i = 0; i < score.length; i++) score[i] += known.score[i];
  return result;
}

function productOf(prior: Prior, x: Batch, variance: Float32Array, direction: Float32Array): Float32Array {
  if (prior.hessianProduct) return prior.hessianProduct(x, variance, direction);
  throw new BnemError(
    "unsupported",
    `hessianProduct: the ${prior.name} prior has no second derivatives; take another prior, or a first-order transition`,
  );
}

interface Loaded {
  readonly machine: Machine;
  /** Which parameters it holds. */
  version: number;
}

function allEqual(values: Float32Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/**
 * Runs rows through programs in blocks. Rows do not see each other, so a result does not depend on what else is in the batch; the last block
 * computes rows nobody asked for.
 */
export class ProgramModel {
  private readonly machines = new Map<string, Promise<Loaded>>();
  private parameters: Float32Array;
  private version = 1;

  /** @param exact true: the plain-SIMD build */
  constructor(
    readonly dim: number,
    private readonly source: ProgramSource,
    parameters: Float32Array,
    private readonly exact: boolean,
  ) {
    this.parameters = parameters.slice();
  }

  static from({ dim, programs, parameters, exact }: ModelDescription): ProgramModel {
    const source: ProgramSource = (quantity, shared) =>
      programs.find((entry) => entry.quantity === quantity && entry.sharedVariance === shared)?.program;
    return new ProgramModel(dim, source, parameters, exact);
  }

  /** Replaces the parameters, flat [parameterCount]; copied. */
  update(parameters: Float32Array): void {
    this.parameters = parameters.slice();
    this.version++;
  }

  /**
   * x [n, dim], variance [n].
   *
   * @param direction [n, dim]; with the quantity "product" alone
   * @returns undefined where the source has no such program
   */
  async evaluate(
    x: Batch,
    variance: Float32Array,
    quantity: ModelQuantity,
    direction?: Float32Array,
  ): Promise<ModelEvaluation | undefined> {
    const shared = allEqual(variance);
    const loaded = await this.load(quantity, shared);
    if (!loaded) return undefined;
    const { machine } = loaded;
    if (loaded.version !== this.version) {
      machine.view("parameters").set(this.parameters);
      loaded.version = this.version;
    }
    const energy = machine.has("energy") ? new Float32Array(x.n) : undefined;
    const score = machine.has("score") ? new Float32Array(x.n * x.dim) : undefined;
    const product = machine.has("product") ? new Float32Array(x.n * x.dim) : undefined;
    const rows = machine.view("x").length / x.dim;
    if (shared) machine.view("variance")[0] = variance[0];
    for (let first = 0; first < x.n; first += rows) {
      const end = Math.min(x.n, first + rows);
      machine.view("x").set(x.data.subarray(first * x.dim, end * x.dim));
      if (!shared) machine.view("variance").set(variance.subarray(first, end));
      if (direction) machine.view("direction").set(direction.subarray(first * x.dim, end * x.dim));
      machine.run();
      energy?.set(machine.view("energy").subarray(0, end - first), first);
      score?.set(machine.view("score").subarray(0, (end - first) * x.dim), first * x.dim);
      product?.set(machine.view("product").subarray(0, (end - first) * x.dim), first * x.dim);
    }
    return { energy, score, product };
  }

  private async load(quantity: ModelQuantity, shared: boolean): Promise<Loaded | undefined> {
    const key = `${quantity} ${shared}`;
    const present = this.machines.get(key);
    if (present) return present;
    const program = this.source(quantity, shared);
    if (!program) return undefined;
    const loading = Machine.load(program, this.exact).then((machine) => ({ machine, version: 0 }));
    this.machines.set(key, loading);
    return loading;
  }
}
