/**
 * Networks on WebGPU in software (SwiftShader through npm webgpu, in a child process that has the driver in its environment): gradients of
 * every loss against the f64 twin, first training losses against wasm's, and a lost device. From src, bundled as the package is.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { portable } from "../../build/bundle.mjs";
import type { CaseErrors } from "../support/backend-cases.js";
import { swiftshaderEnvironment } from "../support/chromium.js";
import { complete, mustRun } from "../support/runtimes.js";

interface Steps {
  readonly losses: number[];
  readonly score: number[];
}
interface Answer {
  readonly wasm: { readonly report: object; readonly steps: Steps };
  readonly automatic: object;
  readonly webgpu: {
    readonly report: object;
    readonly running: string;
    readonly errors: Record<string, number>;
    readonly particles: Record<string, { readonly found: CaseErrors; readonly bounds: CaseErrors }>;
    readonly products: Record<string, { readonly error: number; readonly bound: number }>;
    readonly steps: Steps;
  };
  readonly told: string;
  readonly refused: string;
  readonly failure: string;
  readonly renewed: string;
  readonly worksAgain: boolean;
}

let folder: string;
let answer: Answer;

describe.skipIf(!complete)("WebGPU through npm webgpu", () => {
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "bnem-networks-")));
    const outfile = join(folder, "child.mjs");
    await build({ ...portable, entryPoints: ["test/support/networks-webgpu.ts"], outfile, format: "esm", write: true });
    const script = `import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
const { main } = await import(${JSON.stringify(pathToFileURL(outfile).href)});
await main(create([]));`;
    const options = { env: swiftshaderEnvironment(), timeout: 280_000 };
    const stdout = await mustRun(process.execPath, ["--input-type=module", "-e", script], options);
    answer = JSON.parse(/^answer:(.*)$/m.exec(stdout)?.[1] ?? "null");
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("the adapter is found to be software: auto takes wasm, webgpu when asked for", () => {
    expect(answer.automatic).toMatchObject({
      backend: "wasm",
      fallbackAdapter: true,
      reason: expect.stringMatching(/swiftshader/i),
    });
    expect(answer.webgpu.report).toMatchObject({ backend: "webgpu", fallbackAdapter: true });
    expect(answer.webgpu.running).toBe("webgpu");
  });

  test("every loss has the gradient of its f64 twin", () => {
    expect(Object.keys(answer.webgpu.errors).length).toBe(4);
    // As on wasm (test/unit); WGSL allows exp, sqrt and division a few units in the last place more.
    for (const [name, error] of Object.entries(answer.webgpu.errors)) expect(error, `${name}: ${error}`).toBeLessThan(2e-5);
  });

  test("networks of particles have the values and gradients of their f64 twins, with every loss", () => {
    const { particles } = answer.webgpu;
    expect(Object.keys(particles).length).toBe(14);
    for (const [name, { found, bounds }] of Object.entries(particles)) {
      for (const [kind, bound] of Object.entries(bounds))
        expect(found[kind as keyof CaseErrors], `${name}: ${JSON.stringify(found)}`).toBeLessThan(bound);
    }
  });

  test("products with Hessians are those of the f64 twins' differences", () => {
    const { products } = answer.webgpu;
    expect(Object.keys(products).length).toBeGreaterThan(5);
    // Ten times the bound of the other backends: WGSL allows sine, exp and division a few units in the last place more.
    for (const [name, { error, bound }] of Object.entries(products)) expect(error, `${name}: ${error}`).toBeLessThan(10 * bound);
  });

  test("first training losses equal wasm's to 1e-5, and so do scores", () => {
    const { wasm, webgpu } = answer;
    expect(wasm.steps.losses.length).toBe(4);
    for (const [i, loss] of wasm.steps.losses.entries()) {
      expect(Math.abs(webgpu.steps.losses[i] - loss), `step ${i}: wasm ${loss}, webgpu ${webgpu.steps.losses[i]}`).toBeLessThan(
        1e-5 * loss,
      );
    }
    expect(wasm.steps.losses[3]).toBeLessThan(wasm.steps.losses[0]); // control: it trains, the losses differ from step to step
    for (const [i, s] of wasm.steps.score.entries()) expect(Math.abs(webgpu.steps.score[i] - s)).toBeLessThan(1e-4);
  });

  test("a lost device is a typed error for who listens and who asks, and a fresh start works", () => {
    expect([answer.told, answer.refused]).toEqual(["device-lost", "device-lost"]);
    expect(answer.failure).toMatch(/lost.*checkpoint/);
    expect([answer.renewed, answer.worksAgain]).toEqual(["webgpu", true]);
  });
});
