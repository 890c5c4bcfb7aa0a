/** The rows that are there. */
import { rowStore } from "../support/row-store.mjs";

/** What makes two rows the same one. */
export const keyOf = ({ part, task, name, seed }) => [part, task, name, seed].join(" | ");

export const rows = rowStore("corrected", keyOf);
