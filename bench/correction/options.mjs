/** The command line of bench:correction. */
import { parseArgs } from "node:util";
import { names, optionTable, whole } from "../support/arguments.mjs";

export const usage = `bench:correction -- [options]
  --filter TERMS     rows to make, terms separated by semicolons, all of which must fit: model=exact, transition=full, corrector=smc,
                     dial=dimension, or any part of a row's name; "all" for every row. Without it rows are shown and none is made
  --budget SECONDS   begin no row after this time; what is missing is made by the next run
  --seed NUMBERS     separated by commas; default 1
  --n NUMBER         rows of a run, default 2048 (fewer where Hessians of a learned model are asked for in many dimensions)
  --levels NUMBER    steps of the path; default 64
  --again            make rows again that are there
  --forget           remove the rows that fit, and stop
  --acceptance       path ESS of the exact model on two modes beside the thresholds, and stop; with --n
  --quick            few rows, levels and training steps, to see that it runs; results go to another folder
  --page             write correction.html
  --list             names of the rows that fit and whether they are there, and stop
  --help             this text`;

const flags = ["again", "forget", "acceptance", "quick", "page", "list", "help"];
const texts = ["filter", "budget", "seed", "n", "levels"];

/** @throws RangeError, or what parseArgs throws, for what the usage does not list */
export function parseOptions(argv) {
  const { values } = parseArgs({ args: argv, options: optionTable(flags, texts) });
  const { filter, budget, seed, n, levels, ...rest } = values;
  return {
    ...rest,
    filter: filter === undefined ? undefined : filter === "all" ? [] : filter.split(";").map((term) => term.trim()),
    budget: budget === undefined ? Infinity : whole("budget", budget, 1),
    seeds: (names(seed) ?? ["1"]).map((text) => whole("seed", text, 0)),
    n: n === undefined ? undefined : whole("n", n, 64),
    levels: levels === undefined ? undefined : whole("levels", levels, 2),
  };
}
