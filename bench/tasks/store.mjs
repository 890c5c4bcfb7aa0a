/** The rows of the tasks that are there, and checkpoints of runs that are not finished. */
import { fileStore, rowStore } from "../support/row-store.mjs";

/** What makes two rows the same one. */
export const keyOf = ({ task, method, variant, seed, budget }) => [task, method, variant, seed, budget].join(" | ");

export const rows = rowStore("tasks", keyOf);
export const unfinished = fileStore("tasks-unfinished");
