/** Particles in a harmonic trap around their own center of mass, the one particle energy with exact draws in closed form. */

import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy, Particles } from "../../src/core/types.js";
import { referenceNormals } from "../reference/normals.js";

/** Rows moved to center of mass 0. */
export function centered(x: Batch, { count, spatialDim }: Particles): Batch {
  const data = x.data.slice();
  for (let from = 0; from < data.length; from += x.dim) {
    for (let d = 0; d < spatialDim; d++) {
      let middle = 0;
      for (let i = 0; i < count; i++) middle += data[from + i * spatialDim + d] / count;
      for (let i = 0; i < count; i++) data[from + i * spatialDim + d] -= middle;
    }
  }
  return { ...x, data };
}

/**
 * E = stiffness / 2 sum_i |x_i - center|^2. Draws: centered normals of variance 1 / stiffness. E is chi-square / 2 with (count - 1) spatialDim
 * degrees of freedom: mean energy and heat capacity are both half of them.
 */
export function trappedParticles(particles: Particles, stiffness = 1): Energy {
  const { count, spatialDim } = particles;
  const dim = count * spatialDim;
  const energyAndGradient = (x: Batch) => {
    const { data } = centered(x, particles);
    const energy = new Float32Array(x.n);
    for (let k = 0; k < data.length; k++) energy[Math.floor(k / dim)] += (stiffness / 2) * data[k] ** 2;
    return { energy, gradient: data.map((v) => stiffness * v) };
  };
  const free = dim - spatialDim;
  return {
    name: "trapped-particles",
    dim,
    convention: "no constant added",
    options: null,
    check: { x: new Array<number>(dim).fill(0), energy: 0 },
    particles,
    energy: (x) => energyAndGradient(x).energy,
    energyAndGradient,
    exact: {
      logZ: (free / 2) * Math.log((2 * Math.PI) / stiffness),
      sample: (n, seed) => {
        const x = referenceNormals(keyOf(seed), 0, 0, n, dim);
        return centered({ ...x, data: x.data.map((v) => v / Math.sqrt(stiffness)) }, particles);
      },
    },
  };
}
