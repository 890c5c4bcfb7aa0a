/**
 * Starting a thread from text, without files, eval or SharedArrayBuffer. Node 20 and Bun have worker_threads behind
 * process.getBuiltinModule, take a data: URL, and can leave an idle worker to the end of the program. Pages, their workers and Deno
 * (without permissions) take a Blob URL, which a Content-Security-Policy may refuse.
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
  readonly parentPort?: ParentPort | null;
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

/** A worker's end of its connection. */
export interface ParentPort {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (message: ToWorker) => void): void;
}

interface BuiltinModules {
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

/** A module of the runtime itself; undefined in pages. The bundle names none: it must load in a page. */
export function builtinModule(name: string): unknown {
  return (globalThis as BuiltinModules).process?.getBuiltinModule?.(name);
}

const inDeno = (): boolean => "Deno" in globalThis;

/**
 * node:worker_threads where that is the way. Deno has it too, but walks through every element of an array that arrives: an 80 KB array
 * takes 1.7 ms there and back, and 0.17 ms with its own workers.
 */
export function threadsModule(): ThreadsModule | undefined {
  return inDeno() ? undefined : (builtinModule("worker_threads") as ThreadsModule | undefined);
}

/** Deno's own workers keep a program alive: an idle one is ended after this many milliseconds. A new one takes about 40. */
const DENO_IDLE = 1000;

function startThread(source: string, events: ThreadEvents): Thread | undefined {
  const threads = threadsModule();
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
  const worker = new Worker(url, { type: inDeno() ? "module" : "classic" });
  let idle: ReturnType<typeof setTimeout> | undefined;
  let started = false;
  const end = () => {
    clearTimeout(idle);
    worker.terminate();
    URL.revokeObjectURL(url);
  };
  worker.onmessage = (event) => {
    started = true;
    events.message(event.data as FromWorker);
  };
  worker.onmessageerror = () => events.ended("a message could not be read");
  worker.onerror = (event) => {
    event.preventDefault();
    events.ended(event.message || "it could not be started; does the page's Content-Security-Policy lack worker-src blob:?");
  };
  const hold = (yes: boolean) => {
    clearTimeout(idle);
    idle = yes || !started || !inDeno() ? undefined : setTimeout(() => events.ended("idle"), DENO_IDLE);
  };
  return { post: (message) => worker.postMessage(message), hold, end };
}

/** Starts `source` in a thread of its own. @throws where the runtime refuses at once; refusals that come later are `ended` */
export function startWorker(source: string, events: ThreadEvents): Thread {
  return startThread(source, events) ?? startWebWorker(source, events);
}
