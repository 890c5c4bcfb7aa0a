/** The build's own scan: each forbidden thing is found in a made-up output, and look-alikes are not. */
import { expect, test } from "vitest";

interface Checks {
  assertPortable(
    name: string,
    code: string,
    metafile: { outputs: Record<string, { imports: { path: string; kind: string }[] }> },
  ): void;
}

const path = "../../build/checks.mjs";
const { assertPortable } = (await import(path)) as Checks;
const scan =
  (code: string, imports: { path: string; kind: string }[] = []) =>
  () =>
    assertPortable("sample.js", code, { outputs: { "dist/sample.js": { imports } } });

test.each([
  ["eval", "const a=eval(text);"],
  ["Function constructor", 'const f=new Function("return 1");'],
  ["Function constructor", 'const g=Function("return this")();'],
  ["timer", 'setTimeout("tick()",5);'],
  ["Node built-in", 'import{a}from"node:fs";'],
  ["require", 'const fs=require("fs");'],
  ["dynamic import", "const m=await import(name);"],
  ["importScripts", "importScripts(url);"],
  ["process", "if(process.env.DEBUG)run();"],
])("finds %s in %s", (what, code) => {
  expect(scan(code)).toThrow(new RegExp(what, "i"));
});

test("finds an import left outside the bundle", () => {
  expect(scan("x();", [{ path: "fs", kind: "import-statement" }])).toThrow(/imports fs/);
});

test("lets look-alikes pass", () => {
  const code =
    'model.eval(x);retrieval(y);class Function2{};o.require("a");setTimeout(tick,5);globalThis.process;const u=import.meta.url;';
  expect(scan(code)).not.toThrow();
});
