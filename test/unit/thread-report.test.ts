import { availableParallelism } from "node:os";
import type { Worker as Thread } from "node:worker_threads";
import { describe, expect, test, vi } from "vitest";
import { threadReport } from "../../src/pipeline/thread-report.js";

const cores = availableParallelism();

describe("threadReport", () => {
  test("one thread starts nothing and has no round trip", async () => {
    expect(await threadReport({ workers: 1 })).toEqual({ cores, threads: 1 });
  });

  test("times an empty job to a worker and back, where there is a second core", async () => {
    const { roundTrip, threads } = await threadReport();
    expect(threads).toBe(Math.min(cores, 8));
    if (threads === 1) return;
    expect(roundTrip).toBeGreaterThan(0);
    expect(roundTrip).toBeLessThan(50);
  });

  test("more than there are cores: works, and says so", async () => {
    const report = await threadReport({ workers: 4096 });
    expect(report).toMatchObject({ cores, threads: cores, notice: expect.stringMatching(/^threadReport: workers 4096 is more/) });
  });

  test("where threads are forbidden: one thread, one line", async () => {
    const threads: { Worker: typeof Thread } = process.getBuiltinModule("worker_threads");
    const { Worker } = threads;
    threads.Worker = class {
      constructor() {
        throw new Error("forbidden here");
      }
    } as unknown as typeof Thread;
    try {
      // The pools of a process are kept; new modules have none.
      vi.resetModules();
      const fresh = await import("../../src/pipeline/thread-report.js");
      const report = await fresh.threadReport();
      expect(report).toMatchObject({ cores, threads: 1 });
      expect(report.roundTrip).toBeUndefined();
      if (cores > 1) expect(report.notice).toMatch(/forbidden here.*one thread/);
    } finally {
      threads.Worker = Worker;
    }
  });

  test.each([0, -1, 1.5, Number.NaN, "two", null, 2n, {}] as never[])("workers %s is refused", async (workers) => {
    await expect(threadReport({ workers })).rejects.toThrow(
      /^threadReport: workers must be "auto" or an integer from 1 \(the calling thread alone\), got /,
    );
  });
});
