/** What a table of the study shows of a row. Shared by console and page. */

const column = (title, about, value) => ({ title, about, value });

export const columns = [
  column("ESS/n", "reverse: Kish's effective share of the rows that were drawn", (row) => row.ess?.reverse),
  column("forward", "effective share of paths from exact draws: sees modes that are missed", (row) => row.ess?.forward),
  column(
    "N_eff",
    "effective rows from the variance over islands (path: over rows; exchange: of the chains' observables)",
    (row) => row.nEff?.value,
  ),
  column("log Z", "log of the mean weight; truth 0", (row) => row.logZ?.value),
  column("+-", "its standard error", (row) => row.logZ?.error),
  column("ELBO", "mean log weight of drawn paths", (row) => row.elbo),
  column("EUBO", "mean log weight of paths from exact draws", (row) => row.eubo),
  column("k-hat", "Pareto shape of the largest weights", (row) => row.kHat),
  column("TV raw", "total variation of the mode weights, unweighted rows", (row) => row.modeTv?.raw.value),
  column("TV weighted", "the same with weights", (row) => row.modeTv?.weighted?.value),
  column(
    "TV floor",
    "95 % of exact draws are within, at the effective size",
    (row) => (row.modeTv?.weighted ?? row.modeTv?.raw)?.floorLimit,
  ),
  column("resampled", "times an island resampled", (row) => row.resamplings),
  column("ancestors", "different ancestors, as a share of the rows", (row) => row.ancestors),
  column("net/eff", "network rows for one effective row", (row) => row.perEffective?.network),
  column("E/eff", "energies for one effective row", (row) => row.perEffective?.energy),
  column("seconds", "of sampling", (row) => row.seconds),
];

export const nameOfRow = ({ model, target, transition, corrector, process, n, seed }) =>
  [model, target, transition, corrector, process, `n ${n}`, `seed ${seed}`].join(" | ");

/** Rows that weigh or draw, without those that failed. */
export const measured = (rows) => rows.filter(({ error, corrector }) => !error && corrector !== "density");
