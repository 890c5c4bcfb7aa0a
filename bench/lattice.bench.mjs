/**
 * How much does the randomly shifted lattice lower the variance of exp(-E_K) against iid draws, per sigma, on GMM-40? The variance
 * over 400 keys at each of 16 points of the noised target, relative to the truth; ratios are geometric means over the points, known
 * to about 5 %. Antithetic draws stand beside it. Target: at least 5 at sigma 0.05 to 5 for K = 1024.
 */
import { derive, gaussianMixture, init, keyOf, perturb } from "bnem";

await init({ exact: true });
const KEYS = 400;
const ROWS = 16;
const SIGMAS = [0.05, 0.2, 0.5, 1.3, 5, 15, 50];
const target = gaussianMixture({ components: 40, seed: 0 });

/** Geometric mean over rows of Var exp(E_h - E_K). */
function logVariance(mode, mcSamples, sigma) {
  const variance = new Float32Array(ROWS).fill(sigma * sigma);
  const x = perturb(target.exact.sample(ROWS, 11), variance, keyOf(12), 0);
  const truth = target.noisedExact(x, variance).energy;
  const sums = new Float64Array(ROWS);
  const squares = new Float64Array(ROWS);
  for (let i = 0; i < KEYS; i++) {
    const { energy } = target.noised({ x, variance, mcSamples, mode, quantity: "energy", key: derive(keyOf(3), mode, i) });
    for (let r = 0; r < ROWS; r++) {
      const ratio = Math.exp(truth[r] - energy[r]) - 1;
      sums[r] += ratio;
      squares[r] += ratio * ratio;
    }
  }
  const logs = Array.from(sums, (sum, r) => Math.log((squares[r] - (sum * sum) / KEYS) / (KEYS - 1)));
  return logs.reduce((a, b) => a + b, 0) / ROWS;
}

const result = {
  keys: KEYS,
  points: ROWS,
  sigmas: SIGMAS,
  target: "at least 5 at sigma 0.05 to 5 for K = 1024",
  varianceRatio: {},
};
for (const mcSamples of [128, 1024]) {
  const iid = SIGMAS.map((sigma) => logVariance("iid", mcSamples, sigma));
  const row = { iidRelativeSd: iid.map((v) => Number(Math.exp(v / 2).toPrecision(3))) };
  for (const mode of ["antithetic", "lattice"]) {
    row[mode] = SIGMAS.map((sigma, i) => Number(Math.exp(iid[i] - logVariance(mode, mcSamples, sigma)).toPrecision(3)));
    console.error(`K ${mcSamples} ${mode}`.padEnd(20), row[mode].map((v) => String(v).padStart(9)).join(""));
  }
  result.varianceRatio[`K${mcSamples}`] = row;
}
console.log(JSON.stringify(result));
