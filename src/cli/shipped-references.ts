/** The reference sets beside the package: 1,000 configurations each of DW-4, LJ-13 and LJ-55. */
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Batch, type Energy, loadReference } from "../index.js";
import { checkDim, readBytes, readSamples } from "./files.js";
import { UsageError } from "./outcome.js";

/** What `--reference` says for one of these. */
export const BUILTIN = "builtin";

/** Seen from dist/cli.js. */
const FOLDER = new URL("../references/", import.meta.url);

async function shipped(energy: Energy): Promise<Batch> {
  const names = (await readdir(FOLDER)).filter((file) => file.endsWith(".npz")).sort();
  const file = `${energy.name}.npz`;
  if (!names.includes(file)) {
    const known = names.map((name) => name.slice(0, -".npz".length)).join(", ");
    throw new UsageError(
      `--reference ${BUILTIN}: there is none of ${energy.name}, only of ${known}; make one with bnem reference`,
    );
  }
  return (await loadReference(await readBytes(fileURLToPath(new URL(file, FOLDER))), energy)).x;
}

/** The one that ships for a target without exact draws, where there is one: what training scores itself against unless told otherwise. */
export async function shippedIfAny(energy: Energy): Promise<Batch | undefined> {
  if (energy.exact || energy.options === null) return undefined;
  try {
    return await shipped(energy);
  } catch {
    // None of this target, or of one with other options, whose check value differs.
    return undefined;
  }
}

/** Configurations of a reference: a file's, or those that ship. @throws UsageError where none ships */
export async function referenceRows(choice: string, energy: Energy): Promise<Batch> {
  if (choice === BUILTIN) return shipped(energy);
  const { x } = await readSamples(choice, energy);
  checkDim(choice, x, energy);
  return x;
}
