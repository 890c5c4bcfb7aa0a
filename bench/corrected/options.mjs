/** The command line of bench:corrected. */
import { parseArgs } from "node:util";
import { names, optionTable, whole } from "../support/arguments.mjs";

export const usage = `bench:corrected -- [options]
  --part NAMES       learned, unbalanced, particles, calls, cost, tuning, separated by commas, or "all"; without one the tables are shown and
                     nothing is made
  --task NAMES       only rows of these tasks
  --seed NUMBERS     training seeds in place of each part's own, separated by commas
  --budget SECONDS   begin no row after this time; what is missing is made by the next run
  --again            make rows again that are there
  --forget           remove the rows of these parts and tasks, and stop
  --list             names of the rows and whether they are there, and stop
  --quick            few rows and training steps, to see that it runs; results go to another folder
  --workers NUMBER   threads, or "auto" (default)
  --help             this text`;

const flags = ["again", "forget", "list", "quick", "help"];
const texts = ["part", "task", "seed", "budget", "workers"];

/** @throws RangeError, or what parseArgs throws, for what the usage does not list */
export function parseOptions(argv) {
  const { values } = parseArgs({ args: argv, options: optionTable(flags, texts) });
  const { part, task, seed, budget, workers, ...rest } = values;
  return {
    ...rest,
    parts: names(part),
    tasks: names(task),
    seeds: names(seed)?.map((text) => whole("seed", text, 0)),
    budget: budget === undefined ? Infinity : whole("budget", budget, 1),
    workers: workers === undefined || workers === "auto" ? "auto" : whole("workers", workers, 1),
  };
}
