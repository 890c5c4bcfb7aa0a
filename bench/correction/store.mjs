/** The rows of the study that are there. */
import { rowStore } from "../support/row-store.mjs";

const FIELDS = ["model", "target", "transition", "corrector", "process", "levels", "n", "seed"];

/** What makes two rows the same one. */
export const keyOf = (row) => FIELDS.map((field) => row[field]).join(" | ");

export const rows = rowStore("correction", keyOf);

const terms = (filter) => filter?.map((term) => term.split("=")) ?? [];

/** Whether every term of a filter fits: "field=value" that field as a whole, a word any part of the key. `dials` are those a row lies on. */
export function fits(row, filter, dials = []) {
  return terms(filter).every(([left, right]) => {
    if (right === undefined) return keyOf(row).includes(left);
    if (left === "dial") return dials.includes(right);
    return String(row[left]) === right;
  });
}
