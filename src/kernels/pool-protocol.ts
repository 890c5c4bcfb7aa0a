/** What a pool and its workers say to each other, and what a task is. */
import { BnemError, type BnemErrorCode } from "../core/errors.js";
import type { KernelModules } from "./load.js";

/** Where a task runs: on a worker or on the calling thread, with the kernels loaded. */
export interface TaskContext {
  /** What was installed on this thread, by key; tasks may keep things of their own here. */
  readonly state: Map<string, unknown>;
  progress(value: unknown): void;
  /** On the calling thread only, where nobody can stop a task from outside; a worker is ended instead. */
  readonly signal?: AbortSignal;
}

export interface TaskResult {
  readonly value: unknown;
  /** Buffers of `value` that the caller gets without a copy. */
  readonly transfer?: readonly ArrayBuffer[];
}

/**
 * A piece of work: from a payload that can be copied between threads to a value that can. A pure function of payload and installed
 * state, so that a task whose worker died can be done again. It never writes into its payload.
 */
export type Task = (payload: never, context: TaskContext) => TaskResult | Promise<TaskResult>;
export type TaskTable = Readonly<Record<string, Task>>;

export type ToWorker =
  | { readonly kind: "kernels"; readonly modules: KernelModules }
  | { readonly kind: "install"; readonly key: string; readonly task: string; readonly payload: unknown }
  | { readonly kind: "uninstall"; readonly key: string }
  | { readonly kind: "run"; readonly id: number; readonly task: string; readonly payload: unknown };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: PackedError }
  | { readonly kind: "value"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: PackedError }
  | { readonly kind: "progress"; readonly id: number; readonly value: unknown };

export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly code?: BnemErrorCode;
}

/** Name, message and code of whatever was thrown. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  return error instanceof BnemError ? { name, message, code: error.code } : { name, message };
}

/** The error as its own thread would have thrown it: class, name, message, code. */
export function unpackError({ name, message, code }: PackedError): Error {
  if (code !== undefined) return new BnemError(code, message);
  if (name === "TypeError") return new TypeError(message);
  if (name === "RangeError") return new RangeError(message);
  return Object.assign(new Error(message), { name });
}

/** @throws RangeError for a name that is not in the table: a mistake in this package, never a user's */
export function taskNamed(tasks: TaskTable, name: string): (payload: unknown, context: TaskContext) => Promise<TaskResult> {
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!task) throw new RangeError(`pool: unknown task "${name}"; known: ${Object.keys(tasks).join(", ")}`);
  return async (payload, context) => task(payload as never, context);
}
