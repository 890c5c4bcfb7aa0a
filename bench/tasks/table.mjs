/** Rows of one task as a table: seeds of the same row together, sorted by energy W2; what every column shows. Shared by console and page. */
import { median } from "../support/report/columns.mjs";

/** Calls of a chain's budget differ from seed to seed; its variant says which training they are those of. */
const groupOf = ({ method, variant, budget, label, n }) => [method, variant, label === "MCMC" ? "" : budget, n].join("|");

/** [{ rows, first, energyW2 }], best first, those that failed last. */
export function groups(rows) {
  const found = new Map();
  for (const row of rows) found.set(groupOf(row), [...(found.get(groupOf(row)) ?? []), row]);
  const made = [...found.values()].map((all) => {
    const good = all.filter(({ error }) => !error).sort((a, b) => a.seed - b.seed);
    return {
      rows: good,
      failed: all.filter(({ error }) => error),
      first: all[0],
      energyW2: middle(good, metric("energyW2")) ?? Infinity,
    };
  });
  return made.sort((a, b) => a.energyW2 - b.energyW2);
}

/** Median over the rows; undefined where none has it. */
function middle(rows, of) {
  const values = rows.map(of).filter((value) => Number.isFinite(value));
  return values.length > 0 ? median(values) : undefined;
}

const metric = (name) => (row) => row.metrics?.[name]?.value;
const average = (name) => (row) => row.metrics?.[name]?.average;

/** A metric and its floor. */
const measured = (title, name, about) => ({ title, name, about, value: metric(name) });
/** An average, beside what it should be. */
const averaged = (title, name, about) => ({
  title,
  name,
  about,
  value: average(name),
  exact: (row) => row.metrics?.[name]?.expected,
});
const plain = (title, value, about) => ({ title, about, value });

const COLUMNS = [
  measured("E-W2", "energyW2", "energy W2, unsquared, kT"),
  measured("squared", "energyW2Paper", "energy W2 squared, as the papers' code reports it"),
  measured("trimmed", "energyW2Trimmed", "energy W2 over the quantiles from 1 to 99 %"),
  measured("pair TV", "pairDistanceTv", "total variation of the pair distances"),
  measured("pair W2", "pairDistanceW2", "W2 of the pair distances"),
  measured("aligned W2", "alignedW2", "position W2 up to rotation, reflection and permutation, few rows"),
  measured("position W2", "positionW2", "position W2, unsquared"),
  averaged("<E>", "meanEnergyError", "mean energy, kT"),
  averaged("heat cap.", "heatCapacityError", "variance of the energy, kT^2"),
  averaged("virial", "virialError", "mean of x . grad E"),
  measured("pair KSD", "pairKsd", "Stein discrepancy by fields along the pairs"),
  measured("KSD", "ksd", "kernel Stein discrepancy"),
  averaged("well mass", "wellMassError", "mass of the deep wells, mean over the pairs"),
  measured("worst well", "wellMassWorst", "largest error of a pair's well mass"),
  measured("pairs, both wells", "pairsWithBothWells", "pairs of coordinates that have rows in both wells"),
  measured("mode TV", "modeWeightTv", "total variation of the mode weights"),
  measured("modes", "modesCovered", "modes with any row"),
  measured("stragglers", "stragglers", "part of the rows far from all modes"),
  { ...plain("log Z", (row) => row.logZ?.value, "log of the mean weight"), exact: (row) => row.logZ?.exact },
  plain("ESS/n", (row) => row.ess?.fraction, "effective part of the weighted rows"),
  plain("plain calls", (row) => row.calls?.plain, "energies without gradient: training, sampling, warm-up"),
  plain("grad. calls", (row) => row.calls?.gradient, "energies with gradient: training, sampling, warm-up"),
  plain(
    "net rows",
    (row) => row.sampling && (row.training?.networkRows ?? 0) + (row.training?.teacherRows ?? 0) + row.sampling.networkRows,
    "rows the network was asked for: training, teacher, sampling",
  ),
  plain("train s", (row) => (row.sampling ? (row.training?.seconds ?? 0) : undefined), "seconds of training"),
  plain("sample s", (row) => row.sampling?.seconds, "seconds of sampling all n rows"),
];

/** The columns in which any row has something. */
export const columnsOf = (rows) => COLUMNS.filter(({ value }) => rows.some((row) => value(row) !== undefined));

/** What a cell shows: the median over the seeds with the floor of the first row; and the range where there are several seeds. */
export function cellOf(column, { rows }) {
  const value = middle(rows, column.value);
  if (value === undefined) return undefined;
  const values = rows.map(column.value);
  const found = column.name && rows[0].metrics?.[column.name];
  const range = rows.length > 1 ? [Math.min(...values), Math.max(...values)] : undefined;
  const law = found ? { floor: found.floor, floorLimit: found.floorLimit } : {};
  return { value, range, ...law, error: found?.error, atFloor: found?.atFloor, exact: column.exact?.(rows[0]) };
}

/** Plain rows of the most usual n: their floors head the table. */
export function usualRow(rows) {
  const plainRows = rows.filter(({ error, effectiveSize }) => !error && effectiveSize === undefined);
  const count = (n) => plainRows.filter((row) => row.n === n).length;
  return plainRows.reduce((best, row) => (best === undefined || count(row.n) > count(best.n) ? row : best), undefined);
}

/** Names a group in words. */
export function nameOf({ first, rows, failed }) {
  const { method, variant, budget, label } = first;
  const seeds = [...rows, ...failed].map(({ seed }) => seed);
  const words = label === "MCMC" ? `${method}, ${variant}` : `${method}, ${variant}, ${budget}`;
  return { words, label, seeds: seeds.join(",") };
}
