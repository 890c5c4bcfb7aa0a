/** What weighted rows should say, and whether they say it within what they claim. */
import { targetOf } from "./cases.mjs";

const DRAWS = 100_000;
/** Each of the four tests of a sample rejects a right one this often. */
export const LEVEL = 0.003;
/** Expected draws below which modes are counted together. */
const LEAST_COUNT = 5;
/** Effective rows that means of a tolerable error need: .18 standard deviations. */
export const LEAST_ROWS = 30;

function nearest({ means, count, dim }, data, row) {
  let [best, least] = [0, Infinity];
  for (let j = 0; j < count; j++) {
    let square = 0;
    for (let i = 0; i < dim; i++) square += (data[row * dim + i] - means[j * dim + i]) ** 2;
    if (square < least) [best, least] = [j, square];
  }
  return best;
}

/** Energy, mean coordinate, mean square, and the number of the nearest mode, of each row. */
function observe({ mixture }, { data, n, dim }, energies) {
  const sum = (row, f) => data.subarray(row * dim, (row + 1) * dim).reduce((total, value) => total + f(value), 0) / dim;
  const each = (f) => Float64Array.from({ length: n }, (_, row) => f(row));
  return {
    scalars: [each((row) => energies[row]), each((row) => sum(row, (v) => v)), each((row) => sum(row, (v) => v * v))],
    modes: each((row) => nearest(mixture, data, row)),
  };
}

const known = new Map();
function truthOf(name) {
  if (known.has(name)) return known.get(name);
  const energy = targetOf(name);
  const x = energy.exact.sample(DRAWS, 4242);
  const { scalars, modes } = observe(energy, x, energy.energy(x));
  const truth = {
    scalars: scalars.map((values) => {
      const mean = values.reduce((a, b) => a + b, 0) / DRAWS;
      return { mean, deviation: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / DRAWS) };
    }),
    shares: new Float64Array(energy.mixture.count),
  };
  for (const mode of modes) truth.shares[mode] += 1 / DRAWS;
  known.set(name, truth);
  return truth;
}

/** P(chi^2 > x), by the cube root of Wilson and Hilferty. */
function chiSquareTail(x, d) {
  const z = (Math.cbrt(x / d) - (1 - 2 / (9 * d))) / Math.sqrt(2 / (9 * d));
  return normalTail(z);
}

/** P(N > z), by the continued fraction's rational fit 26.2.17 of Abramowitz and Stegun. */
function normalTail(z) {
  if (z < 0) return 1 - normalTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const fit = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * fit;
}

/** Modes in groups that at least 5 of `rows` draws fall into. */
function grouped(shares, found, rows) {
  const order = [...shares.keys()].sort((a, b) => shares[a] - shares[b]);
  const groups = [];
  let open = { share: 0, found: 0 };
  for (const j of order) {
    open = { share: open.share + shares[j], found: open.found + found[j] };
    if (open.share * rows < LEAST_COUNT) continue;
    groups.push(open);
    open = { share: 0, found: 0 };
  }
  if (open.share + open.found > 0 && groups.length > 0) {
    const last = groups.pop();
    groups.push({ share: last.share + open.share, found: last.found + open.found });
  }
  return groups;
}

/**
 * p-values of rows, taken for `rows` independent ones under `weights`, against the truth: three means in normal standard errors and a chi-square of
 * the mode fractions.
 */
function pValues(truth, { scalars, modes }, weights, rows) {
  const mean = (values) => values.reduce((sum, value, i) => sum + (weights[i] > 0 ? weights[i] * value : 0), 0);
  const ofMeans = scalars.map((values, i) => {
    const { mean: exact, deviation } = truth.scalars[i];
    return 2 * normalTail((Math.abs(mean(values) - exact) / deviation) * Math.sqrt(rows / (1 + rows / DRAWS)));
  });
  const found = new Float64Array(truth.shares.length);
  modes.forEach((mode, i) => {
    found[mode] += weights[i];
  });
  const groups = grouped(truth.shares, found, rows);
  if (groups.length < 2) return ofMeans;
  const square = groups.reduce((sum, { share, found: own }) => sum + (rows * (own - share) ** 2) / share, 0);
  return [...ofMeans, chiSquareTail(square, groups.length - 1)];
}

/**
 * Whether rows are right as they are, as `rawRows` independent ones, and with their weights, as `rows` of them; rows that are not finite have
 * weight 0 and are left out.
 */
export function judge(name, { x, energy, weights, rawRows, rows }) {
  const observed = observe(targetOf(name), x, energy);
  const finite = energy.reduce((count, value) => count + (Number.isFinite(value) ? 1 : 0), 0);
  const equal = Float64Array.from(energy, (value) => (Number.isFinite(value) ? 1 / finite : 0));
  const truth = truthOf(name);
  const raw = Math.min(...pValues(truth, observed, equal, rawRows));
  const weighted = Math.min(...pValues(truth, observed, weights, rows));
  return { raw, weighted, rawOk: raw >= LEVEL && rawRows >= LEAST_ROWS, weightsOk: weighted >= LEVEL && rows >= LEAST_ROWS };
}
