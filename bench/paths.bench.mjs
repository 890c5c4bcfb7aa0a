/**
 * Why the presets sample as they do, on GMM-40, one seed of training each:
 *
 * - log weights of true paths: exact draws noised up the grid, weighed as `sample` weighs its own paths. Where many of them have a log weight
 *   far above 0 the sampler hardly ever makes such a path, and log Z is too low by what is missing, whatever its stated error.
 * - raw output with and without a Langevin move at each level: energy W2 over six seeds.
 * - share of rows that BNEM bootstraps under the paper's rejection rule and under the preset's.
 *
 *   npm run bench -- paths            (about 5 minutes)
 */
import {
  createTrainer,
  derive,
  edmGrid,
  evaluate,
  gaussianMixture,
  geometricSchedule,
  init,
  keyOf,
  normalRows,
  presets,
} from "bnem";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();
await init();
const target = gaussianMixture({ components: 40, seed: 0 });
const n = 2000;
const seeds = [1, 2, 3, 4, 5, 6];

async function trained(options) {
  const trainer = await createTrainer(target, { seed: 1, ...options });
  let bootstrapped = 0;
  for await (const { notes, steps } of trainer.steps()) bootstrapped += (notes.bootstrappedFraction ?? 0) / steps;
  const sampler = await trainer.sampler();
  const { options: settings } = trainer;
  trainer.dispose();
  return { sampler, settings, bootstrapped };
}

/** Sum of squares of row i of a [n, 2] array. */
const square = (f, i) => f(2 * i) ** 2 + f(2 * i + 1) ** 2;

/** log w of exact draws noised upwards: -E(x_0) - log rho(x_N) + sum_k [log F(x_k | x_{k-1}) - log B(x_{k-1} | x_k)]. */
async function forwardLogWeights(sampler, { sigmaMin, sigmaMax, scale, baseStd, dataStd }) {
  const schedule = geometricSchedule({ sigmaMin, sigmaMax });
  const grid = edmGrid({ steps: 64, sigmaMin, sigmaMax: schedule.sigma(1) });
  const prior = schedule.variance(1) + (baseStd * scale) ** 2;
  const inside = dataStd ** 2;
  let x = target.exact.sample(n, 5);
  const logWeights = Float64Array.from(target.energy(x), (energy) => -energy);
  for (let k = 1; k < grid.length; k++) {
    const gap = grid[k] - grid[k - 1];
    const noise = normalRows(derive(keyOf(6), "up"), k, 0, n, 2).data;
    const y = { data: x.data.map((value, at) => value + Math.sqrt(gap) * noise[at]), n, dim: 2 };
    const score = await sampler.scoreModel.score(y, new Float32Array(n).fill(grid[k]));
    const variance = (gap * (inside + grid[k - 1])) / (inside + grid[k]);
    for (let i = 0; i < n; i++) {
      const up = square((at) => y.data[at] - x.data[at], i) / (2 * gap) + Math.log(gap);
      const down = square((at) => x.data[at] - y.data[at] - gap * score[at], i) / (2 * variance) + Math.log(variance);
      logWeights[i] += down - up;
    }
    x = y;
  }
  return logWeights.map((w, i) => w + square((at) => x.data[at], i) / (2 * prior) + Math.log(2 * Math.PI * prior));
}

async function truePaths({ sampler, settings }) {
  const sorted = (await forwardLogWeights(sampler, settings)).sort();
  const { logZ, ess } = await sampler.sample(n, { correction: "path", dataStd: presets.gmm40.bnem.dataStd, seed: 4 });
  return {
    median: sorted[n >> 1],
    percentile99: sorted[Math.floor(0.99 * n)],
    shareAbove5: sorted.filter((value) => value > 5).length / n,
    reverseLogZ: logZ.value,
    reverseLogZStandardError: logZ.standardError,
    reverseEssFraction: ess.fraction,
  };
}

async function energyW2(sampler, options) {
  const values = [];
  for (const seed of seeds) {
    const raw = await sampler.sample(n, { seed, correction: "none", ...options });
    values.push((await evaluate(raw, target, { seed: 3, metrics: ["energyW2"] })).metrics.energyW2.value);
  }
  return values;
}

const { bnem, idem, tweedem } = presets.gmm40;
const models = { bnem: await trained(bnem), idem: await trained(idem), tweedem: await trained(tweedem) };
const result = { n, seeds, truePaths: {}, rawEnergyW2: {}, bootstrappedFraction: {} };
for (const [name, model] of Object.entries(models)) {
  result.truePaths[name] = await truePaths(model);
  const { shareAbove5, reverseLogZ } = result.truePaths[name];
  console.error(`${name}: ${(100 * shareAbove5).toFixed(1)} % of true paths have log w > 5; log Z ${reverseLogZ.toFixed(3)}`);
}
result.rawEnergyW2.withoutMove = await energyW2(models.bnem.sampler, { corrector: 0 });
result.rawEnergyW2.withOneMove = await energyW2(models.bnem.sampler, {});
result.bootstrappedFraction.residual = models.bnem.bootstrapped;
result.bootstrappedFraction.normalized = (await trained({ ...bnem, rejection: "normalized" })).bootstrapped;
for (const [name, values] of Object.entries(result.rawEnergyW2)) {
  console.error(`raw energy W2, ${name}: ${values.map((value) => value.toFixed(3)).join(" ")}`);
}
console.error(`bootstrapped: ${JSON.stringify(result.bootstrappedFraction)}`);
console.log(JSON.stringify(result));
