/** A crew whose program finds no memory on the workers: the calling thread trains alone, and the pool stays good for other work. */
import { beforeAll, expect, test } from "vitest";
import { initKernels } from "../../src/kernels/load.js";
import type { Program } from "../../src/kernels/program.js";
import { GradientCrew } from "../../src/training/gradient-crew.js";
import { poolOf } from "../support/test-pools.js";

beforeAll(() => initKernels());

const names = ["x", "variance", "target", "weight", "parameters", "gradient", "loss", "prediction", "large"];

/** A training program of nothing but its buffers, the last of so many bytes. */
function programOf(large: number): Program {
  const buffers = names.map((name) => ({ bytes: name === "large" ? large : 16 }));
  return { buffers, instructions: [], names: Object.fromEntries(names.map((name, at) => [name, at])) };
}

/** Whether the crew takes blocks of some step within so many milliseconds; its shares are tried out, none among them. */
async function takesBlocks(crew: GradientCrew, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    if (crew.begin(8) > 0) return true;
    crew.end();
    await new Promise((next) => setTimeout(next, 1));
  }
  return false;
}

test("a program that no memory holds takes nothing else down; one that fits is used", async () => {
  const pool = poolOf(2);
  const crew = new GradientCrew(pool, programOf(2 ** 33), true, 4);
  await expect(pool.run("echo", 1)).rejects.toThrow(/no memory for \d+ bytes of a recorded program; it has 4 GiB/);
  await expect.poll(() => pool.run("echo", 2).catch(() => 0), { timeout: 5000 }).toBe(2);
  expect(await takesBlocks(crew, 100)).toBe(false);
  crew.dispose();
  const small = new GradientCrew(pool, programOf(16), true, 4);
  expect(await takesBlocks(small, 5000)).toBe(true);
  small.dispose();
  pool.dispose();
});
