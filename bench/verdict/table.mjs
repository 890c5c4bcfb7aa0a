/** Verdicts beside the truth: who was told what, how often a use that was allowed was wrong, and what each rule is worth. */
import { sampleVerdict } from "bnem";

const uses = ["raw", "weights", "no"];
const truthOf = ({ rawOk, weightsOk }) => (rawOk ? "raw" : weightsOk ? "weights" : "neither");
const wrong = (use, { rawOk, weightsOk }) => (use === "raw" && !rawOk) || (use === "weights" && !weightsOk);
const tally = (list) =>
  Object.fromEntries([...new Set(list)].map((name) => [name, list.filter((other) => other === name).length]));

/** Verdict of a row; one whose sample ended in an error is a "no". `target`: forward ESS of draws of the target is known. */
function verdictOf(row, target) {
  if (row.failed) return { use: "no", broken: [row.failed] };
  return sampleVerdict({ ...row.facts, ...(target && row.drawn) });
}

/** Counts of verdict x truth, with the uses that were wrong and the faults behind them. */
export function confusion(rows, target) {
  const judged = rows.map((row) => ({ row, truth: row.truth ?? {}, ...verdictOf(row, target) }));
  const counts = Object.fromEntries(
    uses.map((use) => {
      const own = judged.filter((one) => one.use === use);
      const bad = own.filter((one) => wrong(use, one.truth));
      const truths = ["raw", "weights", "neither"].map((name) => [
        name,
        own.filter(({ truth }) => truthOf(truth) === name).length,
      ]);
      const faults = tally(bad.map(({ row }) => row.fault));
      return [use, { rows: own.length, truth: Object.fromEntries(truths), ...(use !== "no" && { wrong: bad.length, faults }) }];
    }),
  );
  return { counts, rules: rulesOf(judged.filter(({ use }) => use === "no")) };
}

/** How often each rule was broken, and broken alone; of those, rows that could not have been used in any way. */
function rulesOf(refused) {
  const names = [...new Set(refused.flatMap(({ broken }) => broken))];
  return Object.fromEntries(
    names.map((name) => {
      const alone = refused.filter(({ broken }) => broken.length === 1 && broken[0] === name);
      const right = alone.filter(({ truth }) => truthOf(truth) === "neither").length;
      const broken = refused.filter((one) => one.broken.includes(name)).length;
      return [name, { broken, alone: alone.length, aloneAndRight: right }];
    }),
  );
}

export function print(title, { counts, rules }) {
  console.error(`\n${title}`);
  for (const use of uses) {
    const { rows, truth, wrong: bad, faults } = counts[use];
    const end = bad === undefined ? "" : `, wrong ${bad} ${bad > 0 ? JSON.stringify(faults) : ""}`;
    console.error(
      `${use.padEnd(8)} ${rows}: raw usable ${truth.raw}, only weights ${truth.weights}, neither ${truth.neither}${end}`,
    );
  }
  for (const [name, { broken, alone, aloneAndRight }] of Object.entries(rules)) {
    console.error(`  ${name.padEnd(14)} broken ${broken}, alone ${alone}, of them unusable ${aloneAndRight}`);
  }
}
