/** One worker of a pool: its start, what it knows of kernels and installed things, the jobs it was sent. */
import { type KernelModules, kernelModules } from "./load.js";
import { type FromWorker, type ToWorker, unpackError } from "./pool-protocol.js";
import { startWorker, type Thread } from "./pool-spawn.js";

/** A promise in the pool's hands. */
export interface Job {
  readonly id: number;
  readonly task: string;
  readonly payload: unknown;
  readonly signal?: AbortSignal;
  readonly onProgress?: (value: unknown) => void;
  /** Settles the promise; later calls do nothing. */
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Settled already: nobody waits for it. */
  settled: boolean;
  /** Workers that died while they ran it. */
  deaths: number;
}

/** Something each worker computes once and keeps. */
export interface Install {
  readonly key: string;
  readonly task: string;
  readonly payload: unknown;
}

export interface WorkerEvents {
  ready(worker: PoolWorker): void;
  /** A job was answered and has left `jobs`. */
  answered(worker: PoolWorker): void;
  /** Called once: it did not start, died, or spoke nonsense. */
  lost(worker: PoolWorker, reason: string): void;
}

/** Where timers can be left to the end of the program, this one is. */
function quietTimer(action: () => void, milliseconds: number): ReturnType<typeof setTimeout> {
  const timer = setTimeout(action, milliseconds);
  (timer as { unref?(): void }).unref?.();
  return timer;
}

export class PoolWorker {
  /** Sent and not answered, oldest first; the worker computes the first. */
  readonly jobs: Job[] = [];
  ready = false;
  private gone = false;
  private readonly thread: Thread;
  private readonly startTimer: ReturnType<typeof setTimeout>;
  private modules: KernelModules;
  private readonly installed = new Map<string, Install>();

  /** @throws where the runtime refuses workers at once */
  constructor(
    source: string,
    startLimit: number,
    private readonly events: WorkerEvents,
  ) {
    this.modules = kernelModules();
    this.thread = startWorker(source, {
      message: (message) => this.take(message),
      ended: (reason) => this.lose(reason),
    });
    this.startTimer = quietTimer(() => this.lose(`it did not start within ${startLimit / 1000} s`), startLimit);
    this.post({ kind: "kernels", modules: this.modules });
  }

  /** Sends a job, and first whatever changed since the last one. Jobs that were sent before see the state of before. */
  send(job: Job, installs: ReadonlyMap<string, Install>): void {
    const modules = kernelModules();
    if (modules.relaxed !== this.modules.relaxed || modules.exact !== this.modules.exact) {
      this.modules = modules;
      this.post({ kind: "kernels", modules });
    }
    for (const key of this.installed.keys()) {
      if (installs.has(key)) continue;
      this.installed.delete(key);
      this.post({ kind: "uninstall", key });
    }
    for (const [key, install] of installs) {
      if (this.installed.get(key) === install) continue;
      this.installed.set(key, install);
      this.post({ kind: "install", ...install });
    }
    this.post({ kind: "run", id: job.id, task: job.task, payload: job.payload });
    this.jobs.push(job);
  }

  hold(yes: boolean): void {
    if (!this.gone) this.thread.hold(yes);
  }

  end(): void {
    this.gone = true;
    clearTimeout(this.startTimer);
    this.thread.end();
  }

  private post(message: ToWorker): void {
    this.thread.post(message);
  }

  private lose(reason: string): void {
    if (this.gone) return;
    this.end();
    this.events.lost(this, reason);
  }

  private take(message: FromWorker): void {
    if (this.gone) return;
    if (message.kind === "ready") this.start();
    else if (message.kind === "failed") this.lose(message.error.message);
    else this.answer(message);
  }

  private answer(message: Exclude<FromWorker, { kind: "ready" | "failed" }>): void {
    const job = this.jobs[0];
    if (message.id !== job?.id) {
      this.lose("it answered what was not asked");
      return;
    }
    if (message.kind === "progress") {
      this.report(job, message.value);
      return;
    }
    this.jobs.shift();
    if (message.kind === "value") job.resolve(message.value);
    else job.reject(unpackError(message.error));
    this.events.answered(this);
  }

  /** A callback that throws ends its job with that error, not the program. */
  private report(job: Job, value: unknown): void {
    if (job.settled) return;
    try {
      job.onProgress?.(value);
    } catch (error) {
      job.reject(error);
    }
  }

  private start(): void {
    if (this.ready) return;
    this.ready = true;
    clearTimeout(this.startTimer);
    this.events.ready(this);
  }
}
