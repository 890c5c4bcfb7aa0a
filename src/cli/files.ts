/** Configurations in and out: NumPy files and extended XYZ by extension, written whole or not at all. */
import { access, constants, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import {
  type Batch,
  BnemError,
  batchFromArray,
  type Energy,
  type NumpyArray,
  type NumpyFile,
  readExtxyz,
  readNpy,
  readNpz,
  writeExtxyz,
  writeNpy,
  writeNpz,
} from "../index.js";
import { writeAtomically } from "./atomic-write.js";
import { say, UsageError } from "./outcome.js";

/** Extensions of files that hold configurations; the last two are for particles. */
export const SAMPLE_FILES = [".npz", ".npy", ".xyz", ".extxyz"] as const;

function isXyz(path: string): boolean {
  return [".xyz", ".extxyz"].includes(extname(path).toLowerCase());
}

/** The particles that an .xyz file is about. @throws UsageError for targets that are none */
function particlesOf(path: string, { name, particles }: Pick<Energy, "name" | "particles">): NonNullable<Energy["particles"]> {
  if (particles) return particles;
  throw new UsageError(`${path}: .xyz files hold particles, and ${name} is no energy of particles; use .npz or .npy`);
}

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

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("it is not text; arrays of numbers end in .npz or .npy", { cause });
  }
}

function numbers(array: NumpyFile): Float64Array {
  return Float64Array.from(array.data as Iterable<number | bigint>, Number);
}

/** Reads `x` (and `log_weight`) from .npz, the one array of .npy, or the frames of .xyz; their particles are those of the energy. */
export async function readSamples(path: string, energy: Pick<Energy, "name" | "particles">): Promise<LoadedSamples> {
  const bytes = await readBytes(path);
  if (isXyz(path)) {
    const { count, spatialDim } = particlesOf(path, energy);
    return inFile(path, () => readExtxyz(textOf(bytes), { count, spatialDim: spatialDim === 2 ? 2 : 3 }));
  }
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

/** @throws RangeError naming the first row that is not finite, and how many are */
export function checkFinite(path: string, { data, n, dim }: Batch): void {
  const first = data.findIndex((value) => !Number.isFinite(value));
  if (first < 0) return;
  let bad = 0;
  for (let row = 0; row < n; row++) if (!data.subarray(row * dim, (row + 1) * dim).every(Number.isFinite)) bad++;
  const row = Math.floor(first / dim);
  throw new RangeError(
    `${path}: ${bad} of ${n} rows are not finite, first row ${row} (from 0) with ${data[first]} as coordinate ${first % dim}; leave them out`,
  );
}

/** What a call of `sample` returned, as far as a file holds it. */
export interface StoredSamples {
  readonly x: Batch;
  readonly energy: Float32Array;
  readonly logWeights?: Float64Array;
}

/** Without the rows that came out non-finite, which no viewer reads; says how many those are. @throws BnemError when none is left */
function finiteOnly(path: string, { x, energy, logWeights }: StoredSamples): StoredSamples {
  const { data, n, dim } = x;
  const rows = Array.from({ length: n }, (_, i) => i).filter((i) => data.subarray(i * dim, (i + 1) * dim).every(Number.isFinite));
  if (rows.length === n) return { x, energy, logWeights };
  if (rows.length === 0) throw new BnemError("diverged", `${path}: none of the ${n} samples is finite; nothing was written`);
  say(`${path}: ${n - rows.length} of ${n} samples are not finite and were left out`);
  return {
    x: { data: Float32Array.from(rows.flatMap((i) => Array.from(data.subarray(i * dim, (i + 1) * dim)))), n: rows.length, dim },
    energy: Float32Array.from(rows, (i) => energy[i]),
    logWeights: logWeights && Float64Array.from(rows, (i) => logWeights[i]),
  };
}

/** Refuses .xyz for targets that are no particles. @throws UsageError */
export function checkSampleFile(flag: string, path: string, energy: Pick<Energy, "name" | "particles">): void {
  if (isXyz(path)) particlesOf(`${flag} ${path}`, energy);
}

/** Writes x, energy and log_weight as .npz, or as frames of .xyz; or x alone as .npy. */
export async function writeSamples(
  path: string,
  samples: StoredSamples,
  target: Pick<Energy, "name" | "particles">,
): Promise<void> {
  const { x, energy, logWeights } = samples;
  if (isXyz(path)) {
    const text = writeExtxyz(finiteOnly(path, samples), particlesOf(path, target));
    return writeAtomically(path, new TextEncoder().encode(text));
  }
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
