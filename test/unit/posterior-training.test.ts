/** Training on chains of its own: where the chains are kept, what an end in the middle leaves behind, threads, and energies that fail. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Energy } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { startBackend } from "../../src/networks/backend.js";
import { createTrainer, resumeTrainer, train } from "../../src/pipeline/trainer.js";
import type { LoopConfig } from "../../src/training/loop-config.js";
import { presets } from "../../src/training/presets.js";
import { TrainingLoop } from "../../src/training/training-loop.js";
import { finalBits, runTo } from "../support/loop-runs.js";
import { poolOf } from "../support/test-pools.js";
import { bitsOf, tinyConfig, tinyOptions, tinyTarget } from "../support/tiny-loop.js";

const pool = poolOf(2);
beforeAll(async () => {
  await initKernels();
  await startBackend("wasm");
});

const options = { ...tinyOptions, method: "posterior" } as const;

/** The tiny target as functions, with something done to each batch of energies; every row asked for is counted. */
function watched(change: (energies: Float32Array, rows: number) => void): Energy & { readonly rows: () => number } {
  const { noised: _, hamiltonian: __, ...rest } = tinyTarget;
  let rows = 0;
  const after = (energies: Float32Array) => {
    rows += energies.length;
    change(energies, rows);
    return energies;
  };
  return {
    ...rest,
    rows: () => rows,
    energy: (x) => after(tinyTarget.energy(x)),
    energyAndGradient: (x) => {
      const both = tinyTarget.energyAndGradient(x);
      return { ...both, energy: after(both.energy) };
    },
  };
}

describe("chains", () => {
  test("are brought to the target once, live in the trainer's memory, and every energy they take is counted", async () => {
    const energy = watched(() => undefined);
    const loop = new TrainingLoop(tinyConfig(options, energy));
    const infos = await runTo(loop, 12);
    const { memory, buffer, counts } = await loop.state();
    expect(memory.get("posterior.chains")).toHaveLength(40 * 2);
    expect(buffer).toHaveLength(0);
    expect(counts.energyCalls).toBe(energy.rows());
    expect(counts.networkCalls).toBe(0);
    const perStep = infos.map(({ energyCalls }, i) => energyCalls - (infos[i - 1]?.energyCalls ?? 0));
    // Forty moves of three leapfrogs for forty chains, before the first step alone.
    expect(perStep[0]).toBeGreaterThan(40 * 40 * 3);
    expect(Math.max(...perStep.slice(1))).toBeLessThan(40 * 40 * 3);
    expect(infos.every(({ notes }) => notes.acceptance > 0.5 && notes.acceptance <= 1)).toBe(true);
    loop.dispose();
  });

  test("move in every step, of those rows that were chosen", async () => {
    const loop = new TrainingLoop(tinyConfig({ ...options, batchSize: 12 }));
    const chains = async () => (await loop.state()).memory.get("posterior.chains") as Float64Array;
    await runTo(loop, 1);
    const before = await chains();
    await runTo(loop, 2);
    const after = await chains();
    const moved = Array.from({ length: 40 }, (_, row) => before[2 * row] !== after[2 * row]).filter(Boolean).length;
    // Twelve of the forty, of which a few may have refused all three moves.
    expect(moved).toBeGreaterThan(6);
    expect(moved).toBeLessThanOrEqual(12);
    loop.dispose();
  });

  test("a checkpoint holds them: a trainer goes on from it with the same bits, without making them again", async () => {
    const whole = await createTrainer(tinyTarget, options);
    for await (const _ of whole.steps());
    const stopped = await createTrainer(tinyTarget, options);
    for await (const { step } of stopped.steps()) if (step === 5) break;
    const resumed = await resumeTrainer(await stopped.save(), tinyTarget);
    let told = 0;
    for await (const _ of resumed.steps(undefined, { onChains: () => told++ }));
    expect(told).toBe(0);
    expect(resumed.energyCalls).toBe(whole.energyCalls);
    expect(resumed.history().loss).toEqual(whole.history().loss);
    const samples = async (trainer: typeof whole) => {
      const sampler = await trainer.sampler();
      const { x } = await sampler.sample(20, { seed: 1, steps: 4 });
      sampler.dispose();
      return x.data;
    };
    expect(await samples(resumed)).toEqual(await samples(whole));
    for (const each of [whole, stopped, resumed]) each.dispose();
  });

  test("tell where they stand on their way", async () => {
    const trainer = await createTrainer(tinyTarget, { ...options, chains: 4000 });
    const told: number[] = [];
    for await (const _ of trainer.steps(undefined, { onChains: ({ step, total }) => told.push(step / total) })) break;
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    await expect(trainer.steps(12, { onChains: 3 as never }).next()).rejects.toThrow(/onChains must be a function/);
    trainer.dispose();
  });
});

describe("threads", () => {
  test.each([
    ["few chains", {}],
    ["many", { chains: 3000, batchSize: 600 }],
  ])("%s: one and two give the same bits", async (_, more) => {
    const { bits } = await finalBits(tinyConfig({ ...options, ...more }));
    const chosen = { ...options, ...more };
    expect((await finalBits({ ...tinyConfig(chosen, tinyTarget, pool), pool })).bits).toEqual(bits);
  });

  test("particles: one and two give the same bits", async () => {
    const run = async (workers: number) => {
      const energy = lennardJones();
      const small = { chains: 64, chainMoves: 60, batchSize: 16, steps: 3, seed: 5, workers };
      const trainer = await createTrainer(energy, { ...presets.lj13.posterior, ...small });
      for await (const _ of trainer.steps());
      const history = trainer.history();
      trainer.dispose();
      return history;
    };
    const one = await run(1);
    expect(one.loss.every((loss) => loss > 0)).toBe(true);
    expect(await run(2)).toEqual(one);
  });
});

describe("ending early", () => {
  const reason = new Error("enough");

  test("aborted on the way to the target: nothing has changed, and the same bits afterwards", async () => {
    const config = tinyConfig(options);
    const { bits } = await finalBits(config);
    const stop = new AbortController();
    const tools = config.chains as NonNullable<LoopConfig["chains"]>;
    const chains: LoopConfig["chains"] = {
      equilibrate: (n, key, signal) => {
        const going = tools.equilibrate(n, key, signal);
        stop.abort(reason);
        return going;
      },
      hamiltonian: (request) => tools.hamiltonian(request),
    };
    const loop = new TrainingLoop({ ...config, chains });
    const before = bitsOf(await loop.state());
    await expect(runTo(loop, 12, stop.signal)).rejects.toBe(reason);
    expect(bitsOf(await loop.state())).toEqual(before);
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual(bits);
    loop.dispose();
  });

  test.each([1, 6])(
    "aborted among the levels of step %i: the chains stay where they were, and the same bits afterwards",
    async (at) => {
      const config = tinyConfig(options);
      const { bits } = await finalBits(config);
      const stop = new AbortController();
      const tools = config.chains as NonNullable<LoopConfig["chains"]>;
      let calls = 0;
      const loop = new TrainingLoop({
        ...config,
        chains: {
          equilibrate: (n, key, signal) => tools.equilibrate(n, key, signal),
          hamiltonian: (request) => {
            // Four levels of six rows a step.
            if (++calls === 4 * (at - 1) + 2) stop.abort(reason);
            return tools.hamiltonian(request);
          },
        },
      });
      await expect(runTo(loop, 12, stop.signal)).rejects.toBe(reason);
      expect([loop.step, calls]).toEqual([at - 1, 4 * (at - 1) + 2]);
      const between = bitsOf(await loop.state());
      expect(between).toEqual(await stateAt(config, at - 1));
      await runTo(loop, 12);
      expect(bitsOf(await loop.state())).toEqual(bits);
      loop.dispose();
    },
  );

  /** The state of a run that was left alone, after `step` steps. */
  async function stateAt(config: LoopConfig, step: number): Promise<object> {
    const loop = new TrainingLoop(config);
    await runTo(loop, step);
    const bits = bitsOf(await loop.state());
    loop.dispose();
    return bits;
  }

  test("a prior that fails after the chains moved: they are put back, and training goes on with the same bits", async () => {
    const config = tinyConfig(options);
    const { bits } = await finalBits(config);
    let broken = true;
    let asked = 0;
    const prior: LoopConfig["prior"] = {
      name: "nothing",
      options: {},
      dim: 2,
      continuous: true,
      evaluate: ({ n }) => {
        if (broken && ++asked === 4) throw new Error("no licence");
        return { energy: new Float32Array(n), score: new Float32Array(2 * n), slope: new Float32Array(n) };
      },
    };
    const loop = new TrainingLoop({ ...config, prior });
    await expect(runTo(loop, 12)).rejects.toThrow("no licence");
    expect(loop.step).toBe(3);
    expect(bitsOf(await loop.state())).toEqual(await stateAt(config, 3));
    broken = false;
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual(bits);
    loop.dispose();
  });
});

describe("energies that fail", () => {
  test("some NaN are counted and refused; training goes on", async () => {
    // Every tenth energy: proposals, and not the start of the chains.
    const energy = watched((energies, rows) => {
      if (rows > 200) for (let i = 3; i < energies.length; i += 10) energies[i] = Number.NaN;
    });
    const loop = new TrainingLoop(tinyConfig({ ...options, rowsPerLevel: 24 }, energy));
    const infos = await runTo(loop, 12);
    const { nonFinite, skipped } = infos[11];
    expect(nonFinite).toBeGreaterThan(12 * 2 * 3);
    expect([skipped, infos.every(({ loss }) => Number.isFinite(loss))]).toEqual([0, true]);
    const { memory } = await loop.state();
    expect((memory.get("posterior.chains") as Float64Array).every(Number.isFinite)).toBe(true);
    loop.dispose();
  });

  test("one that turns NaN everywhere: steps are skipped and counted, nothing is learned from them, and training ends as diverged", async () => {
    let broken = false;
    const energy = watched((energies) => {
      if (broken) energies.fill(Number.NaN);
    });
    const loop = new TrainingLoop(tinyConfig(options, energy));
    await runTo(loop, 3);
    const good = await loop.state();
    broken = true;
    await expect(runTo(loop, 12)).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringMatching(/^train: every energy was not finite for 4 steps in a row at step 7; check the energy/),
    });
    const end = await loop.state();
    expect([end.parameters, end.ema, end.adamM, end.adamStep]).toEqual([good.parameters, good.ema, good.adamM, 3]);
    expect(end.memory).toEqual(good.memory);
    expect(end.counts).toMatchObject({ skipped: 4, inARow: 4, nonFinite: good.counts.nonFinite + 4 * 24 * 3 });
    loop.dispose();
  });

  const bowl = (evaluate: (x: Float64Array) => number) =>
    customEnergy({ name: "bowl", dim: 2, check: { x: [0.1, 0.1] }, evaluate });

  test("NaN where the chains begin is refused at once, naming the place", async () => {
    const energy = bowl((x) => (x[0] > 1 ? Number.NaN : 0.5 * (x[0] * x[0] + x[1] * x[1])));
    await expect(train(energy, options)).rejects.toMatchObject({
      code: "bad-energy",
      message: expect.stringMatching(
        /^train: bowl is NaN where chain \d+ of the training buffer begins \(standard normal numbers\)/,
      ),
    });
  });

  test("a step size that collapses ends the run in the name of train, with what to change", async () => {
    // Every proposal of the chains: their start was asked for twice.
    const energy = watched((energies, rows) => rows > 80 && energies.fill(Number.NaN));
    await expect(train(energy, options)).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringMatching(
        /^train: the step size of hmc collapsed .* check that its gradient is the gradient of its value/,
      ),
    });
  });

  test("a ladder that never swaps is told, in the options of training", async () => {
    const far = { ...options, chainMove: "tempering", temperatures: 2, temperatureMax: 1e6, chains: 8, chainMoves: 8 } as const;
    const steep = bowl((x) => 5e3 * (x[0] * x[0] + x[1] * x[1]));
    const trainer = await createTrainer(steep, { ...far, chainMoves: 40 });
    await trainer.steps().next();
    expect(trainer.notice).toMatch(
      /^train: the chains of the training buffer: the replicas at temperatures .* never swapped .* \(options temperatures, temperatureMax, chainMoves\)$/,
    );
    trainer.dispose();
    // Control: a ladder that does.
    const near = await createTrainer(tinyTarget, { ...far, temperatureMax: 2, chainMoves: 40 });
    await near.steps().next();
    expect(near.notice).toBeUndefined();
    near.dispose();
  });
});
