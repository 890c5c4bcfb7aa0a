/**
 * The noised energy of one pair: with z normal of variance v per coordinate around a point at distance r from the origin,
 *
 *   u_v(r) = -log E exp(-u(|z|)) = -log of the integral of Omega_d s^(d-1) (2 pi v)^(-d/2) e^(-(s - r)^2 / 2v) mean(r s / v) e^(-u(s)) ds
 *
 * by the trapezoidal rule over the part that counts: on a fixed grid of 1 % steps where that has many points, on 128 of its own where it is
 * narrow. Both ends decay, so the rule converges faster than any power; derivatives are means under the same weights.
 */
import { exp, log } from "../core/elementary.js";
import { AngularMean } from "./angular-mean.js";
import type { PairCurve } from "./pair-scale.js";

const STRIDE = 0.01;
/** Grid from the unit / 1000 to 250 units. */
const NEAREST = 1e-3;
const FARTHEST = 250;
/** Weights e^-40 below the largest are left out. */
const DEPTH = 40;
/** A part of fewer grid points is integrated on points of its own. */
const ENOUGH = 96;
const OWN_POINTS = 128;

export interface NoisedPair {
  readonly energy: number;
  /** Derivatives by r and by v. */
  readonly slope: number;
  readonly variance: number;
}

/** e^x for x in [-41, 0]; relative error below 1e-13. */
function decay(x: number): number {
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const f = x - k * Math.LN2;
  let p = 1 / 39916800;
  for (let n = 10; n >= 0; n--) p = p * f + INVERSE_FACTORIALS[n];
  return p * POWERS[-k];
}

const INVERSE_FACTORIALS = new Float64Array(11);
const POWERS = new Float64Array(64);
for (let n = 0, value = 1; n < 11; n++, value /= n) INVERSE_FACTORIALS[n] = value;
for (let k = 0, value = 1; k < 64; k++, value /= 2) POWERS[k] = value;

export class PairNoise {
  private readonly angular: AngularMean;
  private readonly distances: Float64Array;
  private readonly energies: Float64Array;
  private readonly exponents: Float64Array;
  private readonly least: number;
  // Sums of weights, of weights times s - r, (s - r)^2 and s (1 - aligned).
  private total = 0;
  private shift = 0;
  private square = 0;
  private sideways = 0;

  constructor(
    private readonly curve: PairCurve,
    private readonly spatialDim: 2 | 3,
  ) {
    const count = Math.ceil(log(FARTHEST / NEAREST) / STRIDE);
    this.angular = new AngularMean(spatialDim);
    this.distances = Float64Array.from({ length: count }, (_, i) => curve.unit * NEAREST * exp(STRIDE * i));
    this.energies = this.distances.map((r) => curve.energy(r));
    this.exponents = new Float64Array(count);
    let least = Infinity;
    for (const energy of this.energies) least = Math.min(least, energy);
    this.least = least;
  }

  /** r > 0, v > 0. */
  at(r: number, v: number): NoisedPair {
    const { first, last, top } = this.partThatCounts(r, v);
    this.total = 0;
    this.shift = 0;
    this.square = 0;
    this.sideways = 0;
    const peak = last - first + 1 >= ENOUGH ? this.onGrid(r, v, first, last, top) : this.onOwnPoints(r, v, first, last);
    const { spatialDim: d, total } = this;
    const shift = this.shift / total;
    const square = this.square / total;
    const sideways = this.sideways / total;
    const surface = d === 2 ? 2 * Math.PI : 4 * Math.PI;
    return {
      energy: 0.5 * d * log(2 * Math.PI * v) - log(surface * total) - peak,
      slope: (sideways - shift) / v,
      variance: d / (2 * v) - (square + 2 * r * sideways) / (2 * v * v),
    };
  }

  private place(r: number): number {
    return log(Math.max(r, this.distances[0]) / this.distances[0]) / STRIDE;
  }

  /** Grid points within DEPTH of the largest exponent. */
  private partThatCounts(r: number, v: number): { first: number; last: number; top: number } {
    const { distances, energies, exponents } = this;
    const end = distances.length - 1;
    // At s = r the exponent is -u(r), so beyond this reach none is within DEPTH + 5 of the largest.
    const reach = Math.sqrt(2 * v * (this.curve.energy(r) - this.least + DEPTH + 5));
    const from = Math.max(0, Math.floor(this.place(r - reach)) - 1);
    const to = Math.min(end, Math.ceil(this.place(r + reach)) + 1);
    const rate = 0.5 / v;
    let top = -Infinity;
    for (let i = from; i <= to; i++) {
      const away = distances[i] - r;
      const exponent = -away * away * rate - energies[i];
      exponents[i] = exponent;
      if (exponent > top) top = exponent;
    }
    let first = from;
    let last = to;
    while (first < last && exponents[first] < top - DEPTH) first++;
    while (last > first && exponents[last] < top - DEPTH) last--;
    return { first: Math.max(from, first - 1), last: Math.min(to, last + 1), top };
  }

  private add(s: number, r: number, v: number, weight: number): void {
    const { angular } = this;
    angular.at((r * s) / v);
    const w = (this.spatialDim === 2 ? s : s * s) * angular.mean * weight;
    const away = s - r;
    this.total += w;
    this.shift += w * away;
    this.square += w * away * away;
    this.sideways += w * s * angular.sideways;
  }

  private onGrid(r: number, v: number, first: number, last: number, top: number): number {
    const { distances, exponents } = this;
    for (let i = first; i <= last; i++) {
      const below = exponents[i] - top;
      if (below > -DEPTH) this.add(distances[i], r, v, decay(below) * distances[i] * STRIDE);
    }
    return top;
  }

  private onOwnPoints(r: number, v: number, first: number, last: number): number {
    const { curve, distances } = this;
    const low = distances[Math.max(0, first - 1)];
    const step = (distances[Math.min(distances.length - 1, last + 1)] - low) / (OWN_POINTS - 1);
    const exponents = new Float64Array(OWN_POINTS);
    let top = -Infinity;
    for (let i = 0; i < OWN_POINTS; i++) {
      const s = low + i * step;
      exponents[i] = (-(s - r) * (s - r)) / (2 * v) - curve.energy(s);
      top = Math.max(top, exponents[i]);
    }
    for (let i = 0; i < OWN_POINTS; i++) {
      const below = exponents[i] - top;
      if (below > -DEPTH) this.add(low + i * step, r, v, decay(below) * step);
    }
    return top;
  }
}
