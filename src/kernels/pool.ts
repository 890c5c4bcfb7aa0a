/**
 * A pool of threads for work that is a pure function of what it is sent. What a job computes does not depend on where it runs, how many
 * threads there are, or how often a worker died on the way. Where workers cannot be had, everything runs on the calling thread.
 */
import { BnemError } from "../core/errors.js";
import { follow, nextTurn, throwIfAborted } from "../core/task.js";
import { initKernels } from "./load.js";
import { AbortWatch } from "./pool-abort.js";
import { type TaskTable, taskNamed } from "./pool-protocol.js";
import { type Install, type Job, PoolWorker } from "./pool-worker.js";

export interface PoolOptions {
  /** Threads that compute, the calling one included; 1: no worker is ever started. See `resolveWorkers`. */
  readonly threads: number;
  /** Text of the program that workers run; it must serve the same table. */
  readonly source: string;
  readonly tasks: TaskTable;
  /** Milliseconds a worker may take to start; default 5,000. */
  readonly startLimit?: number;
}

export interface JobOptions {
  /** Ends the job with its reason; the worker that computes it is ended too. */
  readonly signal?: AbortSignal;
  /** Called with each value the task reports. */
  readonly onProgress?: (value: unknown) => void;
}

export interface ShareOptions {
  readonly signal?: AbortSignal;
  /** Called after each payload, with how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with each value that the task of a payload reports, and the number of the payload. */
  readonly onReport?: (index: number, value: unknown) => void;
  /** Called with each result as soon as it is there. */
  readonly onResult?: (index: number, value: unknown) => void;
  /** True: known to be worth sharing, so the first payload is not timed alone while the other threads wait. */
  readonly heavy?: boolean;
}

/** A payload of a share, and who hears of it. */
interface Piece {
  readonly payload: unknown;
  readonly onProgress: (value: unknown) => void;
  readonly finished: (value: unknown) => void;
}

function piecesOf(payloads: readonly unknown[], { onProgress, onReport, onResult }: ShareOptions): Piece[] {
  let done = 0;
  return payloads.map((payload, index) => ({
    payload,
    onProgress: (value) => onReport?.(index, value),
    finished: (value) => {
      onResult?.(index, value);
      onProgress?.(++done, payloads.length);
    },
  }));
}

/** Jobs a worker is sent ahead: it has the next one at hand while the calling thread computes and cannot answer. */
const AHEAD = 2;
const MOST_DEATHS = 2;
/** `share` sends nothing to workers when less than this is left, in ms: waking them costs up to 1. */
const WORTH_SHARING = 10;

export class WorkerPool {
  readonly threads: number;
  private readonly options: PoolOptions;
  private readonly startLimit: number;
  private workers: PoolWorker[] = [];
  private queue: Job[] = [];
  private readonly installs = new Map<string, Install>();
  private readonly state = new Map<string, unknown>();
  private readonly stateFrom = new Map<string, Install>();
  private readonly watch = new AbortWatch((jobs, reason) => this.abort(jobs, reason));
  /** Workers that may live at once; falls when some do not start. */
  private most: number;
  private trouble: string | undefined;
  private lastId = 0;
  private draining = false;
  private loaded = false;
  private disposed = false;

  constructor(options: PoolOptions) {
    this.options = options;
    this.threads = options.threads;
    this.startLimit = options.startLimit ?? 5000;
    this.most = options.threads - 1;
  }

  /** One line for the user when fewer threads compute than were asked for; undefined while all is well. */
  get notice(): string | undefined {
    return this.trouble;
  }

  /** Workers alive now, starting ones included. */
  get liveWorkers(): number {
    return this.workers.length;
  }

  /**
   * Runs one task on a worker, or on the calling thread where there is none. The payload is copied, never moved: a job whose worker
   * dies is done again, at most twice.
   *
   * @throws what the task throws (class, name, message, code), the signal's reason, BnemError("unsupported") after three dead workers,
   * BnemError("disposed")
   */
  async run<T>(task: string, payload: unknown, options: JobOptions = {}): Promise<T> {
    // A job is on its way before the caller goes on: one that computes right after asking would hold the message back until it is done.
    if (this.loaded) this.assertUsable(options.signal);
    else await this.prepare(options.signal);
    return (await this.enqueue(task, payload, options).done) as T;
  }

  /** Runs one task on the calling thread. */
  async here<T>(task: string, payload: unknown, options: JobOptions = {}): Promise<T> {
    await this.prepare(options.signal);
    return (await this.compute(task, payload, options)) as T;
  }

  /**
   * Runs a task on every payload, on all threads, the calling one included; results in the order of the payloads. Pieces of 1 to 5 ms are
   * best: the calling thread cannot abort inside one. The first is timed, and when what is left would take less than 10 ms nothing is
   * sent away. After a failure or an abort, nothing of it runs any more.
   */
  async share<T>(task: string, payloads: readonly unknown[], options: ShareOptions = {}): Promise<T[]> {
    await this.prepare(options.signal);
    const stop = new AbortController();
    const release = follow(options.signal, stop);
    try {
      return (await this.spread(task, piecesOf(payloads, options), stop, options.heavy ?? false)) as T[];
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      release();
    }
  }

  /**
   * Has every thread compute a task once and keep its value under `key`, replacements of dead workers included; jobs sent from now on
   * find it in `context.state`. A job that is done again finds what is installed then: give a new thing a new key while jobs need the old.
   */
  install(key: string, task: string, payload: unknown): void {
    this.installs.set(key, { key, task, payload });
  }

  uninstall(key: string): void {
    this.installs.delete(key);
    this.state.delete(key);
    this.stateFrom.delete(key);
  }

  /** Ends all workers; jobs that wait end with BnemError("disposed"). */
  dispose(): void {
    this.disposed = true;
    const waiting = [...this.queue, ...this.workers.flatMap((worker) => worker.jobs)];
    for (const worker of this.workers) worker.end();
    this.workers = [];
    this.queue = [];
    for (const job of waiting) job.reject(new BnemError("disposed", "pool: disposed while work was waiting"));
  }

  private assertUsable(signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    if (this.disposed) throw new BnemError("disposed", "pool: disposed; take another");
  }

  private async prepare(signal: AbortSignal | undefined): Promise<void> {
    this.assertUsable(signal);
    await initKernels();
    this.loaded = true;
    throwIfAborted(signal);
  }

  private enqueue(task: string, payload: unknown, { signal, onProgress }: JobOptions): { job: Job; done: Promise<unknown> } {
    let settle: Pick<Job, "resolve" | "reject"> | undefined;
    const done = new Promise<unknown>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const once = (act: ((value: unknown) => void) | undefined) => (value: unknown) => {
      job.settled = true;
      this.watch.delete(job);
      act?.(value);
    };
    const id = ++this.lastId;
    const [resolve, reject] = [once(settle?.resolve), once(settle?.reject)];
    const job: Job = { id, task, payload, signal, onProgress, resolve, reject, settled: false, deaths: 0 };
    this.watch.add(job);
    this.queue.push(job);
    this.pump();
    return { job, done };
  }

  private abort(jobs: readonly Job[], reason: unknown): void {
    for (const job of jobs) job.reject(reason);
    this.queue = this.queue.filter((job) => !job.settled);
    for (const worker of [...this.workers]) if (worker.jobs[0]?.settled) this.drop(worker);
    this.pump();
  }

  /** Ends a worker; what it had and somebody waits for goes back to the front of the queue. */
  private drop(worker: PoolWorker): void {
    worker.end();
    this.workers = this.workers.filter((other) => other !== worker);
    this.queue.unshift(...worker.jobs.filter((job) => !job.settled));
  }

  private lost(worker: PoolWorker, reason: string): void {
    const [running] = worker.jobs;
    if (running && ++running.deaths > MOST_DEATHS) {
      const died = `pool: ${running.deaths} workers died one after the other while they ran "${running.task}"`;
      running.reject(new BnemError("unsupported", `${died} (${reason}); use workers: 1`));
    }
    this.drop(worker);
    if (!worker.ready) this.startFailed(reason);
    this.pump();
  }

  private startFailed(reason: string): void {
    this.most = this.workers.length;
    const threads = this.most === 0 ? "one thread does all the work" : `${this.most + 1} threads are used`;
    this.trouble = `bnem: a worker did not start (${reason}); ${threads}`;
  }

  /** A worker that has answered goes on with the next job it was sent; when nobody waits for that one, it is ended. */
  private answered(worker: PoolWorker): void {
    if (worker.jobs[0]?.settled) this.drop(worker);
    this.pump();
  }

  /** Hands out what waits: to idle workers, to new ones, then ahead to busy ones. */
  private pump(): void {
    if (this.disposed) return;
    const free = (below: number) => this.workers.find((worker) => worker.ready && worker.jobs.length < below);
    for (let idle = free(1); idle && this.queue.length > 0; idle = free(1)) this.sendNext(idle);
    const starting = () => this.workers.filter((worker) => !worker.ready).length;
    while (this.workers.length < this.most && starting() < this.queue.length) this.spawn();
    for (let busy = free(AHEAD); busy && this.queue.length > starting(); busy = free(AHEAD)) this.sendNext(busy);
    for (const worker of this.workers) worker.hold(worker.jobs.length > 0 || (!worker.ready && this.queue.length > 0));
    if (this.most === 0 && this.queue.length > 0) void this.drain();
  }

  private sendNext(worker: PoolWorker): void {
    const job = this.queue.shift();
    if (!job) return;
    try {
      worker.send(job, this.installs);
    } catch (error) {
      // A payload that cannot be copied between threads.
      job.reject(error);
    }
  }

  private spawn(): void {
    try {
      const worker = new PoolWorker(this.options.source, this.startLimit, {
        ready: () => this.pump(),
        answered: (sender) => this.answered(sender),
        lost: (sender, reason) => this.lost(sender, reason),
      });
      this.workers.push(worker);
    } catch (error) {
      this.startFailed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Without workers: the queue, one job after the other, on the calling thread. */
  private async drain(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    for (let job = this.queue.shift(); job; job = this.queue.shift()) {
      await nextTurn();
      await this.settleHere(job);
    }
    this.draining = false;
  }

  private async settleHere(job: Job): Promise<void> {
    if (job.settled) return;
    try {
      job.resolve(await this.compute(job.task, job.payload, job));
    } catch (error) {
      job.reject(error);
    }
  }

  private async compute(task: string, payload: unknown, { signal, onProgress }: JobOptions): Promise<unknown> {
    const context = { state: this.state, signal, progress: onProgress ?? (() => undefined) };
    for (const [key, install] of this.installs) {
      if (this.stateFrom.get(key) === install) continue;
      const { value } = await taskNamed(this.options.tasks, install.task)(install.payload, context);
      if (this.installs.get(key) !== install) continue;
      this.state.set(key, value);
      this.stateFrom.set(key, install);
    }
    throwIfAborted(signal);
    return (await taskNamed(this.options.tasks, task)(payload, context)).value;
  }

  private async spread(task: string, pieces: readonly Piece[], stop: AbortController, heavy: boolean): Promise<unknown[]> {
    if (pieces.length === 0) return [];
    if (heavy && this.most > 0) return this.spreadRest(task, pieces, stop);
    const { signal } = stop;
    const here = async ({ payload, onProgress, finished }: Piece) => {
      const value = await this.compute(task, payload, { signal, onProgress });
      finished(value);
      return value;
    };
    const started = performance.now();
    const results = [await here(pieces[0])];
    const left = (performance.now() - started) * (pieces.length - 1);
    if (left >= WORTH_SHARING && this.most > 0) return [...results, ...(await this.spreadRest(task, pieces.slice(1), stop))];
    for (const piece of pieces.slice(1)) {
      await nextTurn();
      results.push(await here(piece));
    }
    return results;
  }

  /** Workers take from the front, the calling thread from the back, until nothing is left to take. */
  private async spreadRest(task: string, pieces: readonly Piece[], stop: AbortController): Promise<unknown[]> {
    const { signal } = stop;
    const parts = pieces.map(({ payload, onProgress }) => this.enqueue(task, payload, { signal, onProgress }));
    const results = Promise.all(
      parts.map(async ({ done }, at) => {
        const value = await done;
        pieces[at].finished(value);
        return value;
      }),
    );
    // What fails elsewhere ends this thread's part too.
    results.catch((error) => stop.abort(error));
    for (let at = parts.length - 1; at >= 0; at--) {
      const { job } = parts[at];
      const place = this.queue.lastIndexOf(job);
      if (place < 0) continue;
      this.queue.splice(place, 1);
      await this.settleHere(job);
      await nextTurn();
      throwIfAborted(signal);
    }
    return results;
  }
}
