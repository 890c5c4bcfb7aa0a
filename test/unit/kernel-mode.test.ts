/** The kernels this run asks for are those that run, in src and in the built package: `npm test` runs once with each. */
import { createTrainer, gaussianMixture } from "bnem";
import { expect, test } from "vitest";
import { startBackend } from "../../src/networks/backend.js";
import { ownKernelsRun } from "../../src/networks/wasm/kernel-mode.js";

const asked = process.env.BNEM_KERNELS ?? "bnem";

test("src", async () => {
  expect((await startBackend("wasm")).kernels).toBe(asked);
  expect(ownKernelsRun()).toBe(asked === "bnem");
});

test("the built package", async () => {
  const trainer = await createTrainer(gaussianMixture({ means: [[0, 0]], std: 1 }), { steps: 1, seed: 1, backend: "wasm" });
  expect(trainer.backend.kernels).toBe(asked);
  trainer.dispose();
});
