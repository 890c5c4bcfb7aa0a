/** A thousand training steps leave every memory as they found it: tensors, tfjs's heap, the kernels' memory, machines, workers. */
import { engine, memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startBackend } from "../../src/networks/backend.js";
import { blockRows } from "../../src/networks/record.js";
import type { HeapBackend } from "../../src/networks/wasm/heap-backend.js";
import { kernelModes, setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { TrainingLoop } from "../../src/training/training-loop.js";
import { kernelBytes } from "../support/kernel-memory.js";
import { runTo } from "../support/loop-runs.js";
import { leaveOwn, startOwn } from "../support/recorded.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";
import { poolOf } from "../support/test-pools.js";
import { tinyConfig } from "../support/tiny-loop.js";
import type { Holdings } from "../support/worker-tasks.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await startOwn();
});
afterAll(leaveOwn);

const heapBytes = () => (engine().backend as unknown as HeapBackend).wasm.asm.memory.buffer.byteLength;
const held = () => ({
  tensors: memory().numTensors,
  buffers: memory().numDataBuffers,
  heap: heapBytes(),
  kernels: kernelBytes(),
});

/** Past the first refills, and past the start of bootstrapping. */
const warmUp = 300;
const steps = warmUp + 1000;

test.each(kernelModes)("on the kernels of %s", async (mode) => {
  setKernelMode(mode);
  expect((await startBackend("wasm")).kernels).toBe(mode);
  const none = held();
  const loop = new TrainingLoop(tinyConfig({ method: "bnem", steps, bufferEvery: 10 }));
  await runTo(loop, warmUp);
  const before = held();
  await runTo(loop, steps);
  expect(held()).toEqual(before);
  await loop.state();
  expect(held()).toEqual(before);
  loop.dispose();
  const { tensors, buffers } = held();
  expect([tensors, buffers]).toEqual([none.tensors, none.buffers]);
});

test("control: a tensor that is kept shows", async () => {
  const before = held();
  const kept = engine().makeTensor(new Float32Array(3), [3], "float32");
  expect(held()).not.toEqual(before);
  kept.dispose();
  expect(held()).toEqual(before);
});

test("on a worker, over steps and over trainers", async () => {
  await startOwn();
  const pool = poolOf(2);
  const runs = vi.spyOn(pool, "run");
  const inWorker = () => pool.run<Holdings>("holdings", null);
  const config = { ...tinyConfig({ method: "nem", steps, batchSize: 3 * blockRows, bufferEvery: 100 }), pool };
  const loop = new TrainingLoop(config);
  await runTo(loop, 1);
  await Promise.allSettled(runs.mock.results.map(({ value }) => value));
  await runTo(loop, warmUp);
  const before = { here: held(), there: await inWorker() };
  expect(before.there).toMatchObject({ inWorker: true });
  expect(before.there.machines).toBeGreaterThan(0);
  const asked = runs.mock.calls.length;
  await runTo(loop, steps);
  expect({ here: held(), there: await inWorker() }).toEqual(before);
  expect(pool.notice).toBeUndefined();
  expect(asked, "control: blocks were sent").toBeGreaterThan(20);
  loop.dispose();
  for (let other = 0; other < 6; other++) {
    const next = new TrainingLoop(config);
    await runTo(next, 3);
    await Promise.allSettled(runs.mock.results.map(({ value }) => value));
    next.dispose();
  }
  const after = await inWorker();
  expect(after.keys).toBeLessThan(before.there.keys);
  expect(after.machines).toBe(0);
  expect(after.kernels).toBe(before.there.kernels);
  pool.dispose();
});
