/** Figures of the study from its rows: medians over the seeds at the cases of a dial. */
import { median } from "../support/report/columns.mjs";
import { dials, nameOf } from "./targets.mjs";

const fieldsFit = (row, wanted) => Object.entries(wanted).every(([name, value]) => row[name] === value);

/** Median over the rows that fit; undefined where none has it. @param wanted { model, target, transition, corrector, process } */
export function middle(rows, wanted, value) {
  const found = rows.filter((row) => !row.error && fieldsFit(row, { process: "ve", ...wanted })).map(value);
  const numbers = found.filter((one) => Number.isFinite(one));
  return numbers.length > 0 ? median(numbers) : undefined;
}

/** [[place on the axis, median]] along a dial, cases without rows left out. */
export function along(rows, dial, wanted, value) {
  const { cases, of } = dials[dial];
  return cases.flatMap((one) => {
    const found = middle(rows, { ...wanted, target: nameOf(one) }, value);
    return found === undefined ? [] : [[of(one), found]];
  });
}

/** A share of the rows no smaller than one row: one path in a wilderness of the model can take a forward share to 1e-200. */
const atLeastOne = (share, rows) => (share === undefined ? undefined : Math.max(share, 1 / rows));
export const reverseEss = ({ ess, n }) => atLeastOne(ess?.reverse, n);
export const forwardEss = ({ ess, forward }) => atLeastOne(ess?.forward, forward?.n);

/** Of both the smaller one: what neither overlooks. */
export const leastEss = (row) => (row.ess ? Math.min(reverseEss(row), forwardEss(row) ?? Infinity) : undefined);
