/** Values of command-line options. */

/** @throws RangeError naming the option */
export function whole(name, text, least) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`--${name} must be a whole number from ${least}, got ${JSON.stringify(text)}`);
  }
  return value;
}

/** "a, b" as ["a", "b"]; undefined stays. */
export const names = (text) => text?.split(",").map((word) => word.trim());

/** Flags and texts as parseArgs takes them. */
export const optionTable = (flags, texts) =>
  Object.fromEntries([
    ...flags.map((name) => [name, { type: "boolean", default: false }]),
    ...texts.map((name) => [name, { type: "string" }]),
  ]);

/** Runs a bench; options that it refuses are one line, not a stack. */
export function runBench(name, main) {
  main().catch((error) => {
    const refused = error instanceof RangeError || error.code?.startsWith?.("ERR_PARSE_ARGS");
    console.error(refused ? `${name}: ${error.message}` : error);
    process.exitCode = 1;
  });
}
