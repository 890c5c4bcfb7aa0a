/**
 * One NumPy array in memory and as .npy bytes. Writing goes through numpy-ts/core (2.7 KB gzip for the functions used here and in
 * npz.ts). Of its reader only the header parser is used: the whole of it costs 13 KB, reserves 256 MiB of WASM memory for the first
 * array, and accepts files with bytes left over. Refuses pickled objects, strings, complex and half-precision numbers.
 */
import { type NDArrayCore, type NpyMetadata, parseNpyHeader, serializeNpy } from "numpy-ts/core";
import { BnemError } from "../core/errors.js";
import type { Batch } from "../core/types.js";

export type ArrayData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Numbers in C order (last index fastest) and their shape; `[]` is one number. */
export interface NumpyArray {
  readonly data: ArrayData;
  readonly shape: readonly number[];
}

/** What a file held; `dtype` is NumPy's name ("float32", "int64", "bool", ...). */
export interface NumpyFile extends NumpyArray {
  readonly dtype: string;
}

type ArrayConstructor = { new (buffer: ArrayBuffer): ArrayData; readonly BYTES_PER_ELEMENT: number };

const DTYPES: ReadonlyMap<string, readonly [name: string, type: ArrayConstructor]> = new Map<
  string,
  readonly [string, ArrayConstructor]
>([
  ["f4", ["float32", Float32Array]],
  ["f8", ["float64", Float64Array]],
  ["i1", ["int8", Int8Array]],
  ["i2", ["int16", Int16Array]],
  ["i4", ["int32", Int32Array]],
  ["i8", ["int64", BigInt64Array]],
  ["u1", ["uint8", Uint8Array]],
  ["u2", ["uint16", Uint16Array]],
  ["u4", ["uint32", Uint32Array]],
  ["u8", ["uint64", BigUint64Array]],
  ["b1", ["bool", Uint8Array]],
]);

function bad(problem: string, cause?: unknown): BnemError {
  return new BnemError("bad-file", `readNpy: ${problem}`, { cause });
}

/** Number of elements, or NaN when `shape` is not a list of whole numbers >= 0. */
function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, n) => (Number.isSafeInteger(n) && n >= 0 ? size * n : Number.NaN), 1);
}

/** The borrowed writer's view of an array: the fields it reads, without the WASM memory its own arrays live in. */
export function asNumpy(call: string, array: NumpyArray): NDArrayCore {
  const { data, shape } = array ?? {};
  const dtype = (data as { [Symbol.toStringTag]?: string } | undefined)?.[Symbol.toStringTag]
    ?.replace(/^Big|Array$/g, "")
    .toLowerCase();
  if (!ArrayBuffer.isView(data) || ![...DTYPES.values()].some(([name]) => name === dtype)) {
    throw new TypeError(`${call}: data must be a typed array of integers, floats or big integers`);
  }
  if (!Array.isArray(shape)) throw new TypeError(`${call}: shape must be an array of whole numbers`);
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(`${call}: shape [${shape.join(", ")}] needs ${sizeOf(shape)} numbers, data has ${data.length}`);
  }
  const storage = { data, isCContiguous: true, offset: 0, iget: (i: number) => data[i] };
  return { dtype, shape: [...shape], size: data.length, storage } as unknown as NDArrayCore;
}

/**
 * .npy bytes (format 3.0, little-endian, C order): `numpy.load(path)` gives the array back.
 * @throws TypeError when data is no numeric typed array, RangeError when shape and data disagree.
 * @see numpy.lib.format
 */
export function writeNpy(array: NumpyArray): Uint8Array {
  return serializeNpy(asNumpy("writeNpy", array));
}

interface Layout {
  readonly name: string;
  readonly type: ArrayConstructor;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly count: number;
  readonly offset: number;
}

function parse(bytes: Uint8Array): NpyMetadata {
  try {
    return parseNpyHeader(bytes);
  } catch (cause) {
    throw bad("not a NumPy .npy file, or one cut off in its header; write it with numpy.save", cause);
  }
}

/** Checks the header against its own text, which the borrowed parser reads loosely ("3.5" as 3), and against the file's length. */
function readLayout(bytes: Uint8Array): Layout {
  const { version, header, dataOffset } = parse(bytes);
  const start = version.major === 1 ? 10 : 12;
  if (!(dataOffset > start && dataOffset <= bytes.length)) throw bad("the header's length is not possible");
  const { descr, shape } = header;
  const entries = [
    `'descr':'${descr}'`,
    `'fortran_order':${header.fortran_order ? "True" : "False"}`,
    `'shape':(${shape.join(",")})`,
  ];
  const text = new TextDecoder()
    .decode(bytes.subarray(start, dataOffset))
    .replace(/\s/g, "")
    .replace(/,([)}])/g, "$1");
  const rest = entries.reduce((left, entry) => left.replace(entry, ""), text);
  if (rest !== "{,,}") throw bad("the header is not the one numpy.save writes");
  const known = /^[<>|][a-z]\d$/.test(descr) ? DTYPES.get(descr.slice(1)) : undefined;
  if (!known) throw bad(`dtype ${JSON.stringify(descr)} is not supported; use astype("float32") before numpy.save`);
  const [name, type] = known;
  const count = sizeOf(shape);
  if (dataOffset + count * type.BYTES_PER_ELEMENT !== bytes.length) {
    throw bad(
      `shape (${shape.join(", ")}) of ${name} needs ${count * type.BYTES_PER_ELEMENT} bytes, the file has ${bytes.length - dataOffset}`,
    );
  }
  return { name, type, bigEndian: descr[0] === ">", fortran: header.fortran_order, shape, count, offset: dataOffset };
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** From first index fastest to last index fastest. */
function toRowMajor(data: ArrayData, shape: readonly number[], empty: ArrayData): ArrayData {
  const strides: number[] = [];
  shape.reduce((stride, n) => {
    strides.push(stride);
    return stride * n;
  }, 1);
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < data.length; i++) {
    empty[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return empty;
}

/**
 * Reads .npy bytes of format 1 to 3, either byte order, C or Fortran order; the result is in C order and owned by the caller.
 * @throws BnemError "bad-file" when the bytes are no such file, are cut off or too long, or hold another kind of number.
 */
export function readNpy(bytes: Uint8Array): NumpyFile {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("readNpy: bytes must be a Uint8Array");
  const layout = readLayout(bytes);
  // A copy by `set`: Node's Buffer is a Uint8Array whose `slice` shares memory and need not be aligned.
  const copy = new Uint8Array(layout.count * layout.type.BYTES_PER_ELEMENT);
  copy.set(bytes.subarray(layout.offset));
  if (layout.bigEndian) swapBytes(copy, layout.type.BYTES_PER_ELEMENT);
  let data = new layout.type(copy.buffer);
  if (layout.fortran && layout.shape.length > 1)
    data = toRowMajor(data, layout.shape, new layout.type(new ArrayBuffer(copy.length)));
  return { data, shape: layout.shape, dtype: layout.name };
}

/**
 * Configurations from an array [n, dim] of any real type, rounded to float32. NaN and infinities pass: the call that uses the batch
 * names their row.
 * @throws TypeError when it is no array, RangeError when it is not two-dimensional, or empty.
 */
export function batchFromArray(array: NumpyArray): Batch {
  const { data, shape } = array ?? {};
  if (!ArrayBuffer.isView(data) || !Array.isArray(shape)) {
    throw new TypeError("batchFromArray: array must be { data: a typed array, shape: [n, dim] }");
  }
  if (shape.length !== 2 || !(shape[0] >= 1) || !(shape[1] >= 1) || sizeOf(shape) !== data.length) {
    throw new RangeError(
      `batchFromArray: expected an array [n, dim] with n, dim >= 1, got shape [${shape.join(", ")}] with ${data.length} numbers`,
    );
  }
  const values = data instanceof BigInt64Array || data instanceof BigUint64Array ? Array.from(data, Number) : data;
  return { data: Float32Array.from(values), n: shape[0], dim: shape[1] };
}
