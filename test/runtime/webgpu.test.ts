/**
 * WebGPU in software (SwiftShader, shipped with Chromium) in Chromium, Deno and Node: the adapter is there, and the pipeline's first
 * losses equal wasm's to 1e-5 of their size (float32 sums of a few hundred terms in another order: about 1e-6).
 */
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, swiftshaderEnvironment } from "../support/chromium.js";
import { complete, mustRun, runtimePath } from "../support/runtimes.js";
import { type Stage, stage } from "../support/stage.js";
import { serve } from "../support/static-server.js";

type Question = "adapterOf(gpu)" | "compare(bnem, gpu)";
interface Run {
  readonly backend: string;
  readonly losses: number[];
  readonly samples: number[];
}

let staged: Stage;
beforeAll(() => {
  staged = stage(["dist/bnem.js", "test/runtime/webgpu-probe.mjs"], { "page.html": "<!doctype html><title>webgpu</title>" });
});
afterAll(() => staged.remove());

const imports = (base: string) => `const { adapterOf, compare } = await import("${base}webgpu-probe.mjs");
const bnem = await import("${base}bnem.js");`;
const script = (gpu: string, question: Question) =>
  `${gpu}\n${imports(pathToFileURL(`${staged.folder}/`).href)}\nconsole.log("answer:" + JSON.stringify(await ${question}));`;
const answerOf = (stdout: string) => JSON.parse(/^answer:(.*)$/m.exec(stdout)?.[1] ?? "null");

/** npm webgpu: its globals on globalThis (tfjs needs GPUBufferUsage), its GPU object passed in by hand as a user would. */
const dawn = `import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
const gpu = create([]);`;

const environments: Record<string, (question: Question) => Promise<unknown>> = {
  async node(question) {
    const env = swiftshaderEnvironment();
    return answerOf(
      await mustRun(process.execPath, ["--input-type=module", "-e", script(dawn, question)], { env, timeout: 300_000 }),
    );
  },
  async deno(question) {
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${staged.folder}/deno.mjs`, script("const gpu = navigator.gpu;", question));
    const parameters = ["run", "--no-config", "--no-prompt", "--no-remote", "--no-npm", "--unstable-webgpu", "deno.mjs"];
    const env = { ...swiftshaderEnvironment(), DENO_DIR: `${staged.folder}/deno-cache` };
    return answerOf(await mustRun(runtimePath("deno"), parameters, { cwd: staged.folder, env, timeout: 300_000 }));
  },
  async chromium(question) {
    const browser = await launchChromium();
    const server = await serve(staged.folder);
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/page.html`);
      return await page.evaluate(
        `(async () => { const gpu = navigator.gpu; ${imports(`${server.url}/`)} return ${question}; })()`,
      );
    } finally {
      await browser.close();
      await server.close();
    }
  },
};

describe.skipIf(!complete).each(Object.keys(environments))("WebGPU in %s", (name) => {
  test("the software adapter answers", async () => {
    expect(await environments[name]("adapterOf(gpu)")).toMatch(/swiftshader/i);
  });

  test("the pipeline runs and its first losses equal wasm's", { timeout: 300_000 }, async () => {
    const { wasm, webgpu } = (await environments[name]("compare(bnem, gpu)")) as { wasm: Run; webgpu: Run };
    expect([wasm.backend, webgpu.backend]).toEqual(["wasm", "webgpu"]);
    expect(webgpu.losses.length).toBe(wasm.losses.length);
    for (const [i, loss] of wasm.losses.entries()) {
      expect(Number.isFinite(loss)).toBe(true);
      expect(Math.abs(webgpu.losses[i] - loss), `step ${i}: wasm ${loss}, webgpu ${webgpu.losses[i]}`).toBeLessThanOrEqual(
        1e-5 * Math.abs(loss),
      );
    }
    expect(webgpu.samples.every(Number.isFinite)).toBe(true);
    // The same seed gives different samples only by rounding; a wrong kernel is off by the size of the plane.
    for (const [i, x] of wasm.samples.entries()) expect(Math.abs(webgpu.samples[i] - x)).toBeLessThan(0.05);
  });
});
