/**
 * Lennard-Jones clusters as a careful programmer writes them in JavaScript: f64, no root and one division a pair, no allocation; and the noised-energy
 * estimator on them, one draw at a time, normals by Box and Muller on xoshiro128++.
 */
import { ScalarNormals } from "./scalar-normals.mjs";

/** E of the configuration y [count, 3]: pairs counted twice, a trap of stiffness 1; with `gradient` that too. */
export function pairEnergy(y, count, gradient) {
  let sum = 0;
  if (gradient) gradient.fill(0);
  for (let i = 0; i < 3 * count; i += 3) {
    const [ax, ay, az] = [y[i], y[i + 1], y[i + 2]];
    for (let j = i + 3; j < 3 * count; j += 3) {
      const dx = ax - y[j];
      const dy = ay - y[j + 1];
      const dz = az - y[j + 2];
      const q = 1 / (dx * dx + dy * dy + dz * dz);
      const s = q * q * q;
      sum += s * (s - 2);
      if (!gradient) continue;
      const pull = -24 * s * (s - 1) * q;
      gradient[i] += pull * dx;
      gradient[i + 1] += pull * dy;
      gradient[i + 2] += pull * dz;
      gradient[j] -= pull * dx;
      gradient[j + 1] -= pull * dy;
      gradient[j + 2] -= pull * dz;
    }
  }
  return 2 * sum + trap(y, count, gradient);
}

function trap(y, count, gradient) {
  let squares = 0;
  for (let axis = 0; axis < 3; axis++) {
    let center = 0;
    for (let i = axis; i < 3 * count; i += 3) center += y[i];
    center /= count;
    for (let i = axis; i < 3 * count; i += 3) {
      const delta = y[i] - center;
      squares += delta * delta;
      if (gradient) gradient[i] += delta;
    }
  }
  return squares / 2;
}

/** out[r] = E_K of row r of x [n, 3 count]. */
export function pairEstimator(x, n, count, sigma, K, out) {
  const y = new Float64Array(3 * count + 1);
  const normals = new ScalarNormals();
  for (let r = 0; r < n; r++) out[r] = row(x, r, count, sigma, K, y, normals);
}

function row(x, r, count, sigma, K, y, normals) {
  const dim = 3 * count;
  normals.begin(r);
  let low = Infinity;
  let total = 0;
  for (let k = 0; k < K; k++) {
    for (let d = 0; d < dim; d += 2) {
      normals.draw(sigma);
      y[d] = x[r * dim + d] + normals.cosine;
      y[d + 1] = x[r * dim + d + 1] + normals.sine;
    }
    const energy = pairEnergy(y, count, null);
    if (energy < low) {
      total = total * Math.exp(energy - low) + 1;
      low = energy;
    } else total += Math.exp(low - energy);
  }
  return low - Math.log(total / K);
}
