/** The tarball npm would publish: what is in it, how it is described, and that it works in a bare project without network. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Packed, packAndInstall } from "../support/packed.js";
import { mustRun, run, runtimePath } from "../support/runtimes.js";

let packed: Packed;
let manifest: Record<string, unknown> & { name: string; version: string; exports: Record<string, unknown> };

beforeAll(async () => {
  packed = await packAndInstall();
  manifest = JSON.parse(readFileSync(join(packed.project, "node_modules/bnem/package.json"), "utf8"));
});
afterAll(() => packed?.remove());

/** node_modules/.bin of this repository holds the checkers; called by path, so npx never looks for a network. */
const tool = (path: string) => join("node_modules", path);

describe("the package as published", () => {
  test("holds the built files, the reference sets, the licence and the README, and nothing else", () => {
    const wanted = ["bnem.d.ts", "bnem.js", "bnem.standalone.html", "cli.js", "kernels.wasm", "NOTICE"].map(
      (name) => `dist/${name}`,
    );
    const sets = ["dw4", "lj13", "lj55"].map((name) => `references/${name}.npz`);
    expect(packed.files).toEqual([...wanted, ...sets, "LICENSE", "README.md", "package.json"].sort());
  });

  test("has no runtime dependency and no script that runs at installation", () => {
    for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies"])
      expect(manifest).not.toHaveProperty(kind);
    const scripts = Object.keys(manifest.scripts as object);
    expect(scripts.filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  });

  test("passes publint", async () => {
    const { code, stdout, stderr } = await run(process.execPath, [tool("publint/src/cli.js"), "--strict", packed.tarball]);
    expect(`${stdout}${stderr}`).toContain("All good");
    expect(code).toBe(0);
  });

  test("passes are-the-types-wrong", async () => {
    // bnem/wasm is a binary, not a module with types. require("bnem") loads ESM, which every supported Node does (>= 20.19).
    const parameters = [
      "--no-definitely-typed",
      "--no-emoji",
      "--exclude-entrypoints",
      "wasm",
      "--ignore-rules",
      "cjs-resolves-to-esm",
    ];
    const { code, stdout } = await run(process.execPath, [
      tool("@arethetypeswrong/cli/dist/index.js"),
      packed.tarball,
      ...parameters,
    ]);
    expect(stdout).toContain("No problems found");
    expect(code).toBe(0);
  });

  test("names every package whose code is inside in NOTICE, each with a licence text", () => {
    const notice = readFileSync(join(packed.project, "node_modules/bnem/dist/NOTICE"), "utf8");
    const metas = JSON.parse(readFileSync("dist/meta.json", "utf8")) as Record<
      string,
      { outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }
    >;
    const inlined = new Set<string>();
    for (const meta of Object.values(metas)) {
      for (const output of Object.values(meta.outputs)) {
        for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
          const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(file)?.[1];
          if (name && bytesInOutput > 0 && !file.startsWith("(disabled)")) inlined.add(name);
        }
      }
    }
    expect([...inlined].filter((name) => !new RegExp(`^${name} \\d`, "m").test(notice))).toEqual([]);
  });
});

const check = `
const bnem = await load();
await bnem.init();
const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
const values = energy.energy({ data: new Float32Array([0, 0]), n: 1, dim: 2 });
console.log(JSON.stringify([typeof bnem.geometricSchedule, Number.isFinite(values[0])]));
`;
const importing = `const load = () => import("bnem");\n${check}`;
const requiring = `const load = async () => require("bnem");\n(async () => {${check}})();`;

describe("in a bare project", () => {
  const answer = '["function",true]\n';

  test("Node imports it", async () => {
    writeFileSync(join(packed.project, "import.mjs"), importing);
    expect(await mustRun(process.execPath, ["import.mjs"], { cwd: packed.project })).toBe(answer);
  });

  test("Node requires it", async () => {
    writeFileSync(join(packed.project, "require.cjs"), requiring);
    expect(await mustRun(process.execPath, ["--no-warnings", "require.cjs"], { cwd: packed.project })).toBe(answer);
  });

  test("Bun imports it", async () => {
    writeFileSync(join(packed.project, "import.mjs"), importing);
    expect(await mustRun(runtimePath("bun"), ["run", "--no-install", "import.mjs"], { cwd: packed.project })).toBe(answer);
  });

  test("Deno imports it from node_modules", async () => {
    writeFileSync(join(packed.project, "import.mjs"), importing);
    const env = { DENO_DIR: join(packed.project, "deno-cache") };
    expect(
      await mustRun(runtimePath("deno"), ["run", "--no-prompt", "--cached-only", "import.mjs"], { cwd: packed.project, env }),
    ).toBe(answer);
  });

  test("bnem/wasm is the kernels' module", async () => {
    const script = `import { readFileSync } from "node:fs";
const bytes = readFileSync(new URL(import.meta.resolve("bnem/wasm")));
console.log(WebAssembly.Module.exports(new WebAssembly.Module(bytes)).length > 0);`;
    writeFileSync(join(packed.project, "wasm.mjs"), script);
    expect(await mustRun(process.execPath, ["wasm.mjs"], { cwd: packed.project })).toBe("true\n");
  });

  test("bnem/references/lj13.npz is a reference set", async () => {
    const script = `import { readFileSync } from "node:fs";
import { lennardJones, loadReference } from "bnem";
const bytes = readFileSync(new URL(import.meta.resolve("bnem/references/lj13.npz")));
console.log((await loadReference(bytes, lennardJones())).x.n);`;
    writeFileSync(join(packed.project, "reference.mjs"), script);
    expect(await mustRun(process.execPath, ["reference.mjs"], { cwd: packed.project })).toBe("1000\n");
  });

  test("the command prints its version", async () => {
    const cli = join(packed.project, "node_modules/bnem/dist/cli.js");
    expect(await mustRun(process.execPath, [cli, "--version"], { cwd: packed.project })).toContain(manifest.version);
    const linked = join(packed.project, "node_modules/.bin/bnem");
    if (process.platform !== "win32")
      expect(await mustRun(linked, ["--version"], { cwd: packed.project })).toContain(manifest.version);
  });
});

describe("types", () => {
  const compile = (settings: string[]) => {
    cpSync("test/package/consumer.ts", join(packed.project, "consumer.ts"));
    const compiler = join(process.cwd(), "node_modules/typescript/bin/tsc");
    const parameters = [
      compiler,
      "--ignoreConfig",
      "--strict",
      "--noEmit",
      "--target",
      "es2022",
      "--lib",
      "es2022,dom",
      "--types",
      "",
      ...settings,
    ];
    return run(process.execPath, [...parameters, "consumer.ts"], { cwd: packed.project });
  };

  test.each([
    ["bundler", ["--module", "esnext", "--moduleResolution", "bundler"]],
    ["nodenext", ["--module", "nodenext"]],
  ])("a strict user file compiles under %s resolution, library checks on", async (_, settings) => {
    const { code, stdout } = await compile(settings);
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  test("Deno checks a file that imports the bundle by path", async () => {
    const dist = join(packed.project, "node_modules/bnem/dist");
    for (const name of ["bnem.js", "bnem.d.ts"]) cpSync(join(dist, name), join(packed.project, name));
    const text = readFileSync("test/package/consumer.ts", "utf8").replace('from "bnem"', 'from "./bnem.js"');
    writeFileSync(join(packed.project, "by-path.ts"), text);
    const env = { DENO_DIR: join(packed.project, "deno-cache"), NO_COLOR: "1" };
    await mustRun(runtimePath("deno"), ["check", "--no-config", "--cached-only", "by-path.ts"], { cwd: packed.project, env });
  });
});
