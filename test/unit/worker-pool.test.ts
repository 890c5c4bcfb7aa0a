import type { Worker as Thread } from "node:worker_threads";
import { beforeAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { keyOf } from "../../src/core/random.js";
import type { NoisedRequest } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { noised } from "../../src/estimators/noised.js";
import { noisedShared } from "../../src/estimators/noised-shared.js";
import { initKernels, kernelReport } from "../../src/kernels/load.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { hardwareThreads, resolveWorkers } from "../../src/kernels/worker-count.js";
import { noisedOnAllCores } from "../../src/worker/noised-on-all-cores.js";
import { sharedPool } from "../../src/worker/shared-pool.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";
import { poolOf } from "../support/test-pools.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
  expect(kernelReport().relaxed, "this engine loads the relaxed build").toBe(true);
});
const target = gaussianMixture({ components: 40, seed: 0 });

function requestOf(n: number, options: Partial<NoisedRequest> = {}): NoisedRequest {
  const x = target.exact?.sample(n, 5) ?? { data: new Float32Array(2 * n), n, dim: 2 };
  const variance = Float32Array.from({ length: n }, (_, i) => 0.1 + (i % 50));
  return { x, variance, mcSamples: 512, mode: "iid", key: keyOf(9), quantity: "score", ...options };
}

const timed = async (action: () => Promise<unknown>) => {
  const start = performance.now();
  await action();
  return performance.now() - start;
};

describe("rows in blocks", () => {
  test.each(["iid", "antithetic", "lattice"] as const)("firstRow: a block draws what it draws inside the batch, %s", (mode) => {
    const whole = requestOf(40, { mode, mcSamples: 64 });
    const part = { data: whole.x.data.slice(26, 60), n: 17, dim: 2 };
    const block = { ...whole, x: part, variance: whole.variance.slice(13, 30), firstRow: 13 };
    expect(noised(target, block).energy).toEqual(noised(target, whole).energy.slice(13, 30));
    expect(perturbations(block, 4)).toEqual(perturbations(whole, 17));
    expect(noised(target, { ...block, firstRow: 12 }).energy).not.toEqual(noised(target, block).energy);
  });

  test("a row past the last stream is refused", () => {
    expect(() => noised(target, requestOf(4, { firstRow: 2 ** 32 - 3 }))).toThrow(/firstRow/);
    expect(() => noised(target, requestOf(4, { firstRow: -1 }))).toThrow(RangeError);
  });
});

describe("same bits on every number of threads", () => {
  test.each([
    ["iid", "score", true],
    ["antithetic", "energy", true],
    ["lattice", "mean", true],
    ["iid", "score", false],
  ] as const)("%s %s, exact %s", async (mode, quantity, exact) => {
    const request = requestOf(3000, { mode, quantity, exact });
    const expected = noised(target, request);
    for (const threads of [1, 2, 3, 4]) {
      const pool = poolOf(threads);
      for (let round = 0; round < 2; round++) expect(await noisedShared(pool, target, request)).toEqual(expected);
      expect(pool.notice).toBeUndefined();
      expect(pool.liveWorkers).toBe(threads - 1);
      pool.dispose();
    }
  });

  test("blocks of any length", async () => {
    const pool = poolOf(3);
    const request = requestOf(3000);
    const whole = noised(target, request);
    pool.install("e", "energy", { name: target.name, options: target.options, check: target.check });
    for (const rows of [7, 100, 999]) {
      const blocks = [];
      for (let from = 0; from < 3000; from += rows) {
        const n = Math.min(rows, 3000 - from);
        const x = { data: request.x.data.slice(2 * from, 2 * (from + n)), n, dim: 2 };
        const variance = request.variance.slice(from, from + n);
        blocks.push({ energy: "e", request: { ...request, x, variance, firstRow: from } });
      }
      const parts = await pool.share<typeof whole>("noised", blocks);
      expect(Float32Array.from(parts.flatMap((part) => [...part.energy]))).toEqual(whole.energy);
    }
  });

  test("the process-wide pool, and energies that no worker can make", async () => {
    const request = requestOf(300, { mcSamples: 32 });
    const own = customEnergy({ name: "gmm40", dim: 2, evaluate: (x) => x[0] * x[0] + x[1] * x[1] });
    expect(await noisedShared(sharedPool(2), own, request)).toEqual(noised(own, request));
    const false40 = { ...target, check: { x: [0, 0], energy: 1 } };
    expect(await noisedShared(sharedPool(2), false40, request)).toEqual(noised(target, request));
    expect(sharedPool(2)).toBe(sharedPool(2));
  });

  test("the public call takes workers and tells of more than there are", async () => {
    const request = requestOf(300, { mcSamples: 32 });
    const expected = noised(target, request);
    expect(await noisedOnAllCores(target, request, { workers: 1 })).toEqual(expected);
    expect(await noisedOnAllCores(target, request, { workers: 4096 })).toEqual({
      ...expected,
      notice: expect.stringMatching(/4096/),
    });
    await expect(noisedOnAllCores(target, request, { workers: 0 })).rejects.toThrow(RangeError);
    await expect(noisedOnAllCores(target, { ...request, mcSamples: 0 })).rejects.toThrow(/mcSamples/);
    await expect(noisedOnAllCores(null as never, request)).rejects.toThrow(/energy must be an Energy/);
    await expect(noisedOnAllCores(target, request, { worker: 2 } as never)).rejects.toThrow(/did you mean "workers"/);
    await expect(noisedOnAllCores(target, request, { signal: 1 } as never)).rejects.toThrow(/AbortSignal/);
  });
});

describe("jobs", () => {
  test("go to workers, are answered in any number, and little work goes nowhere", async () => {
    const pool = poolOf(3);
    expect(await pool.run("where", 0)).toBe(true);
    expect(await pool.here("where", 0)).toBe(false);
    const many = await Promise.all(Array.from({ length: 100 }, (_, i) => pool.run("echo", i)));
    expect(many).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const places = await pool.share<boolean>("spin", new Array(40).fill({ milliseconds: 4 }));
    expect(new Set(places)).toEqual(new Set([true, false]));
    const few = await pool.share<boolean>("spin", new Array(4).fill({ milliseconds: 0.5 }));
    expect(few).toEqual([false, false, false, false]);
    expect(await pool.share("echo", [])).toEqual([]);
  });

  test("progress comes in order, from workers and from the calling thread", async () => {
    for (const threads of [1, 2]) {
      const seen: unknown[] = [];
      expect(await poolOf(threads).run("counting", { to: 5 }, { onProgress: (value) => seen.push(value) })).toBe(5);
      expect(seen).toEqual([1, 2, 3, 4, 5]);
    }
    const throwing = () => {
      throw new Error("from the callback");
    };
    for (const threads of [1, 2]) {
      const pool = poolOf(threads);
      await expect(pool.run("counting", { to: 2 }, { onProgress: throwing })).rejects.toThrow("from the callback");
      expect(await pool.run("echo", 1)).toBe(1);
    }
    const shares: number[] = [];
    await poolOf(2).share("spin", new Array(8).fill({ milliseconds: 3 }), { onProgress: (done) => shares.push(done) });
    expect(shares).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each([1, 2])("errors keep class, name, message and code (%i threads)", async (threads) => {
    const pool = poolOf(threads);
    const error = (how: string) => pool.run("failing", { how }).catch((thrown) => thrown);
    expect(await error("type")).toEqual(new TypeError("wrong kind"));
    expect(await error("range")).toBeInstanceOf(RangeError);
    expect(await error("bnem")).toMatchObject({ code: "diverged", message: "wrong state" });
    expect(await error("bnem")).toBeInstanceOf(BnemError);
    expect(await error("own")).toMatchObject({ name: "OwnError" });
    await expect(pool.run("nothing", 0)).rejects.toThrow(/unknown task "nothing"/);
    expect(await pool.run("echo", 1)).toBe(1);
  });

  test("what cannot be copied is an error of that job alone", async () => {
    const pool = poolOf(2);
    await expect(pool.run("echo", () => 0)).rejects.toThrow(/could not be cloned/);
    await expect(pool.run("failing", { how: "uncopyable" })).rejects.toThrow(/could not be cloned/);
    expect(await pool.run("echo", 2)).toBe(2);
  });

  test("one failed piece ends the whole share", async () => {
    const pool = poolOf(2);
    const payloads = [{ how: "bnem" }];
    await expect(pool.share("failing", payloads)).rejects.toThrow(BnemError);
    const pieces = Array.from({ length: 30 }, (_, i) => (i === 20 ? {} : { milliseconds: 3 }));
    const half = pool.share("spin", pieces);
    await expect(half).resolves.toHaveLength(30);
  });
});

describe("installed state", () => {
  test.each([1, 3])("is on every thread, replaced and taken away (%i threads)", async (threads) => {
    const pool = poolOf(threads);
    const read = async () => (await pool.run<[boolean, unknown]>("kept", { key: "a" }))[1];
    pool.install("a", "keep", [1, 2]);
    expect(await Promise.all([read(), read(), read(), read()])).toEqual(new Array(4).fill([1, 2]));
    expect((await pool.here<[boolean, unknown]>("kept", { key: "a" }))[1]).toEqual([1, 2]);
    pool.install("a", "keep", "new");
    expect(await read()).toBe("new");
    pool.uninstall("a");
    expect(await read()).toBeUndefined();
  });

  test("survives the death of a worker", async () => {
    const pool = poolOf(2);
    pool.install("a", "keep", 7);
    const marks = new SharedArrayBuffer(4);
    await pool.run("dying", { marks, deaths: 1, way: "exit" });
    expect(await pool.run("kept", { key: "a" })).toEqual([true, 7]);
  });

  test("an installation that fails fails the jobs, until it is taken away", async () => {
    for (const threads of [1, 2]) {
      const pool = poolOf(threads);
      pool.install("bad", "failing", { how: "range" });
      await expect(pool.run("echo", 1)).rejects.toThrow(new RangeError("wrong value"));
      pool.uninstall("bad");
      expect(await pool.run("echo", 1)).toBe(1);
    }
  });
});

describe("workers that die", () => {
  test.each(["exit", "throw", "reject"] as const)("by %s: replaced, and the work done again", async (way) => {
    const pool = poolOf(2);
    const marks = new SharedArrayBuffer(4);
    const others = Array.from({ length: 5 }, (_, i) => pool.run("echo", i));
    expect(await pool.run("dying", { marks, deaths: 2, way })).toBe(2);
    expect(await Promise.all(others)).toEqual([0, 1, 2, 3, 4]);
    expect(pool.liveWorkers).toBe(1);
    expect(pool.notice).toBeUndefined();
  });

  test("three times: a typed error for that job, not for those behind it", async () => {
    const pool = poolOf(2);
    const marks = new SharedArrayBuffer(4);
    const job = pool.run("dying", { marks, deaths: 9, way: "exit" });
    const behind = pool.run("echo", "behind");
    await expect(job).rejects.toMatchObject({ name: "BnemError", code: "unsupported" });
    await expect(job).rejects.toThrow(/3 workers died.*"dying".*workers: 1/);
    expect(new Int32Array(marks)[0]).toBe(3);
    expect(await behind).toBe("behind");
  });
});

describe("abort", () => {
  test("at once (100 ms are promised and benched; a busy machine is given more), with the signal's own reason, while a worker computes; what waits behind is still done", async () => {
    const pool = poolOf(2);
    await pool.run("where", 0);
    const stop = new AbortController();
    const reason = new Error("enough");
    const long = pool.run("spin", { milliseconds: 60_000 }, { signal: stop.signal });
    const behind = pool.run("echo", "behind");
    setTimeout(() => stop.abort(reason), 30);
    const took = await timed(() => expect(long).rejects.toBe(reason));
    expect(took).toBeLessThan(1000);
    expect(await behind).toBe("behind");
    expect(pool.liveWorkers).toBe(1);
  });

  test("a job that waits or was sent ahead does not run on", async () => {
    const pool = poolOf(2);
    await pool.run("where", 0);
    const stop = new AbortController();
    const first = pool.run("spin", { milliseconds: 60 });
    const ahead = pool.run("spin", { milliseconds: 60_000 }, { signal: stop.signal });
    const waiting = pool.run("spin", { milliseconds: 60_000 }, { signal: stop.signal });
    const last = pool.run("echo", 4);
    stop.abort();
    await expect(ahead).rejects.toMatchObject({ name: "AbortError" });
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    expect(await first).toBe(true);
    expect(await timed(() => last)).toBeLessThan(2000);
  });

  test.each([1, 3])("a share on all threads (%i)", async (threads) => {
    const pool = poolOf(threads);
    const stop = new AbortController();
    const request = requestOf(400_000, { mcSamples: 1024, quantity: "energy" });
    const work = noisedShared(pool, target, request, { signal: stop.signal });
    work.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop.abort();
    expect(await timed(() => work.catch(() => undefined))).toBeLessThan(1000);
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
    expect(await pool.run("echo", 1)).toBe(1);
  });

  test("before the start nothing runs", async () => {
    const pool = poolOf(2);
    await expect(pool.run("echo", 1, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    await expect(pool.share("echo", [1], { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(pool.liveWorkers).toBe(0);
  });
});

describe("where workers cannot be had", () => {
  test("a program that does not answer: one line, in time, and the work is done here", async () => {
    const pool = poolOf(3, { source: "setInterval(() => 0, 1000)", startLimit: 300 });
    const took = await timed(async () => expect(await pool.run("where", 0)).toBe(false));
    expect(took).toBeLessThan(2000);
    expect(pool.notice).toMatch(/^bnem: a worker did not start \(it did not start within 0.3 s\); one thread does all the work$/);
    expect(pool.liveWorkers).toBe(0);
    const request = requestOf(3000);
    expect(await noisedShared(pool, target, request)).toEqual(noised(target, request));
  });

  test("a program that does not run", async () => {
    const pool = poolOf(2, { source: "throw new Error('refused')" });
    expect(await pool.run("where", 0)).toBe(false);
    expect(pool.notice).toMatch(/refused.*one thread/);
  });

  test("some of them: the others are used", async () => {
    const threads: { Worker: typeof Thread } = process.getBuiltinModule("worker_threads");
    const { Worker } = threads;
    let made = 0;
    threads.Worker = class extends Worker {
      constructor(...parameters: ConstructorParameters<typeof Thread>) {
        if (++made > 1) throw new Error("no more threads");
        super(...parameters);
      }
    };
    try {
      const pool = poolOf(4);
      const places = await pool.share<boolean>("spin", new Array(250).fill({ milliseconds: 4 }));
      expect(new Set(places)).toEqual(new Set([true, false]));
      expect(pool.notice).toBe("bnem: a worker did not start (no more threads); 2 threads are used");
      expect(pool.liveWorkers).toBe(1);
    } finally {
      threads.Worker = Worker;
    }
  });

  test("one thread says nothing and starts nothing", async () => {
    const pool = poolOf(1);
    expect(await pool.run("where", 0)).toBe(false);
    expect([pool.notice, pool.liveWorkers]).toEqual([undefined, 0]);
  });
});

describe("life", () => {
  test("a thousand jobs and fifty aborts leave no more workers than were asked for", async () => {
    const pool = poolOf(3);
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 100 }, (_, j) => pool.run("echo", j)));
      const stop = new AbortController();
      const jobs = Array.from({ length: 5 }, () => pool.run("spin", { milliseconds: 1000 }, { signal: stop.signal }));
      stop.abort("enough");
      for (const job of jobs) await expect(job).rejects.toBe("enough");
      expect(pool.liveWorkers).toBeLessThanOrEqual(2);
    }
  });

  test("dispose ends what runs and what waits, and later work says so", async () => {
    const pool = poolOf(2);
    await pool.run("where", 0);
    const jobs = [1, 2, 3, 4].map(() => pool.run("spin", { milliseconds: 60_000 }));
    const ends = Promise.allSettled(jobs);
    await new Promise((resolve) => setTimeout(resolve, 20));
    pool.dispose();
    for (const end of await ends) expect(end).toMatchObject({ status: "rejected", reason: { code: "disposed" } });
    await expect(pool.run("echo", 1)).rejects.toMatchObject({ code: "disposed" });
    expect(pool.liveWorkers).toBe(0);
    pool.dispose();
  });
});

describe("the number of workers", () => {
  test("auto is the cores up to eight; a number is taken up to the cores", () => {
    const cores = hardwareThreads();
    expect(resolveWorkers("train")).toEqual({ threads: Math.min(cores, 8) });
    expect(resolveWorkers("train", "auto")).toEqual({ threads: Math.min(cores, 8) });
    expect(resolveWorkers("train", 1)).toEqual({ threads: 1 });
    const many = resolveWorkers("train", 4096);
    expect(many.threads).toBe(cores);
    expect(many.notice).toMatch(/^train: workers 4096 is more than the \d+ this machine runs at once; \d+ are used$/);
  });

  test.each([
    [0, RangeError],
    [-1, RangeError],
    [1.5, RangeError],
    [Number.NaN, RangeError],
    [Infinity, RangeError],
    ["4", TypeError],
    ["all", TypeError],
    [null, TypeError],
    [true, TypeError],
  ])("%j is refused", (value, kind) => {
    expect(() => resolveWorkers("train", value)).toThrow(kind);
    expect(() => resolveWorkers("train", value)).toThrow(/^train: workers must be/);
  });
});
