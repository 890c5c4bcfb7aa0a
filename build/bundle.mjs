/**
 * esbuild settings of the three bundles, and what each output is held to.
 *
 * The library and the playground are built for the plain web platform with `process` undefined: that removes every Node branch of
 * tfjs and of the Emscripten glue, so the same file runs in Node, Deno (no permission), Bun, pages and workers.
 * `require` must not be defined away: CommonJS inside (seedrandom) needs esbuild's own wrapper.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as esbuild from "esbuild";
import { assertPortable } from "./checks.mjs";
import { put, reportSize } from "./outputs.mjs";
import { trimTfjs } from "./trim-tfjs.mjs";
import { wasmAssets } from "./wasm-assets.mjs";

export const gzipBudget = 550_000;

const common = {
  bundle: true,
  write: false,
  metafile: true,
  minify: true,
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  // A top-level await anywhere would break require("bnem"): let the build refuse it.
  supported: { "top-level-await": false },
};

/**
 * tfjs's wasm backend names its multithreaded glue and that glue's worker; this package starts the single-threaded one from bytes
 * (src/networks/backend-wasm.ts). Left in, they are 58 KB that never run and hold the only `require` and `importScripts` of the bundle.
 */
const withoutThreads = {
  name: "without-threads",
  setup(build) {
    build.onLoad({ filter: /tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/ }, () => ({
      contents:
        'export const wasmWorkerContents = ""; export default () => { throw new Error("threads are not part of this bundle"); };',
    }));
  },
};

export const portable = {
  ...common,
  plugins: [wasmAssets, withoutThreads, trimTfjs],
  platform: "browser",
  mainFields: ["module", "browser", "main"],
  define: { process: "undefined", global: "globalThis", __filename: "undefined", __dirname: '""' },
};

/** src/index.ts -> dist/bnem.js, one ESM file. Returns the metafile. */
export async function bundleLibrary() {
  const result = await esbuild.build({ ...portable, entryPoints: ["src/index.ts"], outfile: "dist/bnem.js", format: "esm" });
  const code = result.outputFiles[0].text;
  assertPortable("bnem.js", code, result.metafile);
  // Deno takes the types of a module imported by path from this comment; it must come first.
  await put("bnem.js", `// @ts-self-types="./bnem.d.ts"\n${code}`);
  reportSize("bnem.js", gzipBudget);
  return result.metafile;
}

/** The CLI imports the package's bundle beside it: bundling the library again would load tfjs twice. */
const libraryBeside = {
  name: "library-beside",
  setup(build) {
    build.onResolve({ filter: /\/index\.js$/ }, (args) => {
      if (resolve(args.resolveDir, args.path) === resolve("src/index.js")) return { path: "./bnem.js", external: true };
    });
  },
};

/** src/cli/main.ts -> dist/cli.js for Node, Deno and Bun; commander (CommonJS) is inlined and needs a `require` for node: modules. */
export async function bundleCli() {
  const result = await esbuild.build({
    ...common,
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/cli.js",
    format: "esm",
    platform: "node",
    target: "node20.19",
    minify: false,
    supported: {},
    plugins: [libraryBeside],
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as bnemRequire } from "node:module";\nconst require = bnemRequire(import.meta.url);',
    },
  });
  // One shebang, the banner's: esbuild hoists an entry's own above it.
  const lines = result.outputFiles[0].text.split("\n");
  const code = lines.filter((line, index) => index === 0 || !line.startsWith("#!")).join("\n");
  await put("cli.js", code, 0o755);
  reportSize("cli.js");
  return result.metafile;
}

/** What the standalone page runs: the playground, and the whole library as `bnem` for the browser's console and the runtime tests. */
const playgroundEntry = `import * as bnem from "./index.js";
import "./playground/main.js";
globalThis.bnem = bnem;
`;

/** package.json says that no module of the library has side effects; the playground's main does nothing else. */
const keepPlayground = {
  name: "keep-playground",
  setup(build) {
    build.onResolve({ filter: /^\.\/playground\/main\.js$/ }, () => ({
      path: resolve("src/playground/main.ts"),
      sideEffects: true,
    }));
  },
};

/** src/playground/{main.ts,page.html} -> one page that opens from file://, everything inline. */
export async function bundlePlayground() {
  const stdin = { contents: playgroundEntry, resolveDir: "src", sourcefile: "standalone.ts", loader: "ts" };
  const result = await esbuild.build({
    ...portable,
    plugins: [...portable.plugins, keepPlayground],
    stdin,
    outfile: "dist/playground.js",
    format: "esm",
  });
  const code = result.outputFiles[0].text;
  assertPortable("bnem.standalone.html", code, result.metafile);
  const page = readFileSync("src/playground/page.html", "utf8");
  const slot = '<script type="module" src="./main.ts"></script>';
  if (page.split(slot).length !== 2) throw new Error(`src/playground/page.html must hold exactly one ${slot}`);
  const inline = `<script type="module">\n${code.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--")}</script>`;
  const [before, after] = page.split(slot);
  if (/<(?:script|link|img)[^>]+(?:src|href)=["'](?!data:|#)/i.test(before + after)) {
    throw new Error("src/playground/page.html refers to another file; the standalone page must hold everything");
  }
  await put("bnem.standalone.html", before + inline + after);
  reportSize("bnem.standalone.html");
  return result.metafile;
}
