/** A target of the user's own: one JavaScript function of one configuration. */
import { checkBatch, checkInteger, checkNumber, checkOptions } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import type { Batch, Energy } from "../core/types.js";
import { centralDifference, compareGradient } from "./finite-differences.js";

/** Options of `customEnergy`: `name`, `dim` and `evaluate` are needed. */
export interface CustomEnergyOptions {
  readonly name: string;
  readonly dim: number;
  /**
   * E(x) in kT of one configuration x [dim]; write grad E into gradientOut [dim] if you can. NaN and +inf may be returned (+inf
   * forbids a configuration). Both arrays are reused from call to call: copy what you keep.
   */
  readonly evaluate: (x: Float64Array, gradientOut: Float64Array) => number;
  readonly particles?: { readonly count: number; readonly spatialDim: number };
  /** Configuration whose energy identifies this target in checkpoints; 0.1, 0.2, ... by default. */
  readonly check?: { readonly x: readonly number[] };
  /** One sentence: additive constant and units. */
  readonly convention?: string;
}

/** What `customEnergy` returns: an Energy that says where its gradient comes from. */
export interface CustomEnergy extends Energy {
  /** "analytic" when `evaluate` fills gradientOut, "differences" when it does not; undefined until the first gradient. */
  readonly gradientSource: "analytic" | "differences" | undefined;
  /** A sentence for the user when gradients come from differences; empty otherwise. */
  readonly notice: string;
}

const KEYS = ["name", "dim", "evaluate", "particles", "check", "convention"];
/** Cube root of the f64 epsilon: balances truncation and rounding. */
const STEP = 6e-6;

function checked(options: CustomEnergyOptions): CustomEnergyOptions {
  const call = "customEnergy";
  checkOptions(call, options, KEYS);
  if (options === undefined) throw new TypeError(`${call}: options { name, dim, evaluate } are needed`);
  if (typeof options.name !== "string" || options.name === "") throw new TypeError(`${call}: name must be a non-empty string`);
  checkInteger(call, "dim", options.dim, 1, 1 << 20);
  if (typeof options.evaluate !== "function")
    throw new TypeError(`${call}: evaluate must be a function (x, gradientOut) => energy`);
  if (options.convention !== undefined && typeof options.convention !== "string") {
    throw new TypeError(`${call}: convention must be a string, one sentence`);
  }
  if (options.particles !== undefined) {
    if (options.particles === null) throw new TypeError(`${call}: particles must be { count, spatialDim }`);
    const { count, spatialDim } = options.particles;
    checkInteger(call, "particles.count", count, 1);
    checkInteger(call, "particles.spatialDim", spatialDim, 1, 3);
    if (count * spatialDim !== options.dim) {
      throw new RangeError(
        `${call}: particles.count * particles.spatialDim must be dim = ${options.dim}, got ${count * spatialDim}`,
      );
    }
  }
  if (options.check !== undefined) {
    const x = options.check?.x;
    if (!Array.isArray(x) && !ArrayBuffer.isView(x)) throw new TypeError(`${call}: check must be { x: coordinates }`);
    if (x.length !== options.dim) {
      throw new RangeError(`${call}: check.x must have ${options.dim} coordinates, got ${x.length}`);
    }
    for (let d = 0; d < x.length; d++) checkNumber(call, `check.x[${d}]`, x[d], -Number.MAX_VALUE, Number.MAX_VALUE);
  }
  return options;
}

/** Runs the user's function on rows and decides, once, where gradients come from. */
class Evaluator {
  source: "analytic" | "differences" | undefined;
  private readonly x: Float64Array;
  private readonly gradient: Float64Array;
  private readonly spare: Float64Array;

  constructor(private readonly options: CustomEnergyOptions) {
    this.x = new Float64Array(options.dim);
    this.gradient = new Float64Array(options.dim);
    this.spare = new Float64Array(options.dim);
  }

  /** E(x); NaN and infinities pass, anything that is no number does not. */
  call(x: Float64Array, gradientOut: Float64Array): number {
    const { name, evaluate } = this.options;
    let energy: unknown;
    try {
      energy = evaluate(x, gradientOut);
    } catch (cause) {
      throw new BnemError("bad-energy", `${name}: evaluate threw: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
    if (typeof energy !== "number") {
      throw new TypeError(
        `${name}: evaluate must return the energy as a number, got ${energy === null ? "null" : typeof energy}`,
      );
    }
    return energy;
  }

  private readonly alone = (x: Float64Array): number => this.call(x, this.spare);

  load(data: ArrayLike<number>, from: number): Float64Array {
    for (let d = 0; d < this.x.length; d++) this.x[d] = data[from + d];
    return this.x;
  }

  energyAt(data: ArrayLike<number>, from: number): number {
    return this.call(this.load(data, from), this.spare);
  }

  /** Decides at the first row whose energy is finite. */
  private decide(): void {
    const { name } = this.options;
    const unfilled = Array.from(this.gradient.keys()).filter((d) => Number.isNaN(this.gradient[d]));
    if (unfilled.length === this.gradient.length) {
      this.source = "differences";
      return;
    }
    if (unfilled.length > 0) {
      throw new BnemError(
        "bad-energy",
        `${name}: evaluate left coordinate ${unfilled[0]} of gradientOut unfilled (or NaN) but filled others; fill all or none`,
      );
    }
    const fault = compareGradient(this.alone, this.x, this.gradient);
    if (fault) {
      const { coordinate, given, differences } = fault;
      throw new BnemError(
        "bad-energy",
        `${name}: the gradient is wrong at coordinate ${coordinate}: evaluate wrote ${given}, central differences of the energy give ${differences}; it must be +dE/dx, not the force`,
      );
    }
    this.source = "analytic";
  }

  /** E at a row, its gradient written to out[from ...]. */
  gradientAt(data: ArrayLike<number>, from: number, out: Float32Array): number {
    const x = this.load(data, from);
    const { gradient } = this;
    gradient.fill(Number.NaN);
    const energy = this.call(x, gradient);
    if (this.source === undefined && Number.isFinite(energy)) {
      this.load(data, from);
      this.decide();
    }
    if (this.source === "differences" && Number.isFinite(energy)) {
      this.load(data, from);
      for (let d = 0; d < gradient.length; d++) gradient[d] = centralDifference(this.alone, x, d, STEP);
    }
    out.set(gradient, from);
    return energy;
  }
}

function checkPoint(options: CustomEnergyOptions): number[] {
  return options.check ? Array.from(options.check.x) : Array.from({ length: options.dim }, (_, d) => 0.1 * (d + 1));
}

/**
 * An energy from a JavaScript function of one configuration.
 *
 * `energy(x [n, dim])` -> [n], kT, one call of `evaluate` per row; `energyAndGradient` -> also [n, dim]. On the first row with a
 * finite energy the gradient is compared with central differences; if `evaluate` fills nothing in gradientOut, gradients are
 * central differences from then on (2 dim more calls a row) and `notice` says so. NaN energies pass through and are counted
 * downstream. Rows are f64 copies of f32 coordinates.
 *
 * @throws TypeError / RangeError for wrong options, TypeError when evaluate returns no number, BnemError("bad-energy") when it
 * throws (its error is the `cause`), leaves part of the gradient unfilled, or writes a wrong one (coordinate and values named)
 */
export function customEnergy(options: CustomEnergyOptions): CustomEnergy {
  const settings = checked(options);
  const { name, dim } = settings;
  const evaluator = new Evaluator(settings);
  const point = checkPoint(settings);
  let identity: { x: readonly number[]; energy: number } | undefined;
  const energy = (x: Batch): Float32Array => {
    checkBatch(`${name}.energy`, x, dim);
    const out = new Float32Array(x.n);
    for (let r = 0; r < x.n; r++) out[r] = evaluator.energyAt(x.data, r * dim);
    return out;
  };
  const energyAndGradient = (x: Batch) => {
    checkBatch(`${name}.energyAndGradient`, x, dim);
    const out = new Float32Array(x.n);
    const gradient = new Float32Array(x.n * dim);
    for (let r = 0; r < x.n; r++) out[r] = evaluator.gradientAt(x.data, r * dim, gradient);
    return { energy: out, gradient };
  };
  return {
    name,
    dim,
    convention: settings.convention ?? "a JavaScript function; its additive constant and units are its own, in kT",
    options: null,
    get check() {
      identity ??= { x: point, energy: evaluator.energyAt(point, 0) };
      return identity;
    },
    particles: settings.particles,
    energy,
    energyAndGradient,
    get gradientSource() {
      return evaluator.source;
    },
    get notice() {
      if (evaluator.source !== "differences") return "";
      return `${name}: evaluate leaves gradientOut unfilled, so gradients are central differences (${2 * dim} more energy calls a row)`;
    },
  };
}
