/**
 * The `bnem` command. Results on stdout, progress on stderr; with --json stdout is exactly one JSON object, for errors too.
 * Exit codes: 0 ok, 1 failure, 2 usage, 130 interrupted.
 *
 * The default job of a fresh checkout is `bnem train gmm40 --output-dir bnem-output`.
 */
import { Command, CommanderError } from "commander";
import { version } from "../index.js";
import { addDoctorCommand } from "./command-doctor.js";
import { addEnergyCommand } from "./command-energy.js";
import { addEvaluateCommand } from "./command-evaluate.js";
import { addInfoCommand } from "./command-info.js";
import { addReferenceCommand } from "./command-reference.js";
import { addSampleCommand } from "./command-sample.js";
import { addTrainCommand } from "./command-train.js";
import { errorData, exitCodeOf } from "./outcome.js";

function buildProgram(json: boolean): Command {
  const program = new Command("bnem")
    .description("Independent samples from a Boltzmann distribution, given its energy function.")
    .version(version)
    .showHelpAfterError("(add --help for usage)")
    .exitOverride()
    .configureOutput(json ? { writeErr: () => {} } : {});
  for (const add of [
    addTrainCommand,
    addSampleCommand,
    addEvaluateCommand,
    addReferenceCommand,
    addEnergyCommand,
    addInfoCommand,
    addDoctorCommand,
  ]) {
    add(program);
  }
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
}

async function main(argv: readonly string[]): Promise<void> {
  const json = wantsJson(argv);
  try {
    const program = buildProgram(json);
    if (argv.length === 0) program.help({ error: true });
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    const exitCode = exitCodeOf(error);
    process.exitCode = exitCode;
    if (exitCode === 0) return;
    if (json) process.stdout.write(`${JSON.stringify(errorData(error))}\n`);
    else if (!(error instanceof CommanderError)) process.stderr.write(`error: ${errorData(error).error.message}\n`);
  }
}

// A reader that closes the pipe early (head) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

await main(process.argv.slice(2));
