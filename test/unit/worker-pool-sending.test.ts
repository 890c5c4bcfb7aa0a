/** When a job leaves for its worker. */
import { beforeAll, expect, test } from "vitest";
import { initKernels } from "../../src/kernels/load.js";
import { poolOf } from "../support/test-pools.js";

const pool = poolOf(2);
beforeAll(() => initKernels());

test("a job is done while the caller computes, without a turn in between; refusals come as before", async () => {
  await pool.run("echo", 0);
  const marks = new SharedArrayBuffer(4);
  const job = pool.run("dying", { marks, deaths: 0, way: "exit" });
  const end = performance.now() + 10_000;
  while (Atomics.load(new Int32Array(marks), 0) === 0 && performance.now() < end);
  expect(Atomics.load(new Int32Array(marks), 0)).toBe(1);
  expect(await job).toBe(0);
  const reason = new Error("enough");
  await expect(pool.run("echo", 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  pool.dispose();
  await expect(pool.run("echo", 1)).rejects.toMatchObject({ code: "disposed" });
});
