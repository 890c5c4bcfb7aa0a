/** Part "learned": GMM-40 by BNEM. Rows drawn by weight against exact draws, log Z over islands, and whole paths of every integrator. */
import { evaluate } from "bnem";
import { median, short } from "../support/report/columns.mjs";
import { figuresOf, orError } from "./figures.mjs";
import { modelOf } from "./models.mjs";

export const about = "Learned GMM-40, 5 seeds";
const TASK = "gmm40";
const SEEDS = [1, 2, 3, 4, 5];
/** Of floors and references: all seeds are judged by the same ones. */
const SEED = 4_711;
const METRICS = ["positionW2", "energyW2", "modeWeightTv"];

/** Every integrator that has weights; the last is the bridge with the standard deviation within a mode. */
const integrators = {
  bridge: { integrator: "bridge" },
  exponential: { integrator: "exponential" },
  tuned: { integrator: "tuned" },
  diagonal: { integrator: "diagonal" },
  "low-rank": { integrator: "low-rank" },
  full: { integrator: "full" },
  map: { integrator: "map" },
  "bridge with dataStd": { integrator: "bridge", dataStd: 1.3 },
};

const streams = { drawn: 100, logZ: 200, path: 300 };

async function drawn(seed, { quick }) {
  const { sampler, energy } = await modelOf(TASK, seed, quick);
  const [n, oversampling, floorPairs] = quick ? [64, 4, 10] : [2000, 8, 30];
  const sample = await sampler.sample(n, { oversampling, seed: streams.drawn + seed });
  const { metrics } = await evaluate(sample.x, energy, { metrics: METRICS, floorPairs, seed: SEED });
  const plain = ({ value, floor, floorLimit }) => ({ value, floor, floorLimit });
  return {
    ...figuresOf(sample),
    oversampling,
    floorPairs,
    metrics: Object.fromEntries(METRICS.map((name) => [name, plain(metrics[name])])),
  };
}

async function logZ(seed, { quick }) {
  const { sampler } = await modelOf(TASK, seed, quick);
  const [n, islands] = quick ? [640, 20] : [40_000, 20];
  return figuresOf(await sampler.sample(n, { islands, seed: streams.logZ + seed }));
}

async function path(seed, options, { quick }) {
  const { sampler } = await modelOf(TASK, seed, quick);
  const [n, steps] = quick ? [64, 8] : [2000, 64];
  return figuresOf(await sampler.sample(n, { steps, correction: "path", seed: streams.path + seed, ...options }));
}

export function pieces({ seeds = SEEDS }) {
  const piece = (seed, name, make) => ({ task: TASK, name, seed, make });
  return seeds.flatMap((seed) => [
    piece(seed, "drawn by weight", (run) => drawn(seed, run)),
    piece(seed, "log Z", (run) => logZ(seed, run)),
    ...Object.entries(integrators).map(([name, options]) =>
      piece(seed, `path ${name}`, (run) => orError(() => path(seed, options, run))),
    ),
  ]);
}

const passed = (ok) => (ok ? "reached" : "NOT REACHED");

function drawnLines(rows) {
  return METRICS.map((name) => {
    const values = rows.map((row) => row.metrics[name].value);
    const { floor, floorLimit } = rows[0].metrics[name];
    const ok = rows.length >= 5 ? passed(median(values) <= floorLimit) : `${rows.length} of 5 seeds`;
    const range = `${short(Math.min(...values))} .. ${short(Math.max(...values))}`;
    return [name, short(median(values)), range, `<= ${short(floorLimit)} (95 % of exact pairs; mean ${short(floor)})`, ok];
  });
}

function logZLines(rows) {
  return rows.map(({ seed, logZ: { value, standardError }, rows: n, islands }) => [
    `log Z, seed ${seed}`,
    short(value),
    `± ${short(standardError)}, ${n} rows in ${islands} islands`,
    "within 3 errors of 0, error <= .01",
    passed(Math.abs(value) <= 3 * standardError && standardError <= 0.01),
  ]);
}

function pathLines(rows) {
  const of = (name) => rows.filter((row) => row.name === `path ${name}` && row.ess).map((row) => row.ess.fraction);
  const found = Object.keys(integrators).map((name) => ({ name, values: of(name) }));
  const best = Math.max(...found.filter(({ values }) => values.length > 0).map(({ values }) => median(values)));
  return found.map(({ name, values }) => {
    if (values.length === 0) return [`path ESS/N, ${name}`, "", "no weights", "", ""];
    const range = `${short(Math.min(...values))} .. ${short(Math.max(...values))}, n = ${rows[0].n}`;
    const isBest = median(values) === best;
    return [`path ESS/N, ${name}`, short(median(values)), range, isBest ? "best >= .3" : "", isBest ? passed(best >= 0.3) : ""];
  });
}

export function lines(rows) {
  const having = (name) => rows.filter((row) => row.name === name && !row.error);
  const [samples, constants] = [having("drawn by weight"), having("log Z")];
  const paths = rows.filter((row) => row.name.startsWith("path "));
  return [
    ["figure", "median", "range over seeds", "bar", ""],
    ...(samples.length > 0 ? drawnLines(samples) : []),
    ...logZLines(constants),
    ...(paths.length > 0 ? pathLines(paths) : []),
  ];
}
