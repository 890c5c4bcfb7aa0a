/** A worker's side of the pool: takes messages one after the other and answers them. Runs in a thread of its own. */
import { initKernelsFrom } from "../kernels/load.js";
import {
  type FromWorker,
  packError,
  type TaskContext,
  type TaskTable,
  type ToWorker,
  taskNamed,
} from "../kernels/pool-protocol.js";
import { threadsModule } from "../kernels/pool-spawn.js";

interface Port {
  post(message: FromWorker, transfer: readonly ArrayBuffer[]): void;
  listen(take: (message: ToWorker) => void): void;
}

/** The part of a web worker's global scope that is used here. */
interface WebScope {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
}

function parentPort(): Port {
  const parent = threadsModule()?.parentPort;
  if (parent) {
    return {
      post: (message, transfer) => parent.postMessage(message, transfer),
      listen: (take) => parent.on("message", take),
    };
  }
  const scope = globalThis as unknown as WebScope;
  return {
    post: (message, transfer) => scope.postMessage(message, transfer),
    listen: (take) => {
      scope.onmessage = ({ data }) => take(data);
    },
  };
}

/** Serves the tasks of a table to the thread that started this one. */
export function serve(tasks: TaskTable): void {
  const port = parentPort();
  const state = new Map<string, unknown>();
  /** What could not be installed; every job fails with it until it is taken away. */
  const failed = new Map<string, unknown>();
  const post = (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => port.post(message, transfer);

  async function install({ key, task, payload }: Extract<ToWorker, { kind: "install" }>): Promise<void> {
    failed.delete(key);
    try {
      state.set(key, (await taskNamed(tasks, task)(payload, { state, progress: () => undefined })).value);
    } catch (error) {
      failed.set(key, error);
    }
  }

  async function run({ id, task, payload }: Extract<ToWorker, { kind: "run" }>): Promise<void> {
    try {
      for (const error of failed.values()) throw error;
      const progress: TaskContext["progress"] = (value) => post({ kind: "progress", id, value });
      const { value, transfer } = await taskNamed(tasks, task)(payload, { state, progress });
      post({ kind: "value", id, value }, transfer);
    } catch (error) {
      post({ kind: "error", id, error: packError(error) });
    }
  }

  async function handle(message: ToWorker): Promise<void> {
    if (message.kind === "run") return run(message);
    if (message.kind === "install") return install(message);
    if (message.kind === "uninstall") {
      state.delete(message.key);
      failed.delete(message.key);
      return;
    }
    await initKernelsFrom(message.modules);
    post({ kind: "ready" });
  }

  let last = Promise.resolve();
  port.listen((message) => {
    last = last.then(() => handle(message)).catch((error) => post({ kind: "failed", error: packError(error) }));
  });
}
