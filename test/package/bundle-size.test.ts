/** The bundle stays in its budget, and holds no tfjs kernel, gradient or operation that nothing in src/ asks for. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { describe, expect, test } from "vitest";
import { gzipBudget, portable } from "../../build/bundle.mjs";
import { reportSize } from "../../build/outputs.mjs";
import { directNamespaces, directShared } from "../../build/trim-tfjs.mjs";
import { unusedTfjs } from "../support/unused-tfjs.js";

const { library } = JSON.parse(readFileSync("dist/meta.json", "utf8")) as { library: Metafile };

async function bundled(contents: string): Promise<Metafile> {
  const stdin = { contents, resolveDir: "src" };
  return (await build({ ...portable, stdin, outfile: "dist/control.js", metafile: true, write: false })).metafile;
}

describe("the budget", () => {
  test("holds for dist/bnem.js", () => {
    expect(gzipSync(readFileSync("dist/bnem.js"), { level: 9 }).length).toBeLessThan(gzipBudget);
  });

  test("control: the build fails above it", () => {
    expect(() => reportSize("bnem.js", 100_000)).toThrow(/budget is 100\.0 KB/);
  });
});

describe("tfjs in the bundle", () => {
  test("is only what is asked for by name", () => {
    expect(unusedTfjs(library)).toEqual([]);
  });

  test("control: a backend taken whole is found with its kernels, and not those in use", async () => {
    const found = unusedTfjs(await bundled('export * from "./index.js"; import "@tensorflow/tfjs-backend-cpu";')).join("\n");
    expect(found).toContain("tfjs-backend-cpu/dist/kernels/Conv2D.js");
    expect(found).not.toContain("tfjs-backend-cpu/dist/kernels/BatchMatMul.js");
  });

  test("control: so are all gradients, and operations behind one that nobody named", async () => {
    const contents =
      'export * from "./index.js"; import "@tensorflow/tfjs-core/dist/register_all_gradients.js"; import "@tensorflow/tfjs-core/dist/public/chained_ops/acosh.js";';
    const found = unusedTfjs(await bundled(contents)).join("\n");
    expect(found).toContain("tfjs-core/dist/gradients/Conv2D_grad.js");
    expect(found).toContain("tfjs-core/dist/ops/acosh.js");
    expect(found).not.toContain("tfjs-core/dist/gradients/Add_grad.js");
  });
});

describe("the trimming of tfjs", () => {
  test("takes namespaces from their own files and leaves other names, other modules and types alone", () => {
    const namespaces = new Map([["util", "core/util.js"]]);
    const direct = (text: string) => directNamespaces(text, namespaces);
    expect(direct("import { Add, util } from '@tensorflow/tfjs-core';")).toBe(
      'import { Add } from "@tensorflow/tfjs-core"; import * as util from "core/util.js";',
    );
    expect(direct('import { util } from "@tensorflow/tfjs-core";')).toBe('import * as util from "core/util.js";');
    for (const text of [
      "import { util } from './own';",
      "import { type util, Add } from '@tensorflow/tfjs-core';",
      "import { util as tools } from '@tensorflow/tfjs-core';",
      "export { util } from '@tensorflow/tfjs-core';",
    ])
      expect(direct(text)).toBe(text);
  });

  test("exports the cpu backend's functions without taking them apart, and refuses what it does not know", () => {
    const text = "import * as shared from 'cpu';\nconst { aImpl: aCPU, bImpl: bCPU, } = shared;\nexport { aCPU, bCPU, };\n";
    expect(directShared(text)).toBe("export { aImpl as aCPU, bImpl as bCPU } from 'cpu';");
    expect(() => directShared(text.replace("aCPU, bCPU, };", "aCPU, other };"))).toThrow(/other is not of the cpu backend/);
    expect(() => directShared("export const aCPU = 1;")).toThrow(/is not where tfjs 4\.22 has it/);
  });
});
