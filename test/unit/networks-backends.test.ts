/** Every network and every loss on every backend of this process against the f64 twins. WebGPU: test/runtime. */
import { registerGradient, unregisterGradient } from "@tensorflow/tfjs-core";
import { sigmoidGradConfig } from "@tensorflow/tfjs-core/dist/gradients/Sigmoid_grad.js";
import { afterAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { startBackend } from "../../src/networks/backend.js";
import { kernelMode, setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { backendCases, boundsOf, type CaseErrors, caseErrors, refusedByOwnKernels } from "../support/backend-cases.js";

const ways = [
  ["wasm", "bnem"],
  ["wasm", "tfjs"],
  ["cpu", "tfjs"],
] as const;

const before = kernelMode();
async function start([backend, kernels]: (typeof ways)[number]): Promise<void> {
  setKernelMode(kernels);
  expect(await startBackend(backend)).toMatchObject({ backend, kernels });
}
afterAll(() => setKernelMode(before));

const refusedBy = (kernels: string) => (kernels === "bnem" ? refusedByOwnKernels : []);
const runs = ways.flatMap(([backend, kernels]) =>
  Object.keys(backendCases)
    .filter((name) => !refusedBy(kernels).includes(name))
    .map((name) => [backend, kernels, name] as const),
);

test.each(runs)("on %s with the kernels of %s, %s", async (backend, kernels, name) => {
  await start([backend, kernels] as (typeof ways)[number]);
  const errors = await caseErrors(name);
  for (const [kind, bound] of Object.entries(boundsOf(name)))
    expect(errors[kind as keyof CaseErrors], `${kind} of ${JSON.stringify(errors)}`).toBeLessThan(bound);
});

test.each(refusedByOwnKernels)("this package's kernels refuse: %s", async (name) => {
  await start(["wasm", "bnem"]);
  await expect(caseErrors(name)).rejects.toThrow(BnemError);
});

// The SiLU of this package's kernels has no Sigmoid in it.
describe.each([ways[1], ways[2]])("control: on %s with the kernels of %s and tfjs's own gradient of Sigmoid", (...way) => {
  test.each(refusedByOwnKernels)("wrong: %s", async (name) => {
    await start(way);
    unregisterGradient("Sigmoid");
    registerGradient(sigmoidGradConfig);
    const errors = await caseErrors(name);
    await start(way); // mends again
    expect(errors.gradient).toBeGreaterThan(0.01);
    expect((await caseErrors(name)).gradient).toBeLessThan(boundsOf(name).gradient);
  });
});
