/** Part "tuning": every correction on every task, by effective rows per second and per network row; what the default of `sample(n)` is chosen by. */
import { short } from "../support/report/columns.mjs";
import { figuresOf, harmonic, orError } from "./figures.mjs";
import { modelOf } from "./models.mjs";

export const about = "Which correction: effective rows by task, correction, integrator and moves";

/** Rows of a run, and the repeats that its N_eff is averaged over. */
const tasks = {
  gmm40: { n: 2000, repeats: 2 },
  dw4: { n: 2000, repeats: 2 },
  lj13: { n: 512, repeats: 1 },
  lj55: { n: 512, repeats: 1 },
  manywell32: { n: 512, repeats: 1 },
  gmm16: { n: 1000, repeats: 1 },
};
const INTEGRATORS = ["tuned", "bridge", "diagonal", "low-rank", "full"];
/**
 * Hessian products of a path, dimensions times levels, above which the integrators that take one for every dimension are left out: at d + 1 network rows a
 * step even weights that are all equal do not pay where the tuned step has N_eff/N above 1 / (d + 1), and LJ-13 would take minutes.
 */
const MOST_PRODUCTS = 1000;
const productsOf = { gmm40: 2 * 64, dw4: 6 * 100, lj13: 36 * 100, lj55: 162 * 100, manywell32: 32 * 512, gmm16: 16 * 128 };

/** Residuals up to which a level is trusted, kT, beside the default of 2.5: of the default's step, for what else they change is the same for all. */
const TRUSTS = [0.35, 0.7, 1.5, 1e6];

async function cell(task, repeat, { name, ...how }, { quick }) {
  const { sampler } = await modelOf(task, 1, quick);
  const n = quick ? 64 : tasks[task].n;
  return figuresOf(await sampler.sample(n, { ...(quick && { steps: 8 }), ...how, seed: 500 + repeat }));
}

/** On LJ-13 the low-rank step has the N_eff of the tuned one at nine times its network rows; LJ-55 would take an hour to say so again. */
const leftOut = (task) => {
  const dear = productsOf[task] > MOST_PRODUCTS ? ["full", "diagonal"] : [];
  return task === "lj55" ? [...dear, "low-rank"] : dear;
};

function settings(task) {
  const crossed = ["smc", "path"].flatMap((correction) =>
    INTEGRATORS.filter((name) => !leftOut(task).includes(name)).flatMap((integrator) =>
      [0, 1].map((moves) => ({ name: `${correction}, ${integrator}, ${moves} moves`, correction, integrator, moves })),
    ),
  );
  const trusting = TRUSTS.flatMap((trust) =>
    [0, 1].map((moves) => ({
      name: `smc, tuned, ${moves} moves, trust ${trust}`,
      ...{ correction: "smc", integrator: "tuned", moves, trust },
    })),
  );
  return [...crossed, ...trusting];
}

/** The first repeat of every task before the second of any. */
export function pieces({ quick }) {
  const repeats = Math.max(...Object.values(tasks).map((task) => task.repeats));
  const own = (task, repeat) =>
    settings(task).map((how) => ({
      task,
      name: how.name,
      seed: repeat,
      how,
      make: (run) => orError(() => cell(task, repeat, how, run)),
    }));
  return Array.from({ length: quick ? 1 : repeats }, (_, at) => at + 1).flatMap((repeat) =>
    Object.keys(tasks)
      .filter((task) => tasks[task].repeats >= repeat)
      .flatMap((task) => own(task, repeat)),
  );
}

/** What the repeats of one setting say together. */
function together(rows) {
  const good = rows.filter(({ error, effective }) => !error && effective);
  if (good.length < rows.length || good.length === 0)
    return { name: rows[0].name, failed: rows.find(({ error }) => error)?.error };
  const sum = (of) => good.reduce((total, row) => total + of(row), 0) / good.length;
  const share = harmonic(good.map((row) => row.effective.fraction));
  const rowsEffective = share * good[0].rows;
  return {
    name: good[0].name,
    share,
    perSecond: rowsEffective / sum((row) => row.seconds),
    perNetworkRow: rowsEffective / sum((row) => row.networkCalls),
    withoutPilot: rowsEffective / sum((row) => row.networkCalls - row.pilotCalls),
    perEnergy: rowsEffective / sum((row) => row.energyCalls),
    ancestors: sum((row) => row.ancestors.unique / row.ancestors.n),
    pathEss: sum((row) => row.pathEss?.fraction ?? Number.NaN),
    resamplings: sum((row) => row.resamplings),
    logZ: sum((row) => row.logZ.value),
    logZError: Math.sqrt(sum((row) => row.logZ.standardError ** 2) / good.length),
  };
}

function taskLines(task, rows) {
  const names = [...new Set(rows.map(({ name }) => name))];
  const found = names.map((name) => together(rows.filter((row) => row.name === name)));
  const best = Math.max(...found.map(({ perNetworkRow = 0 }) => perNetworkRow));
  const ordered = found.sort((a, b) => (b.perNetworkRow ?? -1) - (a.perNetworkRow ?? -1));
  return ordered.map((row) =>
    row.share === undefined
      ? [task, row.name, "", "", "", "", "", "", "", "", row.failed ?? "no N_eff"]
      : [
          task,
          row.name,
          short(row.share),
          short(row.perNetworkRow / best),
          short(1000 * row.perNetworkRow),
          short(1000 * row.withoutPilot),
          short(row.perSecond),
          short(row.pathEss),
          short(row.ancestors),
          short(row.resamplings),
          `${row.logZ.toFixed(3)} ± ${short(row.logZError)}`,
        ],
  );
}

export function lines(rows) {
  const head = [
    "task",
    "correction",
    "N_eff/N",
    "of best",
    "N_eff/1000 net rows",
    "N_eff/s",
    "path ESS/n",
    "ancestors/N",
    "resamplings",
    "log Z",
  ];
  return [
    head,
    ...Object.keys(tasks).flatMap((task) =>
      taskLines(
        task,
        rows.filter((row) => row.task === task),
      ),
    ),
  ];
}
