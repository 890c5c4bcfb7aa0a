/**
 * What `sampleVerdict` says beside what is true: weighted samples of mixtures, whose energies, moments and mode fractions are known, from exact models,
 * from models that are wrong in one way by a known amount, and from networks that were trained for seconds. "Raw usable": energy, mean, mean square and a
 * chi-square of the mode fractions of the rows are each not rejected at .3 %, as n independent rows. "Weights usable": the same for the weighted rows,
 * as N_eff rows, and N_eff is at least 30. So about 1 % of what is right is counted as wrong.
 *
 *   npm run bench -- verdict        (about 7 minutes on two quiet cores)
 */
import { init } from "bnem";
import { designOf } from "./verdict/design.mjs";
import { learnedRows } from "./verdict/learned.mjs";
import { header, lineOf } from "./verdict/lines.mjs";
import { measure } from "./verdict/measure.mjs";
import { confusion, print } from "./verdict/table.mjs";

await init();
const quick = process.env.BNEM_QUICK === "1";
const rows = [];

async function add({ model, ...row }) {
  rows.push({ ...row, ...(await measure({ ...row, model })) });
  if (rows.length % 20 === 0) console.error(`${rows.length} samples`);
}
for (const row of designOf(quick ? 4 : 340)) await add(row);
for await (const row of learnedRows(quick)) await add(row);

const known = { sample: confusion(rows, false), withTargetSamples: confusion(rows, true) };
print("as sample() knows it", known.sample);
print("with draws of the target", known.withTargetSamples);
console.log(JSON.stringify({ ...known, columns: header, rows: rows.map(lineOf) }));
// Worker threads of the trainings are idle, and would keep the process.
process.exit(0);
