/**
 * Starting a thread from text, without files, eval or SharedArrayBuffer. Node 20, Deno 2 and Bun have worker_threads behind
 * process.getBuiltinModule, take a data: URL, need no permission for it, and can leave an idle worker to the end of the program.
 * Pages and their workers take a Blob URL, which a Content-Security-Policy may refuse.
 */
import type { FromWorker, ToWorker } from "./pool-protocol.js";

export interface Thread {
  post(message: ToWorker): void;
  /** Whether this thread keeps the program alive. */
  hold(yes: boolean): void;
  end(): void;
}

export interface ThreadEvents {
  message(message: FromWorker): void;
  /** The thread is of no more use: an uncaught error, its end, a message that could not be read. May come more than once. */
  ended(reason: string): void;
}

/** The part of node:worker_threads that is used here. */
interface ThreadsModule {
  readonly Worker?: new (
    url: URL,
    options: { readonly execArgv: readonly string[] },
  ) => {
    on(event: string, listener: (value: never) => void): void;
    postMessage(message: unknown): void;
    ref(): void;
    unref(): void;
    terminate(): unknown;
  };
}

interface BuiltinModules {
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

/** A module of the runtime itself; undefined in pages. The bundle names none: it must load in a page. */
export function builtinModule(name: string): unknown {
  return (globalThis as BuiltinModules).process?.getBuiltinModule?.(name);
}

function startThread(source: string, events: ThreadEvents): Thread | undefined {
  const threads = builtinModule("worker_threads") as ThreadsModule | undefined;
  if (!threads?.Worker) return undefined;
  // None of the program's own --import and --require hooks: they may not work in a thread, and nothing here needs them.
  const worker = new threads.Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { execArgv: [] });
  worker.on("message", events.message);
  worker.on("messageerror", () => events.ended("a message could not be read"));
  worker.on("error", (error: unknown) => events.ended(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code: number) => events.ended(`it ended with code ${code}`));
  return {
    post: (message) => worker.postMessage(message),
    hold: (yes) => (yes ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

function startWebWorker(source: string, events: ThreadEvents): Thread {
  if (typeof Worker !== "function" || typeof Blob !== "function") throw new Error("this runtime has no workers");
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  const end = () => {
    worker.terminate();
    URL.revokeObjectURL(url);
  };
  worker.onmessage = (event) => {
    // The first message proves that the text was read.
    URL.revokeObjectURL(url);
    events.message(event.data as FromWorker);
  };
  worker.onmessageerror = () => events.ended("a message could not be read");
  worker.onerror = (event) => {
    event.preventDefault();
    events.ended(event.message || "it could not be started; does the page's Content-Security-Policy lack worker-src blob:?");
  };
  return { post: (message) => worker.postMessage(message), hold: () => undefined, end };
}

/** Starts `source` in a thread of its own. @throws where the runtime refuses at once; refusals that come later are `ended` */
export function startWorker(source: string, events: ThreadEvents): Thread {
  return startThread(source, events) ?? startWebWorker(source, events);
}
