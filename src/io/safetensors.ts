/**
 * safetensors: 8 bytes little-endian header length, a JSON header { name: { dtype, shape, data_offsets }, __metadata__ }, spaces up
 * to a multiple of 8, then the tensors' bytes without holes. Any safetensors reader opens these files; tensors are laid out as the
 * reference writer does, widest numbers first, then by name. A checksum over the whole file sits in the metadata, because the
 * format has none. Every read is strict: nothing is guessed, and a damaged file is refused as a whole.
 *
 * @see https://github.com/huggingface/safetensors, section Format
 */
import { BnemError } from "../core/errors.js";
import { checksum64 } from "./checksum.js";
import { duplicateKey } from "./json-keys.js";

export interface TensorArrays {
  readonly F64: Float64Array;
  readonly F32: Float32Array;
  readonly U32: Uint32Array;
  readonly I32: Int32Array;
  readonly U8: Uint8Array;
}

export type TensorDtype = keyof TensorArrays;

/** Row-major numbers of one tensor; `[]` is one number. */
export type Tensor = {
  [D in TensorDtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: TensorArrays[D] };
}[TensorDtype];

/** What a .safetensors file holds. */
export interface SafetensorsFile {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: { readonly [key: string]: string };
  /** "absent" in files of other writers; a wrong checksum is an error. */
  readonly checksum: "ok" | "absent";
}

/** In the order of the reference writer: widest first. */
const TYPES = { F64: Float64Array, F32: Float32Array, U32: Uint32Array, I32: Int32Array, U8: Uint8Array } as const;
const DTYPES = Object.keys(TYPES) as TensorDtype[];
/** The reference reader's limit. */
const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";
const CHECKSUM = "bnem.checksum";
const CHECKSUM_DIGITS = 16;
const MARK = new TextEncoder().encode(`"${CHECKSUM}":"`);

function bad(problem: string, cause?: unknown): BnemError {
  return new BnemError("bad-file", `readSafetensors: ${problem}`, { cause });
}

/** Number of elements, or NaN when `shape` is not a list of whole numbers >= 0. */
function sizeOf(shape: readonly unknown[]): number {
  let size = 1;
  for (const n of shape) size *= Number.isSafeInteger(n) && (n as number) >= 0 ? (n as number) : Number.NaN;
  return size;
}

/** Where the checksum's digits are in the header's bytes; -1 without one. Quotes inside JSON strings are escaped, so it is a key. */
function findChecksum(header: Uint8Array): number {
  for (let at = header.indexOf(MARK[0]); at >= 0; at = header.indexOf(MARK[0], at + 1)) {
    if (MARK.every((byte, i) => header[at + i] === byte)) return at + MARK.length;
  }
  return -1;
}

/** Checksum of a whole file with its own digits counted as zeros. */
function checksumOf(file: Uint8Array, digits: number): string {
  const copy = new Uint8Array(file);
  copy.fill(0x30, digits, digits + CHECKSUM_DIGITS);
  return checksum64(copy);
}

function checkTensor(name: string, tensor: Tensor): void {
  const call = `writeSafetensors: tensor ${JSON.stringify(name)}`;
  if (name === METADATA) throw new RangeError(`${call}: this name is reserved`);
  if (!DTYPES.includes(tensor.dtype))
    throw new RangeError(`${call}: dtype must be one of ${DTYPES.join(", ")}, got ${tensor.dtype}`);
  const expected = TYPES[tensor.dtype];
  if (!(tensor.data instanceof expected))
    throw new TypeError(`${call}: data of dtype ${tensor.dtype} must be a ${expected.name}`);
  if (!Array.isArray(tensor.shape) || sizeOf(tensor.shape) !== tensor.data.length) {
    throw new RangeError(`${call}: shape [${tensor.shape}] does not fit ${tensor.data.length} numbers`);
  }
}

function checkMetadata(metadata: { readonly [key: string]: string }): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") throw new TypeError(`writeSafetensors: metadata ${JSON.stringify(key)} must be a string`);
    if (key === CHECKSUM) throw new RangeError(`writeSafetensors: metadata ${CHECKSUM} is written by this call; leave it out`);
  }
}

/** Header bytes with the checksum's digits still zero, padded with spaces to a multiple of 8. */
function headerBytes(ordered: readonly (readonly [string, Tensor])[], metadata: { readonly [key: string]: string }): Uint8Array {
  const parts = [`${JSON.stringify(METADATA)}:${JSON.stringify({ [CHECKSUM]: "0".repeat(CHECKSUM_DIGITS), ...metadata })}`];
  let begin = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    const end = begin + data.byteLength;
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const bytes = new TextEncoder().encode(`{${parts.join(",")}}`);
  if (bytes.length > MAX_HEADER - 8)
    throw new RangeError(`writeSafetensors: names and metadata take ${bytes.length} bytes, above 100 MB`);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8).fill(0x20);
  padded.set(bytes);
  return padded;
}

/**
 * safetensors bytes with a checksum over all of them (metadata `bnem.checksum`). Same input, same bytes.
 * @throws TypeError / RangeError for a reserved or unknown name or type, or a shape that does not fit its data.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor> | { readonly [name: string]: Tensor },
  metadata: { readonly [key: string]: string } = {},
): Uint8Array {
  if (tensors === null || typeof tensors !== "object")
    throw new TypeError("writeSafetensors: tensors must be a Map or an object of tensors by name");
  const ordered: (readonly [string, Tensor])[] = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  for (const [name, tensor] of ordered) checkTensor(name, tensor);
  checkMetadata(metadata);
  ordered.sort(([nameA, a], [nameB, b]) => DTYPES.indexOf(a.dtype) - DTYPES.indexOf(b.dtype) || (nameA < nameB ? -1 : 1));
  const header = headerBytes(ordered, metadata);
  const total = ordered.reduce((sum, [, tensor]) => sum + tensor.data.byteLength, 8 + header.length);
  const file = new Uint8Array(total);
  new DataView(file.buffer).setUint32(0, header.length, true);
  file.set(header, 8);
  let at = 8 + header.length;
  for (const [, { data }] of ordered) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  const digits = 8 + findChecksum(header);
  file.set(new TextEncoder().encode(checksumOf(file, digits)), digits);
  return file;
}

function readHeader(bytes: Uint8Array): { header: { [name: string]: unknown }; start: number } {
  if (bytes.length < 8) throw bad(`not a safetensors file: ${bytes.length} bytes, at least 8 expected`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > MAX_HEADER)
    throw bad("not a safetensors file, or its first 8 bytes are damaged: the header would be above 100 MB");
  if (8 + length > bytes.length)
    throw bad(`cut off, or no safetensors file: header of ${length} bytes in a file of ${bytes.length}`);
  if (bytes[8] !== 0x7b || length === 0) throw bad("not a safetensors file: the header does not start with {");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
    const header = JSON.parse(text);
    const twice = duplicateKey(text);
    if (twice !== undefined) throw new SyntaxError(`the name ${JSON.stringify(twice)} appears twice`);
    return { header, start: 8 + length };
  } catch (cause) {
    throw bad(`the header is damaged: ${(cause as Error).message}`, cause);
  }
}

/** Compares the checksum, where there is one. */
function verify(bytes: Uint8Array, start: number, stated: string | undefined): "ok" | "absent" {
  if (stated === undefined) return "absent";
  const digits = 8 + findChecksum(bytes.subarray(8, start));
  if (digits < 8 || stated.length !== CHECKSUM_DIGITS || checksumOf(bytes, digits) !== stated) {
    throw bad("the file is damaged: its checksum does not match; use another copy");
  }
  return "ok";
}

function readMetadata(value: unknown): { [key: string]: string } {
  if (value === undefined) return {};
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw bad(`${METADATA} must be an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw bad(`${METADATA} ${JSON.stringify(key)} must be a string`);
  }
  return value as { [key: string]: string };
}

interface Block {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

function readBlock(name: string, entry: unknown): Block {
  const call = `tensor ${JSON.stringify(name)}`;
  const fields = entry !== null && typeof entry === "object" ? Object.keys(entry).sort().join() : "";
  if (fields !== "data_offsets,dtype,shape") throw bad(`${call} must have exactly dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = entry as { [field: string]: unknown };
  if (!DTYPES.includes(dtype as TensorDtype))
    throw bad(`${call}: dtype ${JSON.stringify(dtype)} is not supported: ${DTYPES.join(", ")}`);
  if (!Array.isArray(shape) || !Array.isArray(offsets) || offsets.length !== 2)
    throw bad(`${call}: shape or data_offsets is no list`);
  const [begin, end] = offsets as number[];
  const bytes = sizeOf(shape) * TYPES[dtype as TensorDtype].BYTES_PER_ELEMENT;
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || end - begin !== bytes) {
    throw bad(`${call}: shape [${shape}] of ${dtype} does not fit data_offsets [${offsets}]`);
  }
  return { name, dtype: dtype as TensorDtype, shape, begin, end };
}

/** Sorts the blocks by place; each must start where the one before ends, and the last must end the file. */
function checkNoHoles(blocks: Block[], length: number): void {
  blocks.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of blocks) {
    if (begin !== at) throw bad(`tensor ${JSON.stringify(name)} starts at byte ${begin}, ${at} expected: a hole or an overlap`);
    at = end;
  }
  if (at !== length) throw bad(`${at} bytes of tensors expected, ${length} found: cut off or not complete`);
}

/**
 * Tensors and metadata of safetensors bytes, copied, with this package's checksum compared where the file has one.
 *
 * @param options.checksum "required" refuses files without one. Ask for it wherever this package wrote the file: damage to the
 *   checksum's own name otherwise looks like a file of another writer. Default "if-present".
 * @throws BnemError "bad-file" when the file is foreign, cut off, has holes, overlaps, doubled names, or a wrong checksum.
 */
export function readSafetensors(
  bytes: Uint8Array,
  options: { readonly checksum?: "required" | "if-present" } = {},
): SafetensorsFile {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("readSafetensors: bytes must be a Uint8Array");
  const { header, start } = readHeader(bytes);
  const { [METADATA]: stated, ...entries } = header;
  const { [CHECKSUM]: digits, ...metadata } = readMetadata(stated);
  const checksum = verify(bytes, start, digits);
  if (checksum === "absent" && options.checksum === "required")
    throw bad("the file is damaged, or not written by bnem: it has no checksum");
  const blocks = Object.entries(entries).map(([name, entry]) => readBlock(name, entry));
  checkNoHoles(blocks, bytes.length - start);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of blocks) {
    // A copy by `set`: Node's Buffer is a Uint8Array whose `slice` shares memory and need not be aligned.
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(start + begin, start + end));
    tensors.set(name, { dtype, shape, data: new TYPES[dtype](copy.buffer) } as Tensor);
  }
  return { tensors, metadata, checksum };
}
