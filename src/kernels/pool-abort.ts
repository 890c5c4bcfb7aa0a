/** One listener for each signal, however many jobs it may end: runtimes warn of more than ten. */
import type { Job } from "./pool-worker.js";

interface Watch {
  readonly jobs: Set<Job>;
  readonly listener: () => void;
}

export class AbortWatch {
  private readonly watches = new Map<AbortSignal, Watch>();

  /** @param aborted gets the jobs of a signal when it fires */
  constructor(private readonly aborted: (jobs: readonly Job[], reason: unknown) => void) {}

  add(job: Job): void {
    const { signal } = job;
    if (!signal) return;
    let watch = this.watches.get(signal);
    if (!watch) {
      const jobs = new Set<Job>();
      watch = { jobs, listener: () => this.aborted([...jobs], signal.reason) };
      signal.addEventListener("abort", watch.listener);
      this.watches.set(signal, watch);
    }
    watch.jobs.add(job);
  }

  delete(job: Job): void {
    const watch = job.signal && this.watches.get(job.signal);
    if (!job.signal || !watch?.jobs.delete(job) || watch.jobs.size > 0) return;
    job.signal.removeEventListener("abort", watch.listener);
    this.watches.delete(job.signal);
  }
}
