/** The linter really refuses what architecture.md forbids: each rule is shown a file that breaks it and one that does not. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/runtimes.js";

const core = ["core"];
const low = ["core", "kernels"];
/** Folder -> folders it may import, packages it may import. */
const borders: Record<string, { folders: string[]; packages: string[] }> = {
  core: { folders: [], packages: [] },
  kernels: { folders: core, packages: [] },
  energies: { folders: low, packages: [] },
  schedules: { folders: low, packages: [] },
  mcmc: { folders: low, packages: [] },
  estimators: { folders: low, packages: [] },
  metrics: { folders: low, packages: [] },
  priors: { folders: low, packages: [] },
  samplers: { folders: core, packages: [] },
  correction: { folders: ["core", "kernels", "mcmc"], packages: [] },
  networks: { folders: low, packages: ["@tensorflow/tfjs-core"] },
  training: {
    folders: ["core", "kernels", "estimators", "networks", "samplers", "schedules"],
    packages: ["@tensorflow/tfjs-core"],
  },
  io: { folders: core, packages: ["numpy-ts/core"] },
  report: { folders: core, packages: ["d3-scale"] },
  cli: { folders: [], packages: ["commander", "node:fs"] },
  playground: { folders: [], packages: [] },
};
const everything = Object.keys(borders).filter((name) => name !== "cli" && name !== "playground");
borders.pipeline = { folders: everything, packages: ["valibot"] };
const packages = ["@tensorflow/tfjs-core", "numpy-ts/core", "numpy-ts", "d3-scale", "valibot", "commander", "node:fs", "esbuild"];

/** Folders that see the built package only, and folders that see its inside; all may use the slow twins and the helpers. */
const builtOnly = ["test/contract", "test/statistical", "test/runtime", "test/package", "bench", "bench/support"];
const inside = ["test/unit", "test/parity", "test/reference", "test/support"];

let folder: string;
const files: Record<string, string> = {};
/** Path -> rules that flagged it. */
let flagged: Map<string, Set<string>>;

function importing(source: string, form: "static" | "type" | "dynamic" = "static"): string {
  if (form === "type") return `import type { Thing } from "${source}";\nexport type Mine = Thing;\n`;
  if (form === "dynamic") return `export const thing = () => import("${source}");\n`;
  return `import { thing } from "${source}";\nexport const mine = thing;\n`;
}

const slug = (text: string) => text.replace(/\W+/g, "-");

function plan() {
  for (const from of Object.keys(borders)) {
    for (const to of Object.keys(borders)) {
      if (to !== from) files[`src/${from}/to-${to}.ts`] = importing(`../${to}/part.js`);
    }
    for (const name of packages) files[`src/${from}/package-${slug(name)}.ts`] = importing(name);
    files[`src/${from}/own.ts`] = importing("./other.js");
    files[`src/${from}/index-above.ts`] = importing("../index.js");
  }
  files["src/samplers/type-form.ts"] = importing("../networks/part.js", "type");
  files["src/samplers/dynamic-form.ts"] = importing("../networks/part.js", "dynamic");
  files["src/samplers/detour.ts"] = importing("./../networks/part.js");
  files["src/networks/heads/deep-allowed.ts"] = importing("../../core/part.js");
  files["src/networks/heads/deep-forbidden.ts"] = importing("../../training/part.js");
  files["src/index.ts"] = `export { a } from "./core/part.js";\nexport { b } from "./pipeline/part.js";\n`;
  files["src/core/random-source.ts"] = "export const draw = () => Math.random();\n";
  files["src/core/square-root.ts"] = "export const root = (x: number) => Math.sqrt(x);\n";
  files["src/schedules/engine-exp.ts"] = "export const f = (x: number) => Math.exp(x);\n";
  files["src/schedules/engine-sqrt.ts"] = "export const f = (x: number) => Math.sqrt(x);\n";
  files["src/core/speaks.ts"] = 'console.log("hello");\n';
  files["src/cli/speaks.ts"] = 'console.log("hello");\n';
  files["src/core/asks-process.ts"] = "export const home = () => process.env.HOME;\n";
  files["src/cli/asks-process.ts"] = "export const home = () => process.env.HOME;\n";
  files["src/core/evaluates.ts"] = 'export const two = () => new Function("return 2")();\n';
  files["src/core/any.ts"] = "export const value = (x: any) => x;\n";
  files["src/core/ring-a.ts"] = 'import { b } from "./ring-b.js";\nexport const a = () => b;\n';
  files["src/core/ring-b.ts"] = 'import { a } from "./ring-a.js";\nexport const b = () => a;\n';
  files["src/core/long-file.ts"] = Array.from({ length: 401 }, (_, i) => `export const v${i} = ${i};\n`).join("");
  files["src/core/full-file.ts"] = Array.from({ length: 400 }, (_, i) => `export const w${i} = ${i};\n`).join("");
  files["src/core/long-function.ts"] = `export function f(x: number) {\n${"  x += 1;\n".repeat(62)}  return x;\n}\n`;
  files["src/core/short-function.ts"] = `export function f(x: number) {\n${"  x += 1;\n".repeat(50)}  return x;\n}\n`;
  files["test/unit/skips.test.ts"] = 'import { test } from "vitest";\ntest.skip("later", () => {});\n';
  files["test/unit/focuses.test.ts"] = 'import { test } from "vitest";\ntest.only("this", () => {});\n';
  for (const place of [...builtOnly, ...inside]) {
    const up = place.includes("/") ? "../.." : "..";
    files[`${place}/reaches-in.ts`] = importing(`${up}/src/core/part.js`);
    files[`${place}/reaches-in-for-a-type.ts`] = importing(`${up}/src/core/part.js`, "type");
    files[`${place}/by-name.ts`] = importing("bnem");
    files[`${place}/borrows.ts`] = importing(`${up}/test/reference/mixture.js`);
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bnem-lint-"));
  plan();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const settings = JSON.parse(readFileSync("biome.json", "utf8"));
  delete settings.$schema;
  writeFileSync(join(folder, "biome.json"), JSON.stringify({ ...settings, vcs: { enabled: false } }));
  const biome = join(process.cwd(), "node_modules/@biomejs/biome/bin/biome");
  const { stdout, stderr } = await run(process.execPath, [biome, "lint", "--reporter=json", "--max-diagnostics=none", "."], {
    cwd: folder,
  });
  const start = stdout.indexOf("{");
  if (start < 0) throw new Error(`biome gave no report: ${stdout} ${stderr}`);
  flagged = new Map(Object.keys(files).map((path) => [path, new Set<string>()]));
  for (const { category, location } of JSON.parse(stdout.slice(start)).diagnostics) {
    const path = (typeof location.path === "string" ? location.path : location.path.file).replace(/^\.\//, "");
    flagged.get(path)?.add(category.split("/").pop());
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const refused = (path: string, rule = "noRestrictedImports") => {
  expect(files, `${path} is not in the plan`).toHaveProperty([path]);
  return flagged.get(path)?.has(rule);
};

describe("folder borders", () => {
  test.each(Object.keys(borders))("src/%s imports what its row allows and nothing else", (from) => {
    const others = Object.keys(borders).filter((name) => name !== from);
    expect(others.filter((to) => !refused(`src/${from}/to-${to}.ts`))).toEqual(
      others.filter((to) => borders[from].folders.includes(to)),
    );
    expect(packages.filter((name) => !refused(`src/${from}/package-${slug(name)}.ts`))).toEqual(
      packages.filter((name) => borders[from].packages.includes(name)),
    );
    expect(refused(`src/${from}/own.ts`)).toBe(false);
    expect(refused(`src/${from}/index-above.ts`)).toBe(from !== "cli" && from !== "playground");
  });

  test("type imports, dynamic imports and detours count; deeper folders keep their folder's row", () => {
    for (const form of ["type-form", "dynamic-form", "detour"]) expect(refused(`src/samplers/${form}.ts`), form).toBe(true);
    expect(refused("src/networks/heads/deep-allowed.ts")).toBe(false);
    expect(refused("src/networks/heads/deep-forbidden.ts")).toBe(true);
    expect(refused("src/index.ts")).toBe(false);
  });

  test.each([...builtOnly, ...inside])("%s: src, the package by its own name, and test/reference", (place) => {
    const shut = builtOnly.includes(place);
    expect([refused(`${place}/reaches-in.ts`), refused(`${place}/reaches-in-for-a-type.ts`)]).toEqual([shut, shut]);
    expect([refused(`${place}/by-name.ts`), refused(`${place}/borrows.ts`)]).toEqual([false, false]);
  });
});

describe("house rules", () => {
  test.each([
    ["noJsRestrictedProperties", "src/core/random-source.ts", "src/core/square-root.ts"],
    ["noJsRestrictedProperties", "src/schedules/engine-exp.ts", "src/schedules/engine-sqrt.ts"],
    ["noConsole", "src/core/speaks.ts", "src/cli/speaks.ts"],
    ["noRestrictedGlobals", "src/core/asks-process.ts", "src/cli/asks-process.ts"],
    ["noRestrictedGlobals", "src/core/evaluates.ts", "src/core/square-root.ts"],
    ["noExplicitAny", "src/core/any.ts", "src/core/square-root.ts"],
    ["noImportCycles", "src/core/ring-a.ts", "src/core/own.ts"],
    ["noExcessiveLinesPerFile", "src/core/long-file.ts", "src/core/full-file.ts"],
    ["noExcessiveLinesPerFunction", "src/core/long-function.ts", "src/core/short-function.ts"],
    ["noSkippedTests", "test/unit/skips.test.ts", "test/unit/focuses.test.ts"],
    ["noFocusedTests", "test/unit/focuses.test.ts", "test/unit/skips.test.ts"],
  ])("%s refuses %s and lets %s pass", (rule, bad, good) => {
    expect(refused(bad, rule)).toBe(true);
    expect(refused(good, rule)).toBe(false);
  });
});
