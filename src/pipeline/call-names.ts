/** Chains speak as `runChains`; inside another call their errors are that call's. */
import { BnemError } from "../core/errors.js";

const THEIRS = "runChains: ";

/** The same error under another name, with `more` at its end; errors of others as they are. */
export function underName(call: string, error: unknown, more = ""): unknown {
  if (!(error instanceof Error) || !error.message.startsWith(THEIRS)) return error;
  const text = `${call}: ${error.message.slice(THEIRS.length)}${more}`;
  return error instanceof BnemError ? new BnemError(error.code, text, { cause: error }) : new RangeError(text, { cause: error });
}
