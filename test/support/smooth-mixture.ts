/** A two-dimensional Gaussian mixture in f64: smooth under differences of any step, which the f32 kernels are not. */
import type { Energy } from "../../src/core/types.js";

/** E = -log density, normalized. */
export function smoothMixture(energy: Energy): (x: readonly [number, number]) => number {
  const { means, std, weights } = energy.modes as NonNullable<Energy["modes"]>;
  return ([a, b]) => {
    let sum = 0;
    for (let k = 0; k < means.n; k++) {
      const v = std[k] * std[k];
      const square = (a - means.data[2 * k]) ** 2 + (b - means.data[2 * k + 1]) ** 2;
      sum += (weights[k] / (2 * Math.PI * v)) * Math.exp(-square / (2 * v));
    }
    return -Math.log(sum);
  };
}
