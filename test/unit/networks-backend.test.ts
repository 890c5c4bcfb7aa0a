/** Which backend is taken, and why, in words. The device itself is exercised in test/runtime. */
import { engine, getGradient, getKernel } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  backendFailure,
  chooseBackend,
  currentBackend,
  startBackend,
  webgpuMinimumParameters,
} from "../../src/networks/backend.js";

const adapter = (info: object) => ({ requestAdapter: async () => ({ features: new Set(), limits: {}, info }) });
const real = adapter({ vendor: "acme", architecture: "mark-2" });

describe("auto", () => {
  test("without WebGPU takes wasm", async () => {
    const { report } = await chooseBackend({ parameters: 10 ** 9, gpu: { requestAdapter: async () => null } });
    expect(report).toEqual({ backend: "wasm", reason: expect.stringContaining("no WebGPU adapter") });
  });

  test("with an adapter that throws takes wasm", async () => {
    const gpu = { requestAdapter: () => Promise.reject(new Error("blocked")) };
    expect((await chooseBackend({ parameters: 10 ** 9, gpu })).report.backend).toBe("wasm");
  });

  test.each([
    { vendor: "google", architecture: "swiftshader" },
    { vendor: "mesa", description: "llvmpipe (LLVM 15)" },
    { vendor: "acme", isFallbackAdapter: true },
  ])("with software %j takes wasm whatever the size", async (info) => {
    const { report } = await chooseBackend({ parameters: 10 ** 9, gpu: adapter(info) });
    expect(report).toMatchObject({ backend: "wasm", fallbackAdapter: true, reason: expect.stringContaining("software") });
  });

  test("with a real adapter the size decides", async () => {
    const small = (await chooseBackend({ parameters: webgpuMinimumParameters - 1, gpu: real })).report;
    expect(small).toMatchObject({ backend: "wasm", adapter: "acme mark-2", fallbackAdapter: false });
    expect(small.reason).toContain(String(webgpuMinimumParameters));
    expect((await chooseBackend({ gpu: real })).report.backend).toBe("wasm");
    expect((await chooseBackend({ parameters: webgpuMinimumParameters, gpu: real })).report.backend).toBe("webgpu");
  });
});

describe("startBackend", () => {
  test("refuses an unknown name with the nearest known one", () => {
    expect(() => startBackend("webgl" as "wasm")).toThrow('did you mean "webgpu"');
  });

  test("webgpu without an adapter is an error with the remedy", async () => {
    const failure = startBackend("webgpu", { gpu: { requestAdapter: async () => null } });
    await expect(failure).rejects.toMatchObject({ code: "unsupported", message: expect.stringContaining("create([])") });
  });

  test("starts once, changes over, and makes its mends once", async () => {
    const reports = await Promise.all([startBackend("wasm"), startBackend("wasm"), startBackend("cpu"), startBackend("wasm")]);
    expect(reports.map((r) => r.backend)).toEqual(["wasm", "wasm", "cpu", "wasm"]);
    expect(engine().backendName).toBe("wasm");
    expect(currentBackend()).toEqual(reports[3]);
    expect(backendFailure()).toBeNull();
    const [gradient, kernel] = [getGradient("Sigmoid"), getKernel("BatchMatMul", "wasm")];
    expect(gradient.inputsToSave).toEqual(["x"]);
    await startBackend("wasm");
    expect(getGradient("Sigmoid")).toBe(gradient);
    expect(getKernel("BatchMatMul", "wasm")).toBe(kernel);
  });

  test("auto without a GPU runs wasm", async () => {
    const gpu = { requestAdapter: async () => null };
    expect(await startBackend("auto", { parameters: 10, gpu })).toMatchObject({ backend: "wasm" });
  });
});
