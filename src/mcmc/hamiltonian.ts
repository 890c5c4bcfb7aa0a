/**
 * Hamiltonian moves of many rows for any energy: in the kernels where it has them, else here, through `energyAndGradient`. The same law
 * and the same random numbers; decisions can differ where rounding does.
 */
import { hasMethods } from "../core/check.js";
import { exp } from "../core/elementary.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, Energy, HamiltonianResult } from "../core/types.js";
import { type ChainRequest, callsOf, checkHamiltonian } from "../kernels/hamiltonian.js";
import { normalRows, uniforms } from "../kernels/normal.js";

interface Evaluation {
  energy: Float32Array;
  gradient: Float32Array;
}

/** Chains on their way, and their sums over the moves. */
class Chains {
  readonly n: number;
  readonly dim: number;
  x: Float32Array;
  energy: Float32Array;
  gradient: Float32Array;
  readonly acceptance: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;
  nonFinite = 0;

  constructor(
    private readonly target: Energy,
    private readonly request: ChainRequest,
  ) {
    const { n, dim } = request.x;
    this.n = n;
    this.dim = dim;
    this.x = request.x.data.slice();
    const start = request.known ?? this.evaluate(this.x, request.leapfrogs > 0);
    this.energy = start.energy.slice();
    this.gradient = request.leapfrogs > 0 ? start.gradient.slice() : new Float32Array(0);
    this.acceptance = new Float64Array(n);
    this.mean = new Float64Array(request.center ? n * dim : 0);
    this.square = new Float64Array(request.center ? n : 0);
  }

  /** Rows that left the numbers are not asked about: their energy is NaN, and they are refused. */
  private evaluate(data: Float32Array, withGradient: boolean): Evaluation {
    const { n, dim } = this;
    const lost = Array.from({ length: n }, (_, row) => row).filter(
      (row) => !data.subarray(row * dim, (row + 1) * dim).every(Number.isFinite),
    );
    for (const row of lost) data.set(this.x.subarray(row * dim, (row + 1) * dim), row * dim);
    const x: Batch = { data, n, dim };
    const result = withGradient
      ? this.target.energyAndGradient(x)
      : { energy: this.target.energy(x), gradient: new Float32Array(0) };
    for (const row of lost) result.energy[row] = Number.NaN;
    return result;
  }

  /** |y - center|^2 of a row. */
  private distance(y: Float32Array, row: number): number {
    const { center } = this.request;
    if (!center) return 0;
    let sum = 0;
    for (let i = row * this.dim; i < (row + 1) * this.dim; i++) {
      const delta = Math.fround(y[i] - center.data[i]);
      sum += delta * delta;
    }
    return sum;
  }

  /** p -= scale stepSize grad U. */
  private kick(y: Float32Array, gradient: Float32Array, p: Float32Array, scale: number): void {
    const { stepSize, beta, center, tether } = this.request;
    for (let row = 0; row < this.n; row++) {
      const size = scale * stepSize[row];
      const slope = size * (beta ? beta[row] : 1);
      const pull = tether ? size / tether[row] : 0;
      for (let i = row * this.dim; i < (row + 1) * this.dim; i++) {
        p[i] -= slope * gradient[i] + (center ? pull * (y[i] - center.data[i]) : 0);
      }
    }
  }

  private drift(y: Float32Array, p: Float32Array): void {
    const { stepSize } = this.request;
    for (let i = 0; i < y.length; i++) y[i] += stepSize[Math.floor(i / this.dim)] * p[i];
  }

  /** Twice the kinetic energy of a row. */
  private kinetic(p: Float32Array, row: number): number {
    let sum = 0;
    for (let i = row * this.dim; i < (row + 1) * this.dim; i++) sum += p[i] * p[i];
    return sum;
  }

  /** Follows the trajectories from x with momenta p; y, p and what is known at the end. */
  private travel(p: Float32Array, leapfrogs: number): Evaluation & { y: Float32Array } {
    const { particles } = this.target;
    const y = this.x.slice();
    let end: Evaluation = { energy: this.energy, gradient: this.gradient };
    for (let l = 0; l < Math.max(1, leapfrogs); l++) {
      if (leapfrogs > 0) this.kick(y, end.gradient, p, l === 0 ? 0.5 : 1);
      this.drift(y, p);
      if (particles && l >= leapfrogs - 1) removeMean(y, this.n, particles);
      end = this.evaluate(y, leapfrogs > 0);
    }
    if (leapfrogs > 0) this.kick(y, end.gradient, p, 0.5);
    return { y, ...end };
  }

  /** Move m of the request. */
  move(m: number): void {
    const { key, step = 0, firstRow = 0, beta, tether, leapfrogs, leapfrogsOdd = leapfrogs } = this.request;
    const at = step + m;
    const count = at % 2 ? leapfrogsOdd : leapfrogs;
    const p = normalRows(key, at, firstRow, this.n, this.dim).data;
    if (this.target.particles) removeMean(p, this.n, this.target.particles);
    const before = Float64Array.from({ length: this.n }, (_, row) => this.kinetic(p, row));
    const end = this.travel(p, count);
    for (let row = 0; row < this.n; row++) {
      const kinetic = count > 0 ? this.kinetic(p, row) - before[row] : 0;
      const pull = tether ? (this.distance(end.y, row) - this.distance(this.x, row)) / tether[row] : 0;
      const change = (beta ? beta[row] : 1) * (end.energy[row] - this.energy[row]) + 0.5 * (kinetic + pull);
      const good = Number.isFinite(end.energy[row]) && !Number.isNaN(change);
      if (!good) this.nonFinite++;
      const ratio = good ? exp(Math.min(0, -change)) : 0;
      this.acceptance[row] += ratio;
      if (uniforms(key, at, firstRow + row, 1)[0] < ratio) this.keep(row, end);
      if (this.request.center) this.gather(row);
    }
  }

  private keep(row: number, end: Evaluation & { y: Float32Array }): void {
    const [from, to] = [row * this.dim, (row + 1) * this.dim];
    this.x.set(end.y.subarray(from, to), from);
    this.energy[row] = end.energy[row];
    if (this.gradient.length > 0) this.gradient.set(end.gradient.subarray(from, to), from);
  }

  private gather(row: number): void {
    for (let i = row * this.dim; i < (row + 1) * this.dim; i++) this.mean[i] += this.x[i];
    this.square[row] += this.distance(this.x, row);
  }

  result(): HamiltonianResult {
    const { moves, center, known } = this.request;
    if (this.gradient.length === 0 && !known) this.gradient = this.evaluate(this.x, true).gradient;
    const average = (sums: Float64Array) => Float32Array.from(sums, (sum) => sum / moves);
    return {
      x: { data: this.x, n: this.n, dim: this.dim },
      energy: this.energy,
      gradient: this.gradient,
      acceptance: average(this.acceptance),
      ...(center && { mean: average(this.mean), square: average(this.square) }),
      nonFinite: this.nonFinite,
      energyCalls: callsOf(this.request),
    };
  }
}

/** The path for energies known only as functions. @throws as `kernelHamiltonian` */
export function hamiltonianGeneric(energy: Energy, request: ChainRequest): HamiltonianResult {
  checkHamiltonian("hamiltonian", request, energy.dim, energy.particles);
  const chains = new Chains(energy, request);
  for (let m = 0; m < request.moves; m++) chains.move(m);
  return chains.result();
}

/**
 * Moves of each row on beta E(y) + |y - center|^2 / (2 tether); see `HamiltonianRequest`. In the kernels where the energy has them.
 * @throws TypeError / RangeError naming the argument
 */
export function hamiltonian(energy: Energy, request: ChainRequest): HamiltonianResult {
  if (!hasMethods(energy, ["energy", "energyAndGradient"])) {
    throw new TypeError("hamiltonian: energy must be an Energy, such as gaussianMixture()");
  }
  return energy.hamiltonian ? energy.hamiltonian(request) : hamiltonianGeneric(energy, request);
}
