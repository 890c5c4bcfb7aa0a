/** Makes the rows that were asked for and are not there, and shows the tables. */
import { init, startBackend } from "bnem";
import { chainNames, chainsAt } from "./chains.mjs";
import { curvePoint, streamOf, trainedRows, trainedVariants, untrainedRows, untrainedVariants } from "./learned.mjs";
import { methodsOf } from "./methods.mjs";
import { writePage } from "./page.mjs";
import { referenceOf, score } from "./score.mjs";
import { keyOf, rows as store } from "./store.mjs";
import { energyOf, quickly, targets, taskNames } from "./targets.mjs";
import { taskText } from "./text.mjs";
import { forgetTraining, trained, untrainedSampler } from "./training.mjs";

const nameOfBudget = (budget, method) =>
  budget?.seconds !== undefined ? `${budget.seconds} s` : `${budget?.steps ?? method.steps} steps`;

/** @throws RangeError naming what is there */
function chosen(kind, asked, known) {
  const wanted = asked === undefined || asked.includes("all") ? known : asked;
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`no ${kind} "${unknown}"; there are ${known.join(", ")}`);
  return wanted;
}

function head(run, variant) {
  const { task, seed, method, budgetName } = run;
  return { task, method: method.name, variant, seed, budget: budgetName };
}

/** Makes a row unless it is there; an error becomes its text, so that the rest goes on. */
async function ensureRow(run, about, make, again) {
  const there = store.find(about);
  if (there && !again) {
    const changed = JSON.stringify(there.options) !== JSON.stringify(about.options) || there.asked !== run.n;
    if (changed) console.error(`${keyOf(about)}: was made with other options or another n; --again makes it again`);
    return there;
  }
  const began = performance.now();
  let made;
  try {
    made = await make();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    made = { error: `${error.code ?? error.name}: ${error.message}` };
  }
  const row = store.put({ ...about, asked: run.n, ...(run.quick && { quick: true }), ...made });
  const words = made.error ?? `energy W2 ${made.metrics.energyW2.value.toPrecision(3)}`;
  console.error(
    `${about.task} | ${about.method} | ${about.variant} | seed ${about.seed}: ${words} (${((performance.now() - began) / 1000).toFixed(1)} s)`,
  );
  return row;
}

async function ensureRows(run, makers, again) {
  const { method } = run;
  for (const [variant, make] of Object.entries(makers)) {
    const label = variant.startsWith("untrained") ? "not trained" : method.label;
    const about = { ...head(run, variant), label, options: method.options, source: method.source };
    await ensureRow(run, about, make, again);
  }
}

const isThere = (run, variants) => variants.every((variant) => store.find(head(run, variant)));

async function learn(run, options) {
  if (options.again || !isThere(run, untrainedVariants)) {
    await ensureRows(
      run,
      untrainedRows(run, () => untrainedSampler(run)),
      options.again,
    );
  }
  if (!options.again && isThere(run, trainedVariants(run))) return;
  const curve = [];
  const onPoint = async (trainer, info) => {
    if (options.curve) curve.push(await curvePoint(run, trainer, info));
  };
  let done;
  try {
    done = await trained({ ...run, again: options.again }, onPoint);
  } catch (error) {
    const failed = async () => {
      throw error;
    };
    await ensureRows(run, Object.fromEntries(trainedVariants(run).map((variant) => [variant, failed])), options.again);
    return;
  }
  await ensureRows(run, trainedRows(run, done, curve), options.again);
  done.sampler.dispose();
  forgetTraining(run);
}

/** Chains at the calls of the training; where it failed nobody knows them. */
async function compare(run, again) {
  const training = store.find(head(run, "raw"))?.training;
  if (!training) return console.error(`${run.task} ${run.method.name}: no training, so no chains beside it`);
  const calls = training.calls.plain + training.calls.gradient;
  for (const name of chainNames) {
    const about = {
      ...{
        task: run.task,
        method: name,
        variant: `calls of ${run.method.name}, ${run.budgetName}`,
        seed: run.seed,
        budget: `${calls} calls`,
      },
      label: "MCMC",
    };
    await ensureRow(run, about, () => chainRow(run, name, calls), again);
  }
}

async function chainRow(run, name, calls) {
  const made = await chainsAt(run.task, run.energy, name, { calls, n: run.n, seed: streamOf(run.seed, "chains") });
  const sampling = { seconds: made.seconds, calls: made.calls, networkRows: 0, nonFinite: made.about.nonFinite };
  return { ...(await score(run, { x: made.x })), sampling, training: null, calls: made.calls, chains: made.about };
}

async function runTask(task, options) {
  const known = methodsOf(task, options.quick);
  const names = chosen(
    `method of ${task}`,
    options.methods,
    known.map(({ name }) => name),
  );
  const energy = energyOf(task);
  const reference = await referenceOf(task, energy, options.quick);
  const usual = options.quick ? quickly.n : targets[task].n;
  for (const name of names) {
    const method = known.find((one) => one.name === name);
    const trainEnergy = method.trainedOn?.() ?? energy;
    for (const seed of options.seeds) {
      const n = options.n ?? method.n ?? usual;
      const { budget, quick } = options;
      const about = { task, energy, trainEnergy, reference, method, seed, n };
      const run = { ...about, budget, quick, budgetName: nameOfBudget(budget, method) };
      await learn(run, options);
      if (options.chains) await compare(run, options.again);
    }
  }
}

function list() {
  for (const task of taskNames) {
    console.log(`${task}, n = ${targets[task].n}`);
    for (const { name, label, source, steps } of methodsOf(task))
      console.log(`  ${name.padEnd(26)}${label}, ${steps} steps, ${source}`);
  }
}

function forget(tasks, { methods, seeds }) {
  const isOurs = (row) =>
    methods === undefined ||
    methods.includes("all") ||
    methods.some((name) => row.method === name || row.variant.startsWith(`calls of ${name},`));
  const gone = store.remove((row) => tasks.includes(row.task) && seeds.includes(row.seed) && isOurs(row));
  console.log(`${gone} rows removed from ${store.file}`);
}

/** @throws RangeError for tasks and methods that are not there */
export async function runTasks(options) {
  if (options.list) return list();
  const tasks = chosen("task", options.tasks, taskNames);
  if (options.forget) return forget(tasks, options);
  if (options.methods) {
    await init({ workers: options.workers });
    await startBackend("wasm");
    for (const task of tasks) await runTask(task, options);
  }
  const rows = store.read();
  for (const task of tasks)
    console.log(
      taskText(
        task,
        rows.filter((row) => row.task === task),
      ),
    );
  console.log(`rows: ${store.file}`);
  if (options.page) console.log(`page: ${writePage(rows, store.pageFile)}`);
}
