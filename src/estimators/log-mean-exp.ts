/** Softmax weights and log-mean-exp of one row of energies, in f64 with portable exp and log. */
import { exp, log } from "../core/elementary.js";

export interface RowEstimate {
  /** -log mean exp(-e), kT; +inf when no draw has a finite energy. */
  readonly energy: number;
  /** NaN and -inf energies; they count as probability zero. */
  readonly nonFinite: number;
}

/** weights <- softmax(-energies); returns the row's estimate. When nothing is finite the weights are 0. */
export function softmaxWeights(energies: Float32Array | Float64Array, weights: Float64Array): RowEstimate {
  let least = Infinity;
  let nonFinite = 0;
  for (const e of energies) {
    if (!(e > -Infinity)) nonFinite++;
    else if (e < least) least = e;
  }
  if (least === Infinity) {
    weights.fill(0);
    return { energy: Infinity, nonFinite };
  }
  let sum = 0;
  for (let k = 0; k < energies.length; k++) {
    const e = energies[k];
    weights[k] = e > -Infinity ? exp(least - e) : 0;
    sum += weights[k];
  }
  for (let k = 0; k < weights.length; k++) weights[k] /= sum;
  return { energy: least - log(sum / energies.length), nonFinite };
}
