/** Weights of one system as the start of another: same network, other target. */
import { beforeAll, expect, test } from "vitest";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { startBackend } from "../../src/networks/backend.js";
import { createTrainer } from "../../src/pipeline/trainer.js";

beforeAll(() => startBackend("wasm"));

const options = {
  method: "posterior",
  prior: "two-body",
  architecture: "descriptor",
  width: 8,
  depth: 1,
  scale: 1,
  sigmaMin: 0.05,
  sigmaMax: 1,
  steps: 2,
  batchSize: 8,
  chains: 16,
  chainMoves: 10,
  posteriorMoves: 2,
  warmupSteps: 0,
  seed: 3,
  backend: "wasm",
} as const;

async function trained(count: number, more: object = {}) {
  const trainer = await createTrainer(lennardJones({ count }), { ...options, ...more });
  for await (const info of trainer.steps()) expect(Number.isFinite(info.loss)).toBe(true);
  const sampler = await trainer.sampler();
  const bytes = await sampler.save();
  const score = await sampler.scoreModel.score(
    { data: Float32Array.from({ length: 6 * count }, (_, i) => Math.sin(i)), n: 2, dim: 3 * count },
    Float32Array.of(0.2, 0.3),
  );
  sampler.dispose();
  trainer.dispose();
  return { bytes, score };
}

test("weights of four particles start a run of five, and decide how it begins", async () => {
  const { bytes } = await trained(4);
  const alone = await trained(5);
  const again = await trained(5);
  const from = await trained(5, { startFrom: bytes });
  expect(again.score).toEqual(alone.score);
  expect(from.score).not.toEqual(alone.score);
});

test("a checkpoint of another network is refused by what differs", async () => {
  const { bytes } = await trained(4);
  const refused = createTrainer(lennardJones({ count: 5 }), { ...options, width: 16, startFrom: bytes });
  await expect(refused).rejects.toMatchObject({
    code: "bad-checkpoint",
    message: expect.stringMatching(/startFrom.*parameters/),
  });
  await expect(createTrainer(lennardJones({ count: 5 }), { ...options, startFrom: new Uint8Array(9) })).rejects.toMatchObject({
    code: "bad-checkpoint",
  });
});
