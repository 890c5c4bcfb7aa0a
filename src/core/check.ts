/** Argument guards for the public edge: which call, what was expected, what came, what to do. They never change a value. */
import type { Batch, Key } from "./types.js";

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Uint8Array).length})`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value !== null && typeof value === "object") return "an object";
  return String(value);
}

function checkKind(call: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${call}: ${name} must be a number, got ${show(value)}`);
}

/** @throws TypeError when not a number, RangeError outside [min, max] or NaN. */
export function checkNumber(call: string, name: string, value: unknown, min = -Infinity, max = Infinity): number {
  checkKind(call, name, value);
  if (!(value >= min && value <= max)) {
    throw new RangeError(`${call}: ${name} must be in [${min}, ${max}], got ${value}`);
  }
  return value;
}

/** @throws TypeError / RangeError unless a finite number > 0. */
export function checkPositive(call: string, name: string, value: unknown): number {
  checkKind(call, name, value);
  if (!(value > 0 && value < Infinity)) {
    throw new RangeError(`${call}: ${name} must be a finite number above 0, got ${value}`);
  }
  return value;
}

/** @throws TypeError / RangeError unless an integer in [min, max]. */
export function checkInteger(call: string, name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  checkKind(call, name, value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${call}: ${name} must be an integer in [${min}, ${max}], got ${value}`);
  }
  return value;
}

/** A seed is an integer in [0, 2^53). */
export function checkSeed(call: string, value: unknown): number {
  return checkInteger(call, "seed", value, 0);
}

/** A stream handle. @throws TypeError unless { a, b } of two numbers */
export function checkKey(call: string, value: unknown): asserts value is Key {
  const key = value as Key | null | undefined;
  if (typeof key?.a !== "number" || typeof key.b !== "number") {
    throw new TypeError(`${call}: key must be a Key, made by keyOf(seed) or derive(key, ...), got ${show(value)}`);
  }
}

/** Whether a value is an object with these methods; how interfaces that come in as values are recognised. */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (value === null || typeof value !== "object") return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** Keys of every long call. @throws TypeError unless an AbortSignal and a function, where present */
export function checkTask(call: string, task: { readonly signal?: unknown; readonly onProgress?: unknown } | null): void {
  const { signal, onProgress } = task ?? {};
  // By its shape: a signal may come from another realm or a polyfill.
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.aborted !== "boolean") {
    throw new TypeError(`${call}: signal must be an AbortSignal, got ${show(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`${call}: onProgress must be a function, got ${show(onProgress)}`);
  }
}

/** Edits (insert, delete, replace, swap of neighbours) from one name to another, for the nearest known name. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    before = row;
    row = next;
  }
  return row[b.length];
}

/** The known name closest to `name`. */
export function nearest(name: string, known: readonly string[]): string {
  let best = known[0] ?? "";
  let least = Infinity;
  for (const candidate of known) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase());
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

/** @throws RangeError naming the nearest known name. */
export function checkOneOf<T extends string>(call: string, name: string, value: unknown, known: readonly T[]): T {
  if (typeof value !== "string") throw new TypeError(`${call}: ${name} must be a string, got ${show(value)}`);
  if (!known.includes(value as T)) {
    throw new RangeError(
      `${call}: unknown ${name} ${show(value)}; did you mean "${nearest(value, known)}"? Known: ${known.join(", ")}`,
    );
  }
  return value as T;
}

/** Refuses unknown option keys. @throws TypeError when not an object, RangeError naming the nearest known key. */
export function checkOptions(call: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw new TypeError(`${call}: options must be an object, got ${show(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new RangeError(`${call}: unknown option "${key}"; did you mean "${nearest(key, known)}"? Known: ${known.join(", ")}`);
    }
  }
}

/**
 * A well-formed Batch of finite coordinates.
 * @throws TypeError for the wrong kind, RangeError for the wrong shape or a non-finite coordinate (its row is named).
 */
export function checkBatch(call: string, x: unknown, dim?: number, finite = true): asserts x is Batch {
  const batch = x as Batch;
  if (batch === null || typeof batch !== "object" || !(batch.data instanceof Float32Array)) {
    throw new TypeError(`${call}: x must be a Batch { data: Float32Array, n, dim }, got ${show(x)}`);
  }
  checkInteger(call, "x.n", batch.n, 1);
  checkInteger(call, "x.dim", batch.dim, 1);
  if (dim !== undefined && batch.dim !== dim) throw new RangeError(`${call}: x.dim must be ${dim}, got ${batch.dim}`);
  if (batch.data.length !== batch.n * batch.dim) {
    throw new RangeError(`${call}: x.data must hold n * dim = ${batch.n * batch.dim} numbers, got ${batch.data.length}`);
  }
  if (!finite) return;
  for (let i = 0; i < batch.data.length; i++) {
    if (!Number.isFinite(batch.data[i])) {
      throw new RangeError(
        `${call}: x must be finite, got ${batch.data[i]} at row ${Math.floor(i / batch.dim)}, coordinate ${i % batch.dim}`,
      );
    }
  }
}

/** @throws TypeError / RangeError unless a Float32Array of one direction per row of x, [n, dim]; its numbers are not looked at. */
export function checkDirection(call: string, direction: unknown, { n, dim }: Batch): void {
  if (!(direction instanceof Float32Array))
    throw new TypeError(`${call}: direction must be a Float32Array [n, dim], got ${show(direction)}`);
  if (direction.length !== n * dim) {
    throw new RangeError(`${call}: direction must hold n * dim = ${n * dim} numbers, got ${direction.length}`);
  }
}
