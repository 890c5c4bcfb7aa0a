/**
 * How far off is a target? Standard deviation and bias of E_K against sigma for every way to place the draws, task by task, at the same
 * number of draws, against a reference whose own error is stated; levels where it is not below .1 kT have no bias. Medians over
 * configurations. One picture per task in bench/results.
 *
 *   npm run bench -- estimator-variance             all tasks (about three minutes)
 *   BNEM_TASKS=lj13 npm run bench -- estimator-variance
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quick } from "./support/interleave.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";
import { resultsFolder } from "./support/results-folder.mjs";

relaxedSimd();
const { bootstrapped, derive, init, keyOf, linearSchedule, noised, noisedEnergy } = await import("bnem");
await init();
const { tasks } = await import("./support/estimator-variance/tasks.mjs");
const { noisy } = await import("./support/estimator-variance/annealed.mjs");
const { taskFigure } = await import("./support/estimator-variance/figure.mjs");

/** A reference is converged where its standard error is below this, in kT. */
const CONVERGED = 0.1;
const wanted = (process.env.BNEM_TASKS ?? tasks.map(({ name }) => name).join(",")).split(",");
const digits = (value) => (Number.isFinite(value) ? Number(value.toPrecision(3)) : null);
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values) => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));

/** name -> (task, x, h, key) -> { energy [n], energyCalls, networkCalls }; null where it does not apply. */
const estimators = {
  iid: plain("iid"),
  antithetic: plain("antithetic"),
  lattice: (task) => (task.energy.dim <= 64 ? plain("lattice")(task) : null),
  shifted: proposed("shifted"),
  laplace: proposed("laplace"),
  perParticle: (task) => task.energy.pairs && trained(noisedEnergy({ mcSamples: task.K, perParticle: true }))(task),
  // The top one of ten levels of equal variance: the teacher is asked at .8 to .9 of h.
  bootstrapped: (task) =>
    task.teacher && trained(bootstrapped({ mcSamples: task.K, bootstrapFrom: 0, rejection: "none", levels: 10 }))(task),
};

function plain(mode) {
  return (task) => async (x, h, key) =>
    noised(task.energy, { x, variance: level(x, h), mcSamples: task.K, mode, key, quantity: "energy", exact: false });
}

function proposed(proposal) {
  return (task) => async (x, h, key) => {
    const ask = { x, variance: level(x, h), mcSamples: task.K, mode: "iid", key, quantity: "energy", exact: false };
    return noised(task.energy, { ...ask, proposal });
  };
}

function trained(estimator) {
  return ({ energy, teacher }) =>
    async (x, h, key) => {
      const schedule = linearSchedule({ sigmaMax: Math.sqrt(h) });
      const common = { energy, schedule, x, variance: level(x, h), key, exact: false, progress: 1, memory: new Map(), teacher };
      const { target, energyCalls, networkCalls } = await estimator.estimate(common);
      return { energy: target, energyCalls, networkCalls };
    };
}

const level = (x, h) => new Float32Array(x.n).fill(h);

/** E_K of all keys and rows, reduced to one line of the table. */
async function measure(estimate, x, h, truth, keys) {
  const table = [];
  let calls = 0;
  let asked = 0;
  let least = Infinity;
  for (let i = 0; i < keys; i++) {
    const began = performance.now();
    const { energy, energyCalls, networkCalls = 0 } = await estimate(x, h, derive(keyOf(71), i));
    least = Math.min(least, (1000 * (performance.now() - began)) / x.n);
    table.push(energy);
    calls += energyCalls;
    asked += networkCalls;
  }
  const columns = Array.from({ length: x.n }, (_, r) => table.map((row) => row[r]).filter(Number.isFinite));
  const seen = columns.filter((column) => column.length > 1);
  const off = columns.map((column, r) => mean(column) - truth.energy[r]).filter(Number.isFinite);
  const sd = median(seen.map(deviation));
  return {
    sd,
    bias: truth.converged ? median(off) : Number.NaN,
    biasError: Math.hypot(truth.error, (1.25 * sd) / Math.sqrt(keys * seen.length)),
    biasSpread: truth.converged ? deviation(off) : Number.NaN,
    missed: mean(columns.map((column) => 1 - column.length / keys)),
    callsPerRow: calls / (keys * x.n),
    teacherCallsPerRow: asked / (keys * x.n),
    microseconds: least,
  };
}

function referenceOf(task, x, h) {
  const found = task.reference(x, h, 72);
  return { ...found, converged: found.error < CONVERGED };
}

async function runTask(task) {
  const sigmas = quick ? task.sigmas.slice(0, 2) : task.sigmas;
  const rows = quick ? 2 : task.rows;
  const keys = quick ? 4 : task.keys;
  const x0 = task.configurations(rows);
  const result = {
    K: task.K,
    rows,
    keys,
    sigmas,
    reference: { method: task.referenceKind, error: [], converged: [] },
    estimators: {},
  };
  for (const sigma of sigmas) {
    const h = Math.fround(sigma * sigma);
    const x = noisy(task.energy, x0, sigma, derive(keyOf(73), sigma * 1e6));
    const truth = referenceOf(task, x, h);
    for (const [name, value] of Object.entries(truth)) {
      if (name === "energy") continue;
      result.reference[name] ??= [];
      result.reference[name].push(typeof value === "number" ? digits(value) : value);
    }
    for (const [name, make] of Object.entries(estimators)) {
      const estimate = make(task);
      if (!estimate) continue;
      const line = await measure(estimate, x, h, truth, keys);
      result.estimators[name] ??= Object.fromEntries(Object.keys(line).map((key) => [key, []]));
      for (const [key, value] of Object.entries(line)) result.estimators[name][key].push(digits(value));
      const { sd, bias, callsPerRow, microseconds } = line;
      const cells = [sd, bias, callsPerRow, microseconds].map((v) => v.toPrecision(3).padStart(10)).join("");
      console.error(`${task.name} sigma ${sigma}`.padEnd(22), name.padEnd(13), cells);
    }
    console.error(
      `${task.name} sigma ${sigma}`.padEnd(22),
      "reference".padEnd(13),
      truth.error.toPrecision(3).padStart(10),
      truth.kind ?? "",
    );
  }
  return result;
}

console.error("".padEnd(36), ["sd", "bias", "calls/row", "us/row"].map((text) => text.padStart(10)).join(""));
mkdirSync(resultsFolder, { recursive: true });
const results = { converged: `reference error below ${CONVERGED} kT`, defensive: 0.125, tasks: {} };
for (const task of tasks.filter(({ name }) => wanted.includes(name))) {
  const result = await runTask(task);
  results.tasks[task.name] = result;
  writeFileSync(join(resultsFolder, `estimator-variance-${task.name}.svg`), taskFigure(task.name, result, task.drawn));
}
console.log(JSON.stringify(results));
