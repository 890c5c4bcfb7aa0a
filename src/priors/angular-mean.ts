/**
 * Means over the direction of a unit vector in the plane or in space, theta its angle with an axis:
 *
 *   mean(x) = E exp(x (cos theta - 1)),   aligned(x) = E[cos theta exp(x cos theta)] / E exp(x cos theta),   x >= 0
 *
 * in the plane e^-x I_0(x) and I_1 / I_0, in space (1 - e^-2x) / (2x) and coth x - 1 / x. What is tabulated is 1 - aligned, which stays
 * accurate where the vector hardly leaves the axis. Absolute error below 1e-8, relative below 1e-8.
 */
import { exp, expm1 } from "../core/elementary.js";

/** Beyond, the asymptotic series; the table's step is a power of two. */
const LAST = 32;
const PER_UNIT = 16;
const TERMS = 10;

interface Direct {
  readonly mean: number;
  readonly aligned: number;
}

function plane(x: number): Direct {
  const q = (x * x) / 4;
  let term = 1;
  let zero = 1;
  let one = 1;
  for (let k = 1; term > 1e-17 * zero; k++) {
    term *= q / (k * k);
    zero += term;
    one += term / (k + 1);
  }
  return { mean: exp(-x) * zero, aligned: (0.5 * x * one) / zero };
}

function space(x: number): Direct {
  if (x < 0.02) return { mean: 1 - x + x * x * (2 / 3 - x / 3), aligned: x * (1 / 3 - (x * x) / 45) };
  const twice = -expm1(-2 * x);
  return { mean: twice / (2 * x), aligned: (2 - twice) / twice - 1 / x };
}

export class AngularMean {
  private readonly nodes: Float64Array;
  /** Of the last call of `at`. */
  mean = 0;
  /** 1 - aligned, of the last call of `at`. */
  sideways = 0;

  constructor(private readonly spatialDim: 2 | 3) {
    const direct = spatialDim === 2 ? plane : space;
    this.nodes = new Float64Array(4 * (LAST * PER_UNIT + 1));
    for (let i = 0; i <= LAST * PER_UNIT; i++) {
      const x = i / PER_UNIT;
      const { mean, aligned } = direct(x);
      const bend = x === 0 ? 1 / spatialDim : 1 - ((spatialDim - 1) * aligned) / x - aligned * aligned;
      this.nodes.set([mean, mean * (aligned - 1), 1 - aligned, -bend], 4 * i);
    }
  }

  /** Sets `mean` and `sideways`; x >= 0. */
  at(x: number): void {
    if (x < LAST) this.fromTable(x);
    else if (this.spatialDim === 3) {
      this.mean = 0.5 / x;
      this.sideways = 1 / x;
    } else this.fromSeries(x);
  }

  private fromTable(x: number): void {
    const { nodes } = this;
    const place = x * PER_UNIT;
    const i = Math.floor(place);
    const t = place - i;
    const at = 4 * i;
    const a = t * t * (3 - 2 * t);
    const b = (t * (1 - t) * (1 - t)) / PER_UNIT;
    const c = (t * t * (t - 1)) / PER_UNIT;
    this.mean = (1 - a) * nodes[at] + a * nodes[at + 4] + b * nodes[at + 1] + c * nodes[at + 5];
    this.sideways = (1 - a) * nodes[at + 2] + a * nodes[at + 6] + b * nodes[at + 3] + c * nodes[at + 7];
  }

  /** Hankel's series of I_0 and I_1: term k of order nu multiplies by ((2k - 1)^2 - 4 nu^2) / (8 k x). */
  private fromSeries(x: number): void {
    let zero = 1;
    let one = 1;
    let zeroTerm = 1;
    let oneTerm = 1;
    for (let k = 1; k < TERMS; k++) {
      const square = (2 * k - 1) * (2 * k - 1);
      zeroTerm *= square / (8 * k * x);
      oneTerm *= (square - 4) / (8 * k * x);
      zero += zeroTerm;
      one += oneTerm;
    }
    this.mean = zero / Math.sqrt(2 * Math.PI * x);
    this.sideways = (zero - one) / zero;
  }
}
