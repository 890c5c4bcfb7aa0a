/** Configurations in and out: NumPy files and extended XYZ by extension, written whole or not at all. */
import { access, constants, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import {
  type Batch,
  BnemError,
  batchFromArray,
  type Energy,
  type NumpyFile,
  readExtxyz,
  readNpy,
  readNpz,
  type SampleScalars,
  sampleArrays,
  sampleScalarNames,
  sampleScalars,
  type WrittenSample,
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
  readonly ancestors?: Int32Array;
  /** What is said of all rows: log_z, n_eff, ... */
  readonly scalars: SampleScalars;
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

/** Those that samples have; files of others may hold anything. */
function known(scalars: { readonly [name: string]: number | undefined }): SampleScalars {
  return Object.fromEntries(sampleScalarNames.filter((name) => scalars[name] !== undefined).map((name) => [name, scalars[name]]));
}

/** @throws RangeError for anything but one 32-bit whole number per row */
function ancestorsOf(array: NumpyFile): Int32Array {
  const values = numbers(array);
  const ancestors = Int32Array.from(values);
  const row = values.findIndex((value, i) => value !== ancestors[i]);
  if (row >= 0) throw new RangeError(`ancestor must hold whole numbers of 32 bits, got ${values[row]} at row ${row} (from 0)`);
  return ancestors;
}

function samplesOf(arrays: ReadonlyMap<string, NumpyFile>): LoadedSamples {
  const array = arrays.get("x");
  if (!array) throw new RangeError(`no array "x"; it holds ${[...arrays.keys()].join(", ")}`);
  const x = batchFromArray(array);
  const [weights, ancestors] = [arrays.get("log_weight"), arrays.get("ancestor")];
  for (const [name, rows] of Object.entries({ log_weight: weights, ancestor: ancestors })) {
    if (rows && rows.data.length !== x.n) throw new RangeError(`${name} has ${rows.data.length} entries for ${x.n} rows of x`);
  }
  const single = [...arrays].filter(([, { shape }]) => shape.length === 0);
  return {
    x,
    logWeights: weights && numbers(weights),
    ancestors: ancestors && ancestorsOf(ancestors),
    scalars: known(Object.fromEntries(single.map(([name, file]) => [name, numbers(file)[0]]))),
  };
}

/**
 * Reads `x` (with `log_weight`, `ancestor` and what is said of all rows) from .npz, the one array of .npy, or the frames of .xyz; their
 * particles are those of the energy.
 */
export async function readSamples(path: string, energy: Pick<Energy, "name" | "particles">): Promise<LoadedSamples> {
  const bytes = await readBytes(path);
  if (isXyz(path)) {
    const { count, spatialDim } = particlesOf(path, energy);
    const read = () => readExtxyz(textOf(bytes), { count, spatialDim: spatialDim === 2 ? 2 : 3 });
    const { x, logWeights, ancestors, scalars = {} } = await inFile(path, read);
    return { x, logWeights, ancestors, scalars: known(scalars) };
  }
  if (extname(path).toLowerCase() === ".npy") {
    return { x: await inFile(path, () => batchFromArray(readNpy(bytes))), scalars: {} };
  }
  return inFile(path, async () => samplesOf(await readNpz(bytes)));
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

/** Without the rows that came out non-finite, which no viewer reads; says how many those are. @throws BnemError when none is left */
function finiteOnly(path: string, sample: WrittenSample): WrittenSample {
  const { x, energy, logWeights, ancestors } = sample;
  const { data, n, dim } = x;
  const rows = Array.from({ length: n }, (_, i) => i).filter((i) => data.subarray(i * dim, (i + 1) * dim).every(Number.isFinite));
  if (rows.length === n) return sample;
  if (rows.length === 0) throw new BnemError("diverged", `${path}: none of the ${n} samples is finite; nothing was written`);
  say(`${path}: ${n - rows.length} of ${n} samples are not finite and were left out`);
  return {
    ...sample,
    x: { data: Float32Array.from(rows.flatMap((i) => Array.from(data.subarray(i * dim, (i + 1) * dim)))), n: rows.length, dim },
    energy: Float32Array.from(rows, (i) => energy[i]),
    logWeights: logWeights && Float64Array.from(rows, (i) => logWeights[i]),
    ancestors: ancestors && Int32Array.from(rows, (i) => ancestors[i]),
  };
}

/** Refuses .xyz for targets that are no particles. @throws UsageError */
export function checkSampleFile(flag: string, path: string, energy: Pick<Energy, "name" | "particles">): void {
  if (isXyz(path)) particlesOf(`${flag} ${path}`, energy);
}

/** Writes `sampleArrays` as .npz, or the same as frames of .xyz; or x alone as .npy. */
export async function writeSamples(
  path: string,
  sample: WrittenSample,
  target: Pick<Energy, "name" | "particles">,
): Promise<void> {
  if (isXyz(path)) {
    const finite = finiteOnly(path, sample);
    const text = writeExtxyz({ ...finite, scalars: sampleScalars(sample) }, particlesOf(path, target));
    return writeAtomically(path, new TextEncoder().encode(text));
  }
  const { x } = sample;
  if (extname(path).toLowerCase() === ".npy") {
    return writeAtomically(path, writeNpy({ data: x.data, shape: [x.n, x.dim] }));
  }
  await writeAtomically(path, writeNpz(sampleArrays(sample)));
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
