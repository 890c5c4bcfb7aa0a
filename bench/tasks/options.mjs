/** The command line of bench:tasks. */
import { parseArgs } from "node:util";
import { names, optionTable, whole } from "../support/arguments.mjs";

export const usage = `bench:tasks -- [options]
  --task NAMES       dw4, lj13, lj55, manywell32, gmm16, gmm40, separated by commas; default all
  --method NAMES     methods of the task (--list names them), or "all"; without one the tables are shown and nothing is trained
  --seed NUMBERS     training seeds, separated by commas; default 1
  --budget LENGTH    training length in place of the method's own: 400steps or 120s
  --n NUMBER         samples per row in place of the task's own
  --curve            also judge raw samples after 25, 50 and 75 % of the training
  --no-chains        leave out MALA, HMC and parallel tempering
  --again            make rows again that are there
  --forget           remove the rows of these tasks, methods and seeds, and stop
  --quick            a few steps and samples, to see that it runs; results go to another folder
  --workers NUMBER   threads, or "auto" (default)
  --page             write tasks.html
  --list             tasks and methods, and stop
  --help             this text`;

const flags = ["curve", "no-chains", "again", "forget", "quick", "page", "list", "help"];
const texts = ["task", "method", "seed", "budget", "n", "workers"];

/** "120s" or "400steps". */
function budgetOf(text) {
  const found = /^(\d+(?:\.\d+)?)\s*(s|steps)$/.exec(text);
  if (!found || Number(found[1]) <= 0)
    throw new RangeError(`--budget must be like 120s or 400steps, got ${JSON.stringify(text)}`);
  return found[2] === "s" ? { seconds: Number(found[1]) } : { steps: whole("budget", found[1], 1) };
}

/** @throws RangeError, or what parseArgs throws, for what the usage does not list */
export function parseOptions(argv) {
  const { values } = parseArgs({ args: argv, options: optionTable(flags, texts) });
  const { task, method, seed, budget, n, workers, "no-chains": noChains, ...rest } = values;
  return {
    ...rest,
    tasks: names(task),
    methods: names(method),
    seeds: (names(seed) ?? ["1"]).map((text) => whole("seed", text, 0)),
    budget: budget === undefined ? undefined : budgetOf(budget),
    n: n === undefined ? undefined : whole("n", n, 16),
    workers: workers === undefined || workers === "auto" ? "auto" : whole("workers", workers, 1),
    chains: !noChains,
  };
}
