/** Every line of code the README shows is run, as test/support/readme.ts describes, against the packed package. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Packed, packAndInstall } from "../support/packed.js";
import { blocksOf, commandsOf, programsOf, unmarked } from "../support/readme.js";
import { mustRun, run } from "../support/runtimes.js";

const text = existsSync("README.md") ? readFileSync("README.md", "utf8") : "";
const blocks = blocksOf(text);
const scripts = JSON.parse(readFileSync("package.json", "utf8")).scripts as Record<string, string>;
const timeout = 300_000;

let packed: Packed;
beforeAll(async () => {
  packed = await packAndInstall();
});
afterAll(() => packed?.remove());

async function runProgram(source: string, language: "js" | "ts", name: string): Promise<string> {
  const { code } = language === "ts" ? await transform(source, { loader: "ts", format: "esm" }) : { code: source };
  writeFileSync(join(packed.project, `${name}.mjs`), code);
  return mustRun(process.execPath, [`${name}.mjs`], { cwd: packed.project, timeout });
}

function knownNpm(words: readonly string[]): boolean {
  if (words[1] === "ci") return existsSync("package-lock.json");
  const name = words[1] === "run" ? words[2] : words[1];
  return words[1] === "install" || words[1] === "i" ? words[2] === "bnem" : name in scripts;
}

describe("README", () => {
  test("exists, and each block of code is run or says why not", () => {
    expect(text).not.toBe("");
    expect(unmarked(blocks).map((block) => `line ${block.line}`)).toEqual([]);
    expect(programsOf(blocks).length).toBeGreaterThan(0);
    expect(commandsOf(blocks).length).toBeGreaterThan(0);
  });

  test(
    "programs run and print what the README says",
    async () => {
      for (const { language, source, line, output } of programsOf(blocks)) {
        const printed = await runProgram(source, language, `line-${line}`);
        if (output !== undefined) expect(printed.trim(), `output of the block on line ${line}`).toBe(output.trim());
      }
    },
    timeout,
  );

  test("typed programs compile strictly", async () => {
    const compiler = join(process.cwd(), "node_modules/typescript/bin/tsc");
    const flags = [
      "--ignoreConfig",
      "--strict",
      "--noEmit",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--lib",
      "es2022,esnext.disposable,dom",
      "--types",
      "",
    ];
    for (const { language, source, line } of programsOf(blocks)) {
      if (language !== "ts") continue;
      writeFileSync(join(packed.project, `line-${line}.ts`), source);
      const { code, stdout } = await run(process.execPath, [compiler, ...flags, `line-${line}.ts`], { cwd: packed.project });
      expect(stdout, `block on line ${line}`).toBe("");
      expect(code).toBe(0);
    }
  });

  test(
    "commands exist and run",
    async () => {
      const folder = join(packed.project, "commands");
      mkdirSync(folder);
      for (const { words, line } of commandsOf(blocks)) {
        const place = `README line ${line}: ${words.join(" ")}`;
        if (words[0] === "npm") {
          expect(knownNpm(words), place).toBe(true);
          continue;
        }
        const cli = words[0] === "npx" && words[1] === "bnem" ? 2 : words[0] === "bnem" ? 1 : 0;
        expect(cli, `${place}: only npm and bnem lines can be run; mark the block not-run="reason"`).toBeGreaterThan(0);
        await mustRun(process.execPath, [join(packed.project, "node_modules/bnem/dist/cli.js"), ...words.slice(cli)], {
          cwd: folder,
          timeout,
        });
      }
    },
    timeout,
  );
});

describe("control: the reader of blocks", () => {
  const sample = [
    "```js runnable",
    "const a = 2;",
    "```",
    "```js runnable continues",
    "console.log(a);",
    "```",
    "```text output",
    "2",
    "```",
    '```sh runnable tiny="--steps 3"',
    "$ npm ci && npm start   # two commands",
    "bnem train gmm40 \\",
    '  -o "my model.safetensors"',
    "```",
    "```js",
    "unmarked();",
    "```",
    '```js not-run="needs a page"',
    "document.body;",
    "```",
  ].join("\n");

  test("finds programs, outputs, commands and unmarked blocks", () => {
    const found = blocksOf(sample);
    expect(programsOf(found).map(({ source, output }) => [source, output])).toEqual([
      ["const a = 2;\n", undefined],
      ["const a = 2;\nconsole.log(a);\n", "2\n"],
    ]);
    expect(commandsOf(found).map(({ words }) => words)).toEqual([
      ["npm", "ci"],
      ["npm", "start"],
      ["bnem", "train", "gmm40", "-o", "my model.safetensors", "--steps", "3"],
    ]);
    expect(unmarked(found).map(({ text: body }) => body)).toEqual(["unmarked();\n"]);
    expect(() => blocksOf("```js runnable\nopen")).toThrow(/not closed/);
  });

  test("a program that throws fails, and a wrong script name is seen", async () => {
    await expect(runProgram('throw new Error("as planned");', "js", "throws")).rejects.toThrow(/as planned/);
    expect(knownNpm(["npm", "run", "no-such-script"])).toBe(false);
    expect(knownNpm(["npm", "test"])).toBe(true);
  });
});
