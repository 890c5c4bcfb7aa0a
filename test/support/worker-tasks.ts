/** Tasks that misbehave, wait and tell: what a pool must stand. */
import { BnemError } from "../../src/core/errors.js";
import { Machine } from "../../src/kernels/machine.js";
import type { TaskContext, TaskResult, TaskTable } from "../../src/kernels/pool-protocol.js";
import { tasks } from "../../src/worker/tasks.js";
import { kernelBytes } from "./kernel-memory.js";

/** True in a worker; the tests run in the main thread of their process. */
const inWorker = globalThis.process?.getBuiltinModule("worker_threads").isMainThread === false;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A word that survives the death of a worker: shared with the test. */
interface Marked {
  readonly marks: SharedArrayBuffer;
}

/** Counts its runs; ends its worker the first `deaths` times, in the way asked for. */
async function dying({ marks, deaths, way }: Marked & { deaths: number; way: "exit" | "throw" | "reject" }): Promise<TaskResult> {
  const run = Atomics.add(new Int32Array(marks), 0, 1);
  if (run < deaths) {
    // The bundle is built with `process` undefined.
    if (way === "exit") globalThis.process.exit(3);
    if (way === "throw") setTimeout(() => throwLate());
    if (way === "reject") void Promise.reject(new Error("nobody catches this"));
    await pause(10_000);
  }
  return { value: run };
}

function throwLate(): never {
  throw new Error("thrown from a timer");
}

function spin({ milliseconds }: { milliseconds: number }): TaskResult {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  return { value: inWorker };
}

function failing({ how }: { how: "type" | "range" | "bnem" | "own" | "text" | "uncopyable" }): TaskResult {
  if (how === "type") throw new TypeError("wrong kind");
  if (how === "range") throw new RangeError("wrong value");
  if (how === "bnem") throw new BnemError("diverged", "wrong state");
  if (how === "own") throw Object.assign(new Error("own"), { name: "OwnError" });
  if (how === "text") throw "only text";
  return { value: () => 0 };
}

async function counting({ to }: { to: number }, context: TaskContext): Promise<TaskResult> {
  for (let i = 1; i <= to; i++) context.progress(i);
  return { value: to };
}

/** Bytes that a thread's kernels and machines hold, and how many things are installed in it. */
export interface Holdings {
  readonly inWorker: boolean;
  readonly keys: number;
  readonly machines: number;
  readonly kernels: number;
}

function holdings(_: unknown, { state }: TaskContext): TaskResult {
  const machines = [...state.values()].filter((value) => value instanceof Machine);
  const bytes = machines.reduce((sum, machine) => sum + machine.bytes, 0);
  const value: Holdings = { inWorker, keys: state.size, machines: bytes, kernels: kernelBytes() };
  return { value };
}

export const testTasks: TaskTable = {
  ...tasks,
  echo: (payload: unknown) => ({ value: payload }),
  where: () => ({ value: inWorker }),
  spin,
  dying,
  failing,
  counting,
  holdings,
  keep: (payload: unknown) => ({ value: payload }),
  kept: ({ key }: { key: string }, { state }: TaskContext) => ({ value: [inWorker, state.get(key)] }),
};
