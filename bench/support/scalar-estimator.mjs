/**
 * The noised-energy estimator of a Gaussian mixture in the plane as a careful programmer writes it in JavaScript: f64, one draw at
 * a time, no allocation. `skip`: the same two passes as the kernel, leaving out components 30 above the least; otherwise one exp
 * per component.
 */
import { ScalarNormals } from "./scalar-normals.mjs";

/** out[r] = E_K of row r. means [count, 2]; std shared; weights equal. */
export function scalarEstimator(means, count, std, x, n, sigma, K, skip, out) {
  const half = 0.5 / (std * std);
  const constant = Math.log(count) + Math.log(2 * Math.PI * std * std);
  const q = new Float64Array(count);
  const normals = new ScalarNormals();
  for (let r = 0; r < n; r++) out[r] = row(means, count, half, constant, x[2 * r], x[2 * r + 1], sigma, K, skip, q, r, normals);
}

function row(means, count, half, constant, px, py, sigma, K, skip, q, r, normals) {
  normals.begin(r);
  let low = Infinity;
  let total = 0;
  for (let k = 0; k < K; k++) {
    normals.draw(sigma);
    const yx = px + normals.cosine;
    const yy = py + normals.sine;
    let least = Infinity;
    for (let j = 0; j < count; j++) {
      const dx = yx - means[2 * j];
      const dy = yy - means[2 * j + 1];
      const value = half * (dx * dx + dy * dy);
      q[j] = value;
      if (value < least) least = value;
    }
    let shares = 0;
    if (skip) {
      const cut = least + 30;
      for (let j = 0; j < count; j++) if (q[j] <= cut) shares += Math.exp(least - q[j]);
    } else {
      for (let j = 0; j < count; j++) shares += Math.exp(least - q[j]);
    }
    const energy = constant + least - Math.log(shares);
    if (energy < low) {
      total = total * Math.exp(energy - low) + 1;
      low = energy;
    } else total += Math.exp(low - energy);
  }
  return low - Math.log(total / K);
}
