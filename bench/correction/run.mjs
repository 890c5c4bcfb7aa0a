/** Makes the rows that were asked for and are not there, and shows the table. */
import { BnemError, init, startBackend } from "bnem";
import { writeWhole } from "../support/row-store.mjs";
import { acceptance } from "./acceptance.mjs";
import { dialsOf, grid } from "./grid.mjs";
import { measure } from "./measure.mjs";
import { modelOf } from "./models.mjs";
import { page } from "./page.mjs";
import { fits, keyOf, rows as store } from "./store.mjs";
import { energyOf, pathOf } from "./targets.mjs";
import { tableText } from "./text.mjs";

/** Makes one row; where a model or its weights are of no use the error is the row's result, so that the rest goes on. */
async function make({ about, spec }, models, quick) {
  const { model: name, target, process, levels: steps, seed } = about;
  const energy = energyOf(spec);
  const path = pathOf(energy.mixture, { process, steps });
  try {
    const model = await models.get(name, { energy, target, levels: path.levels, seed, quick });
    return await measure({ ...about, ...path, model, energy, isLearned: name !== "exact", name: keyOf(about) });
  } catch (error) {
    if (!(error instanceof BnemError)) throw error;
    return { error: `${error.code}: ${error.message}` };
  }
}

/** Keeps the model of the last rows: rows of one model come one after the other. */
class Models {
  key = "";
  last;

  async get(name, about) {
    const key = [name, about.target, about.seed].join(" | ");
    if (key === this.key) return this.last.model;
    this.dispose();
    this.last = await modelOf(name, about);
    this.key = key;
    return this.last.model;
  }

  dispose() {
    this.last?.dispose();
    this.last = undefined;
    this.key = "";
  }
}

const wordsOf = ({ error, ess, logZ, nEff, density }) => {
  if (error) return error;
  if (density) return `density ESS ${density.map((level) => level.density.toPrecision(2)).join(" ")}`;
  const shares = ess
    ? `ESS ${ess.reverse.toPrecision(3)} / ${ess.forward?.toPrecision(3) ?? "-"}, log Z ${logZ.value.toPrecision(2)}`
    : "";
  return `${shares} N_eff ${nEff?.value.toFixed(0) ?? "-"}`;
};

async function makeAll(wanted, options) {
  const began = performance.now();
  const models = new Models();
  const there = new Map(store.read().map((row) => [keyOf(row), row]));
  const missing = wanted.filter(({ about }) => options.again || !there.has(keyOf(about)));
  console.error(`${missing.length} of ${wanted.length} rows to make`);
  for (const one of missing) {
    const at = performance.now();
    if (at - began > 1000 * options.budget) {
      console.error(`the budget of ${options.budget} s is used up; run it again for the rest`);
      break;
    }
    const made = await make(one, models, options.quick);
    store.put({ ...one.about, ...(options.quick && { quick: true }), ...made });
    console.error(`${keyOf(one.about)}: ${wordsOf(made)} (${((performance.now() - at) / 1000).toFixed(1)} s)`);
  }
  models.dispose();
}

/** @throws RangeError where no row fits */
export async function runCorrection(options) {
  if (options.acceptance) {
    await init();
    return acceptance(options);
  }
  const wanted = grid(options).filter(({ about }) => fits(about, options.filter, dialsOf(about.target)));
  if (wanted.length === 0) throw new RangeError(`no row fits ${JSON.stringify(options.filter)}; --list shows them all`);
  if (options.list) {
    const there = new Set(store.read().map(keyOf));
    for (const { about } of wanted) console.log(`${there.has(keyOf(about)) ? "there  " : "missing"}  ${keyOf(about)}`);
    return;
  }
  if (options.forget) {
    const names = new Set(wanted.map(({ about }) => keyOf(about)));
    return console.log(`${store.remove((row) => names.has(keyOf(row)))} rows removed from ${store.file}`);
  }
  if (options.filter) {
    await init();
    await startBackend("wasm");
    await makeAll(wanted, options);
  }
  const rows = store.read();
  console.log(tableText(rows.filter((row) => fits(row, options.filter, dialsOf(row.target)))));
  console.log(`rows: ${store.file}`);
  if (!options.page) return;
  writeWhole(store.pageFile, page(rows));
  console.log(`page: ${store.pageFile}`);
}
