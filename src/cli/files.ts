/** Arrays in and out: NumPy files by extension, written whole or not at all. */
import { access, constants, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import {
  type Batch,
  BnemError,
  batchFromArray,
  type NumpyArray,
  type NumpyFile,
  readNpy,
  readNpz,
  writeNpy,
  writeNpz,
} from "../index.js";
import { writeAtomically } from "./atomic-write.js";
import { UsageError } from "./outcome.js";

/** Configurations from a file, with their log weights where it holds any. */
export interface LoadedSamples {
  readonly x: Batch;
  readonly logWeights?: Float64Array;
}

/** @throws BnemError "bad-file" naming the path when it cannot be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : (cause as Error).message;
    throw new BnemError("bad-file", `cannot read ${path}: ${why}`, { cause });
  }
}

/** Adds the path to what a parser says. */
async function inFile<T>(path: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (cause) {
    throw new BnemError("bad-file", `${path}: ${(cause as Error).message}`, { cause });
  }
}

function numbers(array: NumpyFile): Float64Array {
  return Float64Array.from(array.data as Iterable<number | bigint>, Number);
}

/** Reads `x` (and `log_weight`) from .npz, or the one array of .npy. */
export async function readSamples(path: string): Promise<LoadedSamples> {
  const bytes = await readBytes(path);
  if (extname(path).toLowerCase() === ".npy") return { x: await inFile(path, () => batchFromArray(readNpy(bytes))) };
  return inFile(path, async () => {
    const arrays = await readNpz(bytes);
    const x = arrays.get("x");
    if (!x) throw new RangeError(`no array "x"; it holds ${[...arrays.keys()].join(", ")}`);
    const weights = arrays.get("log_weight");
    const samples: LoadedSamples = { x: batchFromArray(x), logWeights: weights && numbers(weights) };
    if (samples.logWeights && samples.logWeights.length !== samples.x.n) {
      throw new RangeError(`log_weight has ${samples.logWeights.length} entries for ${samples.x.n} rows of x`);
    }
    return samples;
  });
}

/** @throws RangeError when the rows of a file are not configurations of the energy */
export function checkDim(path: string, x: Batch, energy: { readonly name: string; readonly dim: number }): void {
  if (x.dim !== energy.dim) {
    throw new RangeError(`${path}: its rows have ${x.dim} coordinates, ${energy.name} takes ${energy.dim}`);
  }
}

/** What a call of `sample` returned, as far as a file holds it. */
export interface StoredSamples {
  readonly x: Batch;
  readonly energy: Float32Array;
  readonly logWeights?: Float64Array;
}

/** Writes x, energy and log_weight as .npz; or x alone as .npy. */
export async function writeSamples(path: string, samples: StoredSamples): Promise<void> {
  const { x, energy, logWeights } = samples;
  const array: NumpyArray = { data: x.data, shape: [x.n, x.dim] };
  if (extname(path).toLowerCase() === ".npy") return writeAtomically(path, writeNpy(array));
  const arrays: Record<string, NumpyArray> = { x: array, energy: { data: energy, shape: [x.n] } };
  if (logWeights) arrays.log_weight = { data: logWeights, shape: [x.n] };
  await writeAtomically(path, writeNpz(arrays));
}

/** Refuses extensions that say another format. @throws UsageError */
export function checkExtension(flag: string, path: string, allowed: readonly string[]): void {
  if (!allowed.includes(extname(path).toLowerCase())) {
    throw new UsageError(`${flag} ${path}: expected a name ending in ${allowed.join(" or ")}`);
  }
}

/** Makes a folder for results. @throws BnemError "bad-file" */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new BnemError("bad-file", `cannot create the folder ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Finds out before the work, not after it, that a result could not be written. @throws BnemError "bad-file" */
export async function checkWritable(path: string): Promise<void> {
  try {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new Error("it is a folder; give a file name");
    await access(found ? path : dirname(path), constants.W_OK);
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    const why =
      code === "ENOENT"
        ? "its folder does not exist"
        : code === "EROFS"
          ? "the file system is read-only"
          : (cause as Error).message;
    throw new BnemError("bad-file", `cannot write ${path}: ${why}`, { cause });
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
