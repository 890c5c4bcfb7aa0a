/** Well masses of ManyWell: the first coordinate of every pair lies in one of two wells; the deep one holds .8443 of the mass. */

/** The maximum of the energy between the wells, where u^4 - 6 u^2 - u / 2 has no slope. */
const BARRIER = -0.04168;
const STEP = 1 / 400;

function exactMass() {
  let deep = 0;
  let all = 0;
  // The midpoint rule over [-4, 4], beyond which exp(-E) is below 1e-67.
  for (let u = -4 + STEP / 2; u < 4; u += STEP) {
    const weight = Math.exp(-(u ** 4) + 6 * u * u + u / 2);
    all += weight;
    if (u > BARRIER) deep += weight;
  }
  return deep / all;
}

/** .844 */
export const deepMass = exactMass();

/** Mass of the deep well, its mean over the pairs and its largest error; and pairs with rows in both wells. @param weights [n] or absent */
export function wellMasses({ data, n, dim }, weights) {
  const masses = [];
  let both = 0;
  for (let d = 0; d < dim; d += 2) {
    let deep = 0;
    let all = 0;
    let shallowRows = 0;
    let deepRows = 0;
    for (let i = 0; i < n; i++) {
      const w = weights ? weights[i] : 1;
      const isDeep = data[i * dim + d] > BARRIER;
      all += w;
      if (isDeep) deep += w;
      if (w > 0 && isDeep) deepRows++;
      if (w > 0 && !isDeep) shallowRows++;
    }
    masses.push(deep / all);
    if (deepRows > 0 && shallowRows > 0) both++;
  }
  const mean = masses.reduce((a, b) => a + b, 0) / masses.length;
  const worst = Math.max(...masses.map((mass) => Math.abs(mass - deepMass)));
  return { mean, error: Math.abs(mean - deepMass), worst, pairsWithBoth: both, pairs: masses.length };
}

/** Mean and 95 % quantile (of a normal law) of what exact draws of n rows give. */
function floorOf(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return { floor: mean, floorLimit: mean + 1.645 * deviation };
}

/** Well masses as metrics, floors from `repeats` exact samples of n rows. */
export function wellMetrics(energy, x, weights, { rows, repeats, seed }) {
  const found = wellMasses(x, weights);
  const exact = Array.from({ length: repeats }, (_, k) => wellMasses(energy.exact.sample(Math.max(2, rows), seed + k)));
  const result = (value, law) => ({ value, ...law, n: x.n, atFloor: value <= law.floorLimit });
  return {
    wellMassError: { ...result(found.error, floorOf(exact.map(({ error }) => error))), average: found.mean, expected: deepMass },
    wellMassWorst: result(found.worst, floorOf(exact.map(({ worst }) => worst))),
    pairsWithBothWells: { value: found.pairsWithBoth, floor: found.pairs, floorLimit: found.pairs, total: found.pairs, n: x.n },
  };
}
