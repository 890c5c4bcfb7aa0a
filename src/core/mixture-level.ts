/** A mixture of normals at one noise level in closed form: density, score and Hessian of one row at a time, f64, nothing allocated per row. */
import { exp, log } from "./elementary.js";
import { fromAxes, type NormalMixture, toAxes } from "./normal-mixture.js";

const LOG_2PI = 1.8378770664093453;
/** A component this far below the likeliest has 2e-22 of its density and is left out. */
const NEGLIGIBLE = -50;

/** True where all components have the variances of the first. */
function sharesVariances({ count, dim, variances }: NormalMixture): boolean {
  for (let i = dim; i < count * dim; i++) if (variances[i] !== variances[i % dim]) return false;
  return true;
}

/**
 * The law of a x_0 + g z, x_0 from the mixture: components N(a mu_j, diag V_j) along the axes, V_j = a^2 c_j + g^2, because the rotation commutes
 * with the noise. With r_j = softmax_j [log w_j - sum (y - a mu_j)^2 / (2 V_j) - sum log V_j / 2] and u_j = (a mu_j - y) / V_j:
 *
 *   s = sum r_j u_j,   H = sum r_j [(u_j - s)(u_j - s)^T - diag(1 / V_j)]
 *
 * `load` a row, then ask. A row with NaN has NaN everywhere.
 */
export class MixtureLevel {
  /** The row along the axes, [dim]. */
  readonly y: Float64Array;
  /** r_j of the row, [count]. */
  readonly shares: Float64Array;
  /** a mu_j along the axes and 1 / V_j, [count, dim]. */
  readonly means: Float64Array;
  readonly precisions: Float64Array;
  private readonly axesMeans: Float64Array;
  private readonly offsets: Float64Array;
  private readonly slope: Float64Array;
  private readonly along: Float64Array;
  private readonly turned: Float64Array;
  /** R diag(1 / V_j) R^T of the components it was asked for at this level; one for all where they share their variances. */
  private readonly inverses: (Float64Array | undefined)[] = [];
  private readonly shared: boolean;
  private scale = Number.NaN;
  private variance = Number.NaN;

  constructor(readonly mixture: NormalMixture) {
    const { count, dim, means } = mixture;
    this.shared = sharesVariances(mixture);
    this.axesMeans = new Float64Array(count * dim);
    for (let j = 0; j < count; j++) toAxes(mixture, means, j * dim, this.axesMeans.subarray(j * dim, (j + 1) * dim));
    this.means = new Float64Array(count * dim);
    this.precisions = new Float64Array(count * dim);
    [this.shares, this.offsets] = [new Float64Array(count), new Float64Array(count)];
    [this.y, this.slope, this.along, this.turned] = Array.from({ length: 4 }, () => new Float64Array(dim));
  }

  /** Goes to a level: count * dim divisions where it is another one than before. */
  set(scale: number, variance: number): this {
    if (scale === this.scale && variance === this.variance) return this;
    const { count, dim, weights, variances } = this.mixture;
    let logs = 0;
    for (let j = 0; j < count; j++) {
      if (j === 0 || !this.shared) logs = 0;
      for (let i = j * dim; i < (j + 1) * dim; i++) {
        const v = scale * scale * variances[i] + variance;
        if (j === 0 || !this.shared) logs += log(v);
        this.precisions[i] = 1 / v;
        this.means[i] = scale * this.axesMeans[i];
      }
      this.offsets[j] = log(weights[j]) - 0.5 * (dim * LOG_2PI + logs);
    }
    this.inverses.length = 0;
    this.scale = scale;
    this.variance = variance;
    return this;
  }

  /** Takes the row at `from` in x. @returns its log density at this level */
  load(x: ArrayLike<number>, from: number): number {
    toAxes(this.mixture, x, from, this.y);
    return this.weigh();
  }

  /** Log density of the row in `y`, and its shares. */
  weigh(): number {
    const { count, dim } = this.mixture;
    const { y, shares, means, precisions, offsets } = this;
    let top = -Infinity;
    for (let j = 0, at = 0; j < count; j++) {
      let square = 0;
      for (let d = 0; d < dim; d++, at++) {
        const off = y[d] - means[at];
        square += off * off * precisions[at];
      }
      shares[j] = offsets[j] - 0.5 * square;
      if (shares[j] > top) top = shares[j];
    }
    let sum = 0;
    for (let j = 0; j < count; j++) {
      const below = shares[j] - top;
      shares[j] = below < NEGLIGIBLE ? 0 : exp(below);
      sum += shares[j];
    }
    for (let j = 0; j < count; j++) shares[j] /= sum;
    return top + log(sum);
  }

  /** s of the row, [dim], to out[at ...]. */
  score(out: Float32Array | Float64Array, at: number): void {
    this.setSlope();
    fromAxes(this.mixture, this.slope, out, at);
  }

  /** H times the direction at `from`, [dim], to out[at ...]. */
  product(direction: ArrayLike<number>, from: number, out: Float32Array | Float64Array, at: number): void {
    const { count, dim } = this.mixture;
    const { along, turned, slope, shares, precisions, y, means } = this;
    this.setSlope();
    toAxes(this.mixture, direction, from, along);
    turned.fill(0);
    for (let j = 0; j < count; j++) {
      if (shares[j] === 0) continue;
      let inner = 0;
      for (let d = 0, i = j * dim; d < dim; d++, i++) inner += ((means[i] - y[d]) * precisions[i] - slope[d]) * along[d];
      for (let d = 0, i = j * dim; d < dim; d++, i++) {
        turned[d] += shares[j] * (((means[i] - y[d]) * precisions[i] - slope[d]) * inner - precisions[i] * along[d]);
      }
    }
    fromAxes(this.mixture, turned, out, at);
  }

  /** H of the row, [dim, dim], to out[at ...]. With a rotation the first row of a level costs dim^3 more. */
  hessian(out: Float64Array, at: number): void {
    const { count, dim } = this.mixture;
    const { along, turned, slope, shares, precisions, y, means } = this;
    this.setSlope();
    out.fill(0, at, at + dim * dim);
    for (let j = 0; j < count; j++) {
      const share = shares[j];
      if (share === 0) continue;
      this.subtractInverse(j, share, out, at);
      // A row of one component: u_j = s.
      if (share === 1) continue;
      for (let d = 0, i = j * dim; d < dim; d++, i++) along[d] = (means[i] - y[d]) * precisions[i] - slope[d];
      fromAxes(this.mixture, along, turned, 0);
      for (let a = 0; a < dim; a++) {
        const factor = share * turned[a];
        for (let b = a, cell = at + a * dim + a; b < dim; b++, cell++) out[cell] += factor * turned[b];
      }
    }
    for (let a = 1; a < dim; a++) for (let b = 0; b < a; b++) out[at + a * dim + b] = out[at + b * dim + a];
  }

  /** s along the axes. */
  private setSlope(): void {
    const { count, dim } = this.mixture;
    const { slope, shares, precisions, y, means } = this;
    slope.fill(0);
    for (let j = 0; j < count; j++) {
      const share = shares[j];
      if (share === 0) continue;
      for (let d = 0, i = j * dim; d < dim; d++, i++) slope[d] += share * (means[i] - y[d]) * precisions[i];
    }
  }

  /** Upper triangle of -share R diag(1 / V_j) R^T. */
  private subtractInverse(j: number, share: number, out: Float64Array, at: number): void {
    const { dim, rotation } = this.mixture;
    if (!rotation) {
      for (let d = 0; d < dim; d++) out[at + d * dim + d] -= share * this.precisions[j * dim + d];
      return;
    }
    const k = this.shared ? 0 : j;
    this.inverses[k] ??= this.inverseOf(k, rotation);
    const inverse = this.inverses[k];
    for (let a = 0; a < dim; a++) {
      for (let cell = a * dim + a; cell < (a + 1) * dim; cell++) out[at + cell] -= share * inverse[cell];
    }
  }

  private inverseOf(j: number, rotation: Float64Array): Float64Array {
    const { dim } = this.mixture;
    const inverse = new Float64Array(dim * dim);
    for (let a = 0; a < dim; a++) {
      for (let b = a; b < dim; b++) {
        let sum = 0;
        for (let k = 0; k < dim; k++) sum += rotation[a * dim + k] * this.precisions[j * dim + k] * rotation[b * dim + k];
        inverse[a * dim + b] = sum;
      }
    }
    return inverse;
  }
}
