/** Makes the rows that were asked for and are not there, and shows the tables. */
import { init, startBackend } from "bnem";
import { aligned } from "../support/report/columns.mjs";
import * as calls from "./calls.mjs";
import * as cost from "./cost.mjs";
import * as learned from "./learned.mjs";
import { disposeModels } from "./models.mjs";
import * as particles from "./particles.mjs";
import { keyOf, rows as store } from "./store.mjs";
import * as tuning from "./tuning.mjs";
import * as unbalanced from "./unbalanced.mjs";

/** A part: `about`, `pieces(options)` its rows as they are to be made, and `lines(rows)` its table. */
const parts = { learned, unbalanced, particles, calls, cost, tuning };

/** @throws RangeError naming what is there */
function chosen(kind, asked, known) {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`no ${kind} "${unknown}"; there are ${known.join(", ")}`);
  return asked;
}

function partsOf({ parts: asked }) {
  const known = Object.keys(parts);
  if (asked === undefined || asked.includes("all")) return known;
  return chosen("part", asked, known);
}

function piecesOf(names, options) {
  const all = names.flatMap((part) => parts[part].pieces(options).map((piece) => ({ part, ...piece })));
  const tasks = [...new Set(all.map(({ task }) => task))];
  const wanted = options.tasks && chosen("task", options.tasks, tasks);
  return wanted ? all.filter(({ task }) => wanted.includes(task)) : all;
}

async function makeRow({ make, ...about }, { quick }) {
  const began = performance.now();
  const row = store.put({ ...about, ...(quick && { quick }), ...(await make({ quick })) });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.error(`${keyOf(row)}: ${row.error ?? "made"} (${seconds} s)`);
}

async function makeAll(pieces, options) {
  await init({ workers: options.workers });
  await startBackend("wasm");
  const began = performance.now();
  let left = 0;
  for (const piece of pieces) {
    if (!options.again && store.find(piece)) continue;
    if (performance.now() - began > 1000 * options.budget) left++;
    else await makeRow(piece, options);
  }
  disposeModels();
  if (left > 0) console.error(`the budget is spent: ${left} rows are left for the next run`);
}

/** @throws RangeError for parts and tasks that are not there */
export async function runCorrected(options) {
  const names = partsOf(options);
  const pieces = piecesOf(names, options);
  if (options.list) {
    for (const piece of pieces) console.log(`${store.find(piece) ? "there  " : "missing"}  ${keyOf(piece)}`);
    return;
  }
  if (options.forget) {
    const keys = new Set(pieces.map(keyOf));
    console.log(`${store.remove((row) => keys.has(keyOf(row)))} rows removed from ${store.file}`);
    return;
  }
  if (options.parts) await makeAll(pieces, options);
  const rows = store.read();
  for (const name of names) {
    const own = rows.filter(({ part }) => part === name);
    console.log(`\n${parts[name].about}${own.some(({ quick }) => quick) ? " (a quick run: no figure to keep)" : ""}`);
    console.log(own.length === 0 ? "no rows yet" : aligned(parts[name].lines(own), 2).join("\n"));
  }
  console.log(`\nrows: ${store.file}`);
}
