/** Noised energies known without sampling: Gaussian mixtures in closed form, ManyWell by quadrature over its independent wells. */

/** { energy [n], error } of rows x at variance h. */
export function mixtureReference(target) {
  return (x, h) => ({ energy: Array.from(target.noisedExact(x, new Float32Array(x.n).fill(h)).energy), error: 1e-5 });
}

const LOW = -3.5;
const STEP = 1 / 128;
const NODES = 7 * 128;
/** exp(-E) of the first coordinate of a pair on a grid beyond which nothing is left (1e-25 of the whole). */
const weights = Float64Array.from({ length: NODES }, (_, i) => {
  const x = LOW + (i + 0.5) * STEP;
  return Math.exp(0.5 * x + 6 * x * x - x ** 4) * STEP;
});

/** -log of exp(-E) of one well convolved with N(0, h), by the midpoint rule: 1e-14 relative for sigma >= .01. */
function noisedWell(x, h) {
  const best = Math.max(-3.4, Math.min(3.4, x));
  const reach = 9 * Math.sqrt(h) + 0.02;
  let sum = 0;
  const shift = (best - x) ** 2 / (2 * h);
  for (let i = Math.max(0, Math.floor((x - reach - LOW) / STEP)); i < NODES; i++) {
    const y = LOW + (i + 0.5) * STEP;
    if (y > x + reach) break;
    sum += weights[i] * Math.exp(shift - (y - x) ** 2 / (2 * h));
  }
  return shift - Math.log(sum / Math.sqrt(2 * Math.PI * h));
}

/** Noised energy of one row of ManyWell: double wells in even coordinates, unit Gaussians in odd ones. */
export function noisedManyWell(row, h) {
  let energy = 0;
  for (let j = 0; j < row.length; j += 2) {
    energy += noisedWell(row[j], h) + row[j + 1] ** 2 / (2 * (1 + h)) + Math.log(1 + h) / 2;
  }
  return energy;
}

export function manyWellReference(x, h) {
  const energy = Array.from({ length: x.n }, (_, i) => noisedManyWell(x.data.subarray(i * x.dim, (i + 1) * x.dim), h));
  return { energy, error: 1e-6 };
}
