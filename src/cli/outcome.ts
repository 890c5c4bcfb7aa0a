/** How a command ends: exit codes, and one place that turns errors into text or JSON. */
import { CommanderError } from "commander";

export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "UsageError";
  }
}

/** Ended by a signal: exit code 130. */
export class Interrupted extends Error {
  constructor(message = "interrupted") {
    super(message);
    this.name = "Interrupted";
  }
}

/** Runs a check of what the user typed: its TypeError and RangeError are wrong use. */
export function asUsage<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return EXIT.failure;
}

/** An error as plain data: what `--json` prints. */
export function errorData(error: unknown): { error: { name: string; code?: string; message: string; exitCode: number } } {
  const exitCode = exitCodeOf(error);
  const code = (error as { code?: unknown } | null)?.code;
  const name = error instanceof CommanderError ? "UsageError" : error instanceof Error ? error.name : "Error";
  const message = error instanceof Error ? error.message.replace(/^error: /, "") : String(error);
  return { error: { name, ...(typeof code === "string" ? { code } : {}), message, exitCode } };
}

/** Prints a result: one JSON object, or the text. Numbers JSON cannot hold become null. */
export function printResult(json: boolean, data: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(data)}\n` : `${text.trimEnd()}\n`);
}

/** A sentence for the reader of the terminal; never on stdout. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
