/** Targets of training on all threads: the bits of a plain call in every mode, what stays on one thread, aborts, and whole runs. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { NoisedRequest } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { noised } from "../../src/estimators/noised.js";
import { SharedNoised } from "../../src/estimators/noised-shared.js";
import { initKernels, kernelReport } from "../../src/kernels/load.js";
import { WorkerPool } from "../../src/kernels/pool.js";
import { startBackend } from "../../src/networks/backend.js";
import { TrainingLoop } from "../../src/training/training-loop.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";
import { poolOf } from "../support/test-pools.js";
import { BUFFERED, bitsOf, tinyConfig, tinyTarget } from "../support/tiny-loop.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
  expect(kernelReport().relaxed, "this engine loads the relaxed build").toBe(true);
  await startBackend("wasm");
});

const target = gaussianMixture({ components: 40, seed: 0 });

/** 2,048,000 draws: 41 ms at 20 ns. */
function requestOf(options: Partial<NoisedRequest> = {}): NoisedRequest {
  const n = options.x?.n ?? 1000;
  const x = target.exact?.sample(n, 5) ?? { data: new Float32Array(2 * n), n, dim: 2 };
  const variance = Float32Array.from({ length: n }, (_, i) => 0.1 + (i % 50));
  return { x, variance, mcSamples: 2048, mode: "iid", key: keyOf(9), quantity: "score", ...options };
}

let evaluations = 0;
/** Every draw takes 20 us, on the calling thread alone. */
const slow = customEnergy({
  name: "slow",
  dim: 2,
  evaluate: (x) => {
    evaluations++;
    const end = performance.now() + 0.02;
    while (performance.now() < end);
    return x[0] * x[0] + x[1] * x[1];
  },
});

describe("heavy targets", () => {
  test.each(["iid", "antithetic", "lattice"].flatMap((mode) => ["energy", "score", "mean"].map((quantity) => [mode, quantity])))(
    "%s %s: the bits of a plain call, of either build",
    async (mode, quantity) => {
      const pool = poolOf(2);
      const shared = new SharedNoised(pool, target);
      for (const exact of [true, false]) {
        const request = requestOf({ mode, quantity, exact } as Partial<NoisedRequest>);
        expect(await shared.noised(target, request)).toEqual(noised(target, request));
      }
      expect(pool.liveWorkers).toBe(1);
      expect(pool.notice).toBeUndefined();
      pool.dispose();
    },
  );

  test("the threads keep the energy until dispose; a later call installs it again", async () => {
    const pool = poolOf(2);
    const installed: string[] = [];
    const { install, uninstall } = WorkerPool.prototype;
    pool.install = (key, task, payload) => {
      installed.push(`+${key}`);
      install.call(pool, key, task, payload);
    };
    pool.uninstall = (key) => {
      installed.push(`-${key}`);
      uninstall.call(pool, key);
    };
    const shared = new SharedNoised(pool, target);
    shared.dispose();
    for (let call = 0; call < 3; call++) await shared.noised(target, requestOf());
    shared.dispose();
    shared.dispose();
    const [first] = installed;
    expect(installed).toEqual([first, first.replace("+", "-")]);
    expect(await shared.noised(target, requestOf())).toEqual(noised(target, requestOf()));
    expect(installed).toHaveLength(3);
  });
});

describe("what stays on the calling thread", () => {
  test("small calls, and any call for another energy", async () => {
    const pool = poolOf(2);
    const shared = new SharedNoised(pool, target);
    const small = requestOf({ mcSamples: 32 });
    expect(await shared.noised(target, small)).toEqual(noised(target, small));
    const other = { ...target };
    expect(await shared.noised(other, requestOf())).toEqual(noised(target, requestOf()));
    expect(pool.liveWorkers).toBe(0);
  });

  test("an energy that its name and options do not make again", async () => {
    const pool = poolOf(2);
    const false40 = { ...target, check: { x: [0, 0], energy: 1 } };
    const shared = new SharedNoised(pool, false40);
    for (let call = 0; call < 2; call++) {
      expect(await shared.noised(false40, requestOf())).toEqual(noised(target, requestOf()));
    }
    expect(pool.liveWorkers).toBe(0);
  });

  test("an energy of JavaScript: what a draw costs is learned from the first call, later ones let an abort in", async () => {
    const shared = new SharedNoised(poolOf(2), slow);
    const request = requestOf({
      x: { data: new Float32Array(40), n: 20, dim: 2 },
      variance: new Float32Array(20).fill(1),
      mcSamples: 128,
      quantity: "energy",
    });
    const reason = new Error("enough");
    const aborted = () => {
      const stop = new AbortController();
      setTimeout(() => stop.abort(reason), 1);
      return shared.noised(slow, request, { signal: stop.signal });
    };
    expect(await aborted()).toEqual(noised(slow, request));
    evaluations = 0;
    await expect(aborted()).rejects.toBe(reason);
    expect(evaluations).toBeGreaterThan(0);
    expect(evaluations).toBeLessThan(20 * 128);
    expect(await shared.noised(slow, request)).toEqual(noised(slow, request));
  });

  test("a request that cannot be run is refused as by a plain call", async () => {
    const shared = new SharedNoised(poolOf(2), target);
    for (const bad of [{ mcSamples: 0 }, { mcSamples: 1000.5 }, { variance: new Float32Array(3) }]) {
      await expect(shared.noised(target, requestOf(bad))).rejects.toThrow(RangeError);
    }
  });
});

describe("training", () => {
  /** 24 rows of 2^16 draws. */
  const heavy = { mcSamples: 2 ** 16, steps: 5, bootstrapFrom: 0.5 } as const;

  async function run(loop: TrainingLoop, signal?: AbortSignal): Promise<void> {
    for await (const _ of loop.steps({ signal }));
  }

  test.each(BUFFERED)("%s: heavy targets give the same bits on one thread and on two", async (method) => {
    const bits: object[] = [];
    for (const pool of [undefined, poolOf(1), poolOf(2)]) {
      const shares = pool && vi.spyOn(pool, "share");
      const loop = new TrainingLoop({ ...tinyConfig({ ...heavy, method }), pool });
      await run(loop);
      bits.push(bitsOf(await loop.state()));
      loop.dispose();
      expect(shares?.mock.calls.length ?? 0).toBe(pool?.threads === 2 ? 5 : 0);
      pool?.dispose();
    }
    expect(bits[1]).toEqual(bits[0]);
    expect(bits[2]).toEqual(bits[0]);
  });

  test("aborted among the blocks of a target, right after a refill: nothing has changed, and training goes on with the same bits", async () => {
    const reason = new Error("enough");
    const pool = poolOf(2);
    const config = { ...tinyConfig({ ...heavy, method: "nem" }), pool };
    const whole = new TrainingLoop(config);
    await run(whole);
    const stop = new AbortController();
    const loop: TrainingLoop = new TrainingLoop({
      ...config,
      estimator: {
        ...config.estimator,
        estimate: (request) => {
          const result = config.estimator.estimate(request);
          if (loop.step === 3) stop.abort(reason);
          return result;
        },
      },
    });
    await expect(run(loop, stop.signal)).rejects.toBe(reason);
    expect(loop.step).toBe(3);
    await run(loop);
    expect(bitsOf(await loop.state())).toEqual(bitsOf(await whole.state()));
    for (const each of [loop, whole]) each.dispose();
  });

  test("disposed in the middle of a target: the run says so", async () => {
    const config = { ...tinyConfig({ ...heavy, method: "nem" }, tinyTarget), pool: poolOf(2) };
    const { estimate } = config.estimator;
    const loop: TrainingLoop = new TrainingLoop({
      ...config,
      estimator: {
        ...config.estimator,
        estimate: (request) => {
          const result = estimate(request);
          if (loop.step === 2) loop.dispose();
          return result;
        },
      },
    });
    await expect(run(loop)).rejects.toMatchObject({ code: "disposed" });
  });
});
