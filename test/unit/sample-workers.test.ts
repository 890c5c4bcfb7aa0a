/** Sampling on many threads: the bits of one, whatever is asked for, and every way in which a call may end early. */
import { add, mul, scalar, sqrt, square, sub, sum } from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Energy, NetworkRecipe } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { WorkerPool } from "../../src/kernels/pool.js";
import { mlp } from "../../src/networks/mlp.js";
import { NeuralModel } from "../../src/networks/model.js";
import type { Network } from "../../src/networks/network.js";
import type { NeuralSampler, SampleOptions, SampleResult } from "../../src/pipeline/neural-sampler.js";
import { createTrainer } from "../../src/pipeline/trainer.js";
import type { SamplerProgress } from "../../src/samplers/run-rows.js";
import { leaveOwn, startOwn } from "../support/recorded.js";
import { countingPool, disposePools, EagerPool, pathsHere, poolOf, startWorkers } from "../support/test-pools.js";
import { tinyOptions, tinyTarget } from "../support/tiny-loop.js";

/** The pool that every call gets, whatever `workers` says: this machine may have one core. */
const given = vi.hoisted(() => ({ pool: undefined as unknown }));
vi.mock("../../src/worker/shared-pool.js", () => ({ sharedPool: () => given.pool }));

function usePool(threads: number, Kind: typeof WorkerPool = EagerPool): WorkerPool {
  const pool = countingPool(threads, Kind);
  given.pool = pool;
  return pool;
}

async function useRunningPool(threads: number): Promise<WorkerPool> {
  const pool = usePool(threads);
  await startWorkers(pool);
  return pool;
}

/** A sampler after a few steps, trained on one thread. */
async function made(options: object = {}, energy: Energy = tinyTarget, steps = 3): Promise<NeuralSampler> {
  const before = given.pool;
  usePool(1);
  const trainer = await createTrainer(energy, { ...tinyOptions, steps: Math.max(1, steps), ...options });
  if (steps > 0) for await (const _ of trainer.steps());
  const sampler = await trainer.sampler();
  trainer.dispose();
  given.pool = before;
  return sampler;
}

const raw = { correction: "none" } as const;
const path = { correction: "path" } as const;
const methods = ["bnem", "idem", "me-nem"] as const;
const samplers = new Map<string, NeuralSampler>();
const samplerOf = (method: string) => samplers.get(method) as NeuralSampler;

beforeAll(async () => {
  await startOwn(); // only recorded programs can be sent to threads
  for (const method of methods) samplers.set(method, await made({ method }));
});
afterEach(() => {
  vi.restoreAllMocks();
  disposePools();
});
afterAll(async () => {
  for (const sampler of samplers.values()) sampler.dispose();
  await leaveOwn();
});

/** What does not depend on the clock. */
const lasting = ({ seconds: _seconds, ...result }: SampleResult) => result;

describe("the bits of one thread", () => {
  const integrators: SampleOptions[] = [
    {},
    path,
    { integrator: "exponential" },
    { nu: 0.5 },
    { integrator: "euler-maruyama", grid: "uniform" },
    { noising: "preserving" },
    { oversampling: 2 },
    raw,
    { ...raw, corrector: 2 },
    { ...raw, nu: 1 },
    { ...raw, integrator: "exponential", corrector: 0 },
    { ...raw, integrator: "euler-maruyama" },
    { ...raw, integrator: "heun" },
  ];
  /** These read learned energies, and second derivatives. */
  const ofEnergies: SampleOptions[] = [
    { resampleBelow: 1, trust: 1e9 },
    { moves: 1, trust: 1e9, resampling: "residual" },
    { ...path, moves: 2, moveLeapfrogs: 2, trust: 1e9 },
    { integrator: "low-rank", rank: 1 },
    { integrator: "full" },
    { ...path, integrator: "map" },
    { ...raw, integrator: "diagonal" },
  ];
  const cases = [
    ...methods.flatMap((method) => integrators.map((options) => ({ method, options }))),
    ...ofEnergies.map((options) => ({ method: "bnem", options })),
  ];

  test.each(cases)("$method $options", async ({ method, options }) => {
    const sampler = samplerOf(method);
    const n = method === "me-nem" ? 37 : 600;
    const islands = 9;
    const ask = (more: SampleOptions = {}) => sampler.sample(n, { seed: 8, steps: 5, islands, ...options, ...more });
    usePool(1);
    vi.spyOn(NeuralModel.prototype, "describe").mockReturnValue(undefined);
    const alone = lasting(await ask());
    vi.restoreAllMocks();
    expect(pathsHere.blocks, "without a description no block is a task").toBe(0);
    expect(lasting(await ask())).toEqual(alone);
    for (const threads of [2, 3]) {
      const pool = await useRunningPool(threads);
      for (const chunk of [2048, 50]) {
        pathsHere.blocks = 0;
        expect(lasting(await ask({ chunk })), `${threads} threads, chunk ${chunk}`).toEqual(alone);
      }
      const blocks = alone.logWeights ? islands : Math.ceil(n / (method === "me-nem" ? 2 : 50));
      expect(pathsHere.blocks, "workers computed blocks").toBeLessThan(blocks);
      expect([pool.liveWorkers, pool.notice]).toEqual([threads - 1, undefined]);
    }
  });

  test("control: another seed, another network", async () => {
    usePool(2);
    const first = await samplerOf("bnem").sample(300, { seed: 8, steps: 5 });
    expect((await samplerOf("bnem").sample(300, { seed: 9, steps: 5 })).x).not.toEqual(first.x);
    expect((await samplerOf("idem").sample(300, { seed: 8, steps: 5 })).x).not.toEqual(first.x);
  });

  test("little work is sent nowhere", async () => {
    const pool = usePool(2, WorkerPool);
    await samplerOf("bnem").sample(20, { seed: 8, steps: 3 });
    expect([pool.liveWorkers, pathsHere.blocks]).toEqual([0, 1]);
  });

  test("many calls at once and in turn start no more workers", async () => {
    const pool = usePool(3);
    const ask = (seed: number) => samplerOf("bnem").sample(300, { seed, steps: 4 });
    const together = await Promise.all(Array.from({ length: 12 }, (_, seed) => ask(seed)));
    for (let seed = 0; seed < 12; seed++) expect((await ask(seed)).x).toEqual(together[seed].x);
    expect(pool.liveWorkers).toBe(2);
  });
});

describe("energies stay on the calling thread", () => {
  test("of any JavaScript, asked once for every row", async () => {
    let calls = 0;
    const evaluate = (x: Float64Array) => {
      calls++;
      return 0.5 * (x[0] * x[0] + x[1] * x[1]);
    };
    const bowl = await made({ method: "nem" }, customEnergy({ name: "bowl", dim: 2, evaluate }));
    for (const options of [{}, raw]) {
      usePool(1);
      const alone = lasting(await bowl.sample(500, { seed: 2, steps: 4, ...options }));
      await useRunningPool(3);
      calls = 0;
      expect(lasting(await bowl.sample(500, { seed: 2, steps: 4, ...options }))).toEqual(alone);
      const pilot = alone.correction?.pilot.energyCalls ?? 0;
      expect(pilot > 0).toBe(options !== raw);
      expect([calls, alone.energyCalls]).toEqual([500 + pilot, 500 + pilot]);
    }
    bowl.dispose();
  });

  test("one that throws ends the call with its reason; NaN loses its row", async () => {
    const reason = new Error("gone");
    let act: (x: Float64Array) => number = () => 0;
    const odd = await made({ method: "nem" }, customEnergy({ name: "odd", dim: 2, evaluate: (x) => act(x) }));
    usePool(2);
    act = () => {
      throw reason;
    };
    for (const options of [{}, raw]) {
      await expect(odd.sample(300, { steps: 3, ...options })).rejects.toMatchObject({ code: "bad-energy", cause: reason });
    }
    let asked = 0;
    act = () => (asked++ === 150 ? Number.NaN : 0);
    const { nonFinite, logWeights, energy, x } = await odd.sample(300, { ...path, steps: 3 });
    expect([nonFinite, logWeights?.[150], energy[150], x.data[300]]).toEqual([1, -Infinity, Number.NaN, Number.NaN]);
    act = () => Number.NaN;
    for (const options of [{}, path]) {
      await expect(odd.sample(300, { ...options, steps: 3 })).rejects.toMatchObject({
        code: "diverged",
        message: expect.stringMatching(
          /^annealed: 300 of 300 rows were not finite at the end, above the limit of 3; train longer/,
        ),
      });
    }
    odd.dispose();
  });
});

test("particles stay on their subspace, with the bits of one thread", async () => {
  const particles = { count: 3, spatialDim: 2 };
  const evaluate = (x: Float64Array) => (x[0] - x[2]) ** 2 + (x[3] - x[5]) ** 2 + (x[1] - x[3]) ** 2 + (x[2] - x[4]) ** 2;
  for (const method of methods) {
    const chain = await made({ method }, customEnergy({ name: "chain", dim: 6, particles, evaluate }));
    for (const options of [{ nu: 0.5, islands: 3 }, raw, { ...raw, integrator: "heun" as const }]) {
      usePool(1);
      const alone = lasting(await chain.sample(40, { seed: 2, steps: 4, ...options }));
      const { data } = alone.x;
      for (let i = 0; i < 240; i += 6) expect(Math.abs(data[i] + data[i + 2] + data[i + 4])).toBeLessThan(1e-5);
      await useRunningPool(3);
      expect(lasting(await chain.sample(40, { seed: 2, steps: 4, chunk: 15, ...options }))).toEqual(alone);
    }
    chain.dispose();
  }
});

describe("rows that fail", () => {
  /** A score that is NaN outside a circle: rows that start there are lost. Every operation can be recorded. */
  const inside =
    (radius: number): NetworkRecipe =>
    (dim, output) => {
      const inner = mlp({ width: 4, scale: 5 })(dim, output);
      const network: Network = {
        ...inner,
        forward: (parameters, x, variance) => {
          const room = sqrt(sub(scalar(radius * radius), sum(square(x), 1, true)));
          return mul(inner.forward(parameters, x, variance), add(mul(room, scalar(0)), scalar(1)));
        },
      };
      return network;
    };

  test("are the same rows on any number of threads, and leave the others alone", async () => {
    const holey = await made({ method: "idem", network: inside(24), priorFraction: 1 }, tinyTarget, 0);
    for (const options of [{}, raw, { ...raw, integrator: "heun" as const }]) {
      usePool(1);
      const alone = lasting(await holey.sample(2000, { seed: 3, steps: 3, ...options }));
      expect(pathsHere.blocks, "the network is a program").toBeGreaterThan(0);
      expect(alone.nonFinite).toBeGreaterThan(0);
      expect(alone.nonFinite).toBeLessThanOrEqual(20);
      expect(alone.energy.filter(Number.isNaN).length).toBe(alone.nonFinite);
      await useRunningPool(3);
      expect(lasting(await holey.sample(2000, { seed: 3, steps: 3, ...options }))).toEqual(alone);
    }
    holey.dispose();
  });

  test.each([1, 3])("above 1 %% of all rows the call ends as diverged (%i threads)", async (threads) => {
    const broken = await made({ method: "idem", network: inside(8), priorFraction: 1 }, tinyTarget, 0);
    usePool(threads);
    for (const options of [{}, raw, { ...raw, integrator: "heun" as const }]) {
      await expect(broken.sample(2000, { seed: 3, steps: 4, ...options })).rejects.toMatchObject({
        code: "diverged",
        message: expect.stringMatching(/: \d+ of 2000 rows were not finite at (level \d of 4|the end), above the limit of 20; /),
      });
    }
    broken.dispose();
  });
});

describe("ends", () => {
  const long = { seed: 1, steps: 200 };
  const n = 100_000;
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  /** Milliseconds from `end` until the call has ended. */
  async function timeToEnd(work: Promise<unknown>, end: () => void): Promise<number> {
    work.catch(() => undefined);
    await pause(150);
    const began = performance.now();
    end();
    await work.catch(() => undefined);
    return performance.now() - began;
  }

  test.each([
    [1, "bnem"],
    [3, "bnem"],
    [1, "me-nem"],
    [2, "me-nem"],
  ] as const)("an abort ends it with the signal's own reason (%i threads, %s)", async (threads, method) => {
    const pool = usePool(threads);
    const sampler = samplerOf(method);
    const stop = new AbortController();
    const reason = new Error("enough");
    const work = sampler.sample(n, { ...long, signal: stop.signal });
    expect(await timeToEnd(work, () => stop.abort(reason))).toBeLessThan(1000);
    await expect(work).rejects.toBe(reason);
    await expect(sampler.sample(5, { signal: stop.signal })).rejects.toBe(reason);
    expect((await sampler.sample(5, { steps: 3 })).x.n).toBe(5);
    expect(pool.liveWorkers).toBeLessThan(threads);
  });

  test("abort while energies are computed", async () => {
    const slow = customEnergy({
      name: "slow",
      dim: 2,
      evaluate: () => {
        const end = performance.now() + 0.5;
        while (performance.now() < end);
        return 0;
      },
    });
    const sampler = await made({ method: "nem" }, slow, 0);
    for (const options of [{}, raw]) {
      usePool(2);
      const stop = new AbortController();
      const work = sampler.sample(4000, { steps: 1, chunk: 20, signal: stop.signal, ...options });
      expect(await timeToEnd(work, () => stop.abort("enough"))).toBeLessThan(1000);
      await expect(work).rejects.toBe("enough");
    }
    sampler.dispose();
  });

  test.each([1, 3])("disposed while it samples (%i threads)", async (threads) => {
    const pool = usePool(threads);
    const sampler = await made({}, tinyTarget, 0);
    const work = sampler.sample(n, long);
    expect(await timeToEnd(work, () => sampler.dispose())).toBeLessThan(1000);
    await expect(work).rejects.toMatchObject({ name: "BnemError", code: "disposed" });
    await expect(sampler.sample(5)).rejects.toMatchObject({ code: "disposed" });
    expect((pool as unknown as { installs: Map<string, unknown> }).installs.size, "models left on the threads").toBe(0);
    expect((await samplerOf("bnem").sample(5, { steps: 3 })).x.n).toBe(5);
  });

  test("the host gets a turn every 16 ms or so on one thread", async () => {
    usePool(1);
    const stop = new AbortController();
    const work = samplerOf("bnem").sample(n, { ...long, signal: stop.signal });
    work.catch(() => undefined);
    const gaps: number[] = [];
    let last = performance.now();
    for (let turn = 0; turn < 30; turn++) {
      await pause(0);
      gaps.push(performance.now() - last);
      last = performance.now();
    }
    stop.abort();
    await expect(work).rejects.toThrow();
    expect(gaps.sort((a, b) => a - b)[15]).toBeLessThan(40);
  });
});

describe("progress", () => {
  test.each([1, 3])("rises to 1, block by block (%i threads)", async (threads) => {
    usePool(threads);
    const seen: SamplerProgress[] = [];
    await samplerOf("bnem").sample(1000, { steps: 5, onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThanOrEqual(9);
    for (let i = 1; i < seen.length; i++) {
      expect(seen[i].fraction).toBeGreaterThanOrEqual(seen[i - 1].fraction);
      expect(seen[i].rows).toBeGreaterThanOrEqual(seen[i - 1].rows);
    }
    expect(seen.at(-1)).toEqual({ rows: 1000, n: 1000, fraction: 1, nonFinite: 0 });
  });

  test.each([1, 3])("a callback that throws ends the call with its error (%i threads)", async (threads) => {
    usePool(threads);
    const reason = new Error("from the callback");
    const onProgress = () => {
      throw reason;
    };
    await expect(samplerOf("bnem").sample(1000, { steps: 5, onProgress })).rejects.toBe(reason);
    expect((await samplerOf("bnem").sample(5, { steps: 3 })).x.n).toBe(5);
  });
});

describe("workers as an option", () => {
  test("more than the machine has: the same bits and one line; none where all is well", async () => {
    usePool(2);
    const sampler = samplerOf("bnem");
    const expected = await sampler.sample(30, { seed: 1, steps: 3 });
    expect(expected.notice).toBeUndefined();
    const many = await sampler.sample(30, { seed: 1, steps: 3, workers: 4096 });
    expect(many.x).toEqual(expected.x);
    expect(many.notice).toMatch(/^sample: workers 4096 is more than/);
    expect((await sampler.sample(30, { seed: 1, steps: 3, workers: 1 })).x).toEqual(expected.x);
  });

  test("a worker that does not start, and a network that only tfjs can run: one line", async () => {
    given.pool = poolOf(2, { source: "throw new Error('refused')" }, EagerPool);
    const sampler = samplerOf("bnem");
    await sampler.sample(600, { steps: 3 });
    await vi.waitFor(async () => {
      expect((await sampler.sample(600, { steps: 3 })).notice).toMatch(/refused.*one thread does all the work/);
    });
    usePool(2);
    vi.spyOn(NeuralModel.prototype, "describe").mockReturnValue(undefined);
    expect((await sampler.sample(5, { steps: 3, workers: 2 })).notice ?? "").toMatch(/only the calling thread|is more than/);
    expect((await sampler.sample(5, { steps: 3, workers: 1 })).notice).toBeUndefined();
    expect((await sampler.sample(5, { steps: 3 })).notice).toBeUndefined();
  });

  test.each([
    [{ workers: 0 }, RangeError, /^sample: workers must be/],
    [{ workers: 1.5 }, RangeError, /^sample: workers must be/],
    [{ workers: "2" }, TypeError, /^sample: workers must be/],
    [{ worker: 2 }, RangeError, /did you mean "workers"/],
  ])("%j is refused", async (options, kind, text) => {
    usePool(1);
    const ask = samplerOf("bnem").sample(5, options as never);
    await expect(ask).rejects.toThrow(kind);
    await expect(ask).rejects.toThrow(text);
  });
});
