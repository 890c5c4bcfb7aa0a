/** One bundle, one set of bits: Node, Deno, Bun, a Chromium page, a worker, both under a strict CSP, the standalone page. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Environments } from "../support/environments.js";
import { complete } from "../support/runtimes.js";

type Hashes = Record<string, string>;

let at: Environments<Hashes>;
let expected: Hashes;
beforeAll(async () => {
  // A page whose CSP allows no blob workers says so in its console.
  at = new Environments("test/runtime/probe.mjs", { expected: /worker-src/ });
  expected = await at.runtime("node");
});
afterAll(() => at?.close());

describe("the reference run in Node", () => {
  test("computes every entry", () => {
    expect(Object.keys(expected).length).toBeGreaterThan(20);
    expect(Object.entries(expected).filter(([, hash]) => !/^[0-9a-f]{16}$/.test(hash))).toEqual([]);
  });

  test("tells different arrays apart", () => {
    const hashes = Object.values(expected);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test("require() of the bundle gives the same bits", async () => {
    expect(await at.required()).toEqual(expected);
  });
});

describe("runtimes", () => {
  test.each(["deno", "bun"] as const)("%s gives Node's bits", async (name) => {
    expect(await at.runtime(name)).toEqual(expected);
  });
});

describe.skipIf(!complete)("Chromium", () => {
  test.each(["page", "worker", "strictPage", "strictWorker", "standalone"] as const)("%s gives Node's bits", async (name) => {
    expect(await at[name]()).toEqual(expected);
  });

  test("control: without wasm-unsafe-eval the strict page cannot start, so the CSP is in force", async () => {
    await expect(at.pageWithoutWasm()).rejects.toThrow(/Content Security Policy|CompileError|unsafe-eval/);
  });
});
