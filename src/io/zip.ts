/**
 * Reads the zip archives NumPy writes: stored or deflated entries, 64-bit local headers, below 4 GiB. Every entry's name, length and
 * CRC-32 are checked, which numpy-ts does not do. Refuses encryption, entries that overlap, and two of the same name.
 */
import { BnemError } from "../core/errors.js";
import { inflate } from "../core/inflate.js";
import { crc32 } from "./checksum.js";

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** Deflate cannot shrink further than this, so a larger claim is a lie; it bounds memory. */
const MOST_DEFLATED = 1032;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly stored: number;
  readonly size: number;
  readonly local: number;
}

function bad(problem: string, cause?: unknown): BnemError {
  return new BnemError("bad-file", `readNpz: ${problem}`, { cause });
}

function nameAt(bytes: Uint8Array, from: number, length: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(from, from + length));
  } catch (cause) {
    throw bad("an entry's name is damaged", cause);
  }
}

/** Offset of the end record: the last 22 bytes plus a comment that reaches the end of the file. */
function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === END && at + 22 + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  throw bad("not a .npz file, or one cut off; write it with numpy.savez");
}

function centralEntry(bytes: Uint8Array, view: DataView, at: number, end: number): { entry: Entry; next: number } {
  if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) throw bad("the table of contents is damaged");
  const nameLength = view.getUint16(at + 28, true);
  const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  if (next > end) throw bad("the table of contents is damaged");
  const name = nameAt(bytes, at + 46, nameLength);
  if (view.getUint16(at + 8, true) & 1) throw bad(`${name} is encrypted`);
  const [crc, stored, size] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true));
  const local = view.getUint32(at + 42, true);
  if ([stored, size, local].includes(0xffffffff)) throw bad(`${name} is larger than 4 GiB, which is not supported`);
  return { entry: { name, method: view.getUint16(at + 10, true), crc, stored, size, local }, next };
}

function readEntries(bytes: Uint8Array, view: DataView): { entries: Entry[]; start: number } {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  let at = start;
  while (entries.length < count) {
    const { entry, next } = centralEntry(bytes, view, at, end);
    entries.push(entry);
    at = next;
  }
  if (at !== end || view.getUint16(end + 8, true) !== count || view.getUint32(end + 12, true) !== end - start) {
    throw bad("the table of contents does not fit the file");
  }
  if (new Set(entries.map((entry) => entry.name)).size !== count) throw bad("two arrays have the same name");
  return { entries: entries.sort((a, b) => a.local - b.local), start };
}

/** The stored bytes of an entry, which must end before `limit`. */
function storedBytes(bytes: Uint8Array, view: DataView, entry: Entry, limit: number): Uint8Array {
  const { name, local } = entry;
  const damaged = () => bad(`the entry of ${name} is damaged`);
  if (local + 30 > limit || view.getUint32(local, true) !== LOCAL || view.getUint16(local + 8, true) !== entry.method)
    throw damaged();
  const nameLength = view.getUint16(local + 26, true);
  const from = local + 30 + nameLength + view.getUint16(local + 28, true);
  if (from + entry.stored > limit || nameAt(bytes, local + 30, nameLength) !== name) throw damaged();
  return bytes.subarray(from, from + entry.stored);
}

async function inflated(bytes: Uint8Array, size: number, name: string): Promise<Uint8Array> {
  if (size > MOST_DEFLATED * (bytes.length + 64)) throw bad(`the length of ${name} is not possible`);
  try {
    const remedy = `it cannot read ${name}; write the file with numpy.savez, uncompressed`;
    return await inflate("readNpz", new Uint8Array(bytes), size, remedy);
  } catch (cause) {
    if (cause instanceof BnemError) throw cause;
    throw bad(`the compressed bytes of ${name} are damaged`, cause);
  }
}

/** Entries by name, in file order. @throws BnemError "bad-file". */
export async function readZip(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { entries, start } = readEntries(bytes, view);
  const files = new Map<string, Uint8Array>();
  for (const [i, entry] of entries.entries()) {
    const raw = storedBytes(bytes, view, entry, i + 1 < entries.length ? entries[i + 1].local : start);
    if (entry.method !== 0 && entry.method !== 8)
      throw bad(`${entry.name} is compressed by method ${entry.method}; use numpy.savez`);
    const content = entry.method === 8 ? await inflated(raw, entry.size, entry.name) : raw;
    if (content.length !== entry.size || crc32(content) !== entry.crc)
      throw bad(`the bytes of ${entry.name} are damaged: wrong checksum`);
    files.set(entry.name, content);
  }
  return files;
}
