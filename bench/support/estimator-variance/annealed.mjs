/**
 * References where nothing is known in closed form, by two ways of which the one with the smaller error is taken: many draws from Laplace's
 * defensive mixture, and, where one Gaussian misses too much, -log of the mean weight of annealed importance sampling from the noise N(x, h I) to the
 * posterior exp(-E(y)) N(y; x, h), bridge exp(-beta E(y)) N(y; x, h). exp(-result) is unbiased; the error is the delta method's over independent
 * chains, which says too little where few chains carry the mean: `essFraction` stands beside it.
 */
import { derive, keyOf, noised, normalRows } from "bnem";

/** Exponent of the temperatures: overlapping pairs have energies of 1e12 and more under the noise. */
const POWER = 6;

function centered(data, n, particles) {
  if (!particles) return data;
  const { count, spatialDim } = particles;
  for (let r = 0; r < n; r++) {
    for (let a = 0; a < spatialDim; a++) {
      let mean = 0;
      for (let i = 0; i < count; i++) mean += data[(r * count + i) * spatialDim + a] / count;
      for (let i = 0; i < count; i++) data[(r * count + i) * spatialDim + a] -= mean;
    }
  }
  return data;
}

/** n rows of x0 + sigma z on the subspace of the energy's particles. */
export function noisy(energy, x0, sigma, key) {
  const z = normalRows(key, 0, 0, x0.n, x0.dim).data;
  const data = x0.data.map((v, i) => v + sigma * z[i]);
  return { data: centered(data, x0.n, energy.particles), n: x0.n, dim: x0.dim };
}

function logMeanExp(values) {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = values.map((v) => Math.exp(v - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  const square = weights.reduce((a, b) => a + b * b, 0);
  const n = values.length;
  return {
    value: most + Math.log(sum / n),
    error: Math.sqrt(Math.max(0, (n * square) / (sum * sum) - 1) / n),
    essFraction: (sum * sum) / square / n,
  };
}

function oneRow(energy, center, h, plan, key) {
  const { dim } = energy;
  const { chains, leapfrogs, stiffness, wide = Infinity } = plan;
  // From sigma `wide` on the way from the noise to the posterior is longer.
  const temperatures = plan.temperatures * (h > wide * wide ? 4 : 1);
  const tile = { data: new Float32Array(chains * dim), n: chains, dim };
  for (let c = 0; c < chains; c++) tile.data.set(center, c * dim);
  let x = noisy(energy, tile, Math.sqrt(h), derive(key, "start"));
  let found = energy.energy(x);
  const logWeights = new Array(chains).fill(0);
  const stepSize = new Float32Array(chains).fill(0.7 / Math.sqrt(1 / h + stiffness));
  const tether = new Float32Array(chains).fill(h);
  let acceptance = 0;
  for (let t = 1; t <= temperatures; t++) {
    const beta = (t / temperatures) ** POWER;
    const gain = beta - ((t - 1) / temperatures) ** POWER;
    for (let c = 0; c < chains; c++) logWeights[c] -= Number.isFinite(found[c]) ? gain * found[c] : Infinity;
    if (t === temperatures) break;
    const moved = energy.hamiltonian({
      x,
      key: derive(key, t),
      moves: 1,
      leapfrogs,
      stepSize,
      beta: new Float32Array(chains).fill(beta),
      center: tile,
      tether,
    });
    x = moved.x;
    found = moved.energy;
    acceptance += moved.acceptance.reduce((a, b) => a + b, 0) / chains / (temperatures - 1);
  }
  const { value, error, essFraction } = logMeanExp(logWeights);
  return { energy: -value, error, essFraction, acceptance };
}

function annealedRows(energy, x, h, plan, seed) {
  return Array.from({ length: x.n }, (_, i) =>
    oneRow(energy, x.data.subarray(i * x.dim, (i + 1) * x.dim), h, plan, derive(keyOf(seed), i)),
  );
}

/** Keys of the Laplace reference: independent estimates of `plan.draws` draws each, pooled. */
const KEYS = 16;

function laplaceRows(energy, x, h, { draws }, seed) {
  const variance = new Float32Array(x.n).fill(h);
  const table = Array.from({ length: KEYS }, (_, i) => {
    const key = derive(keyOf(seed), "laplace", i);
    const ask = { x, variance, mcSamples: draws, mode: "iid", key, quantity: "energy", exact: false };
    return noised(energy, { ...ask, proposal: "laplace" }).energy;
  });
  return Array.from({ length: x.n }, (_, r) => {
    const { value, error, essFraction } = logMeanExp(table.map((row) => -row[r]));
    return { energy: -value, error, essFraction };
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const medianError = (rows) => median(rows.map(({ error }) => error));

/** { energy [n], error, kind, apart }: `apart` is the median difference of the two ways, in their joint standard errors. */
export function sampledReference(energy, x, h, plan, seed) {
  const ways = { Laplace: laplaceRows(energy, x, h, plan, seed), annealed: annealedRows(energy, x, h, plan, seed) };
  const kind = medianError(ways.Laplace) < medianError(ways.annealed) ? "Laplace" : "annealed";
  const rows = ways[kind];
  const apart = rows.map((_, i) => {
    const [a, b] = [ways.Laplace[i], ways.annealed[i]];
    return Math.abs(a.energy - b.energy) / Math.hypot(a.error, b.error);
  });
  return {
    energy: rows.map((row) => row.energy),
    error: medianError(rows),
    kind,
    essFraction: median(rows.map((row) => row.essFraction)),
    apart: median(apart),
    errors: { Laplace: medianError(ways.Laplace), annealed: medianError(ways.annealed) },
  };
}
