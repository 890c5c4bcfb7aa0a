/**
 * tfjs-core written so that esbuild can leave out what nobody uses: 28 KB gzip of file stores, HTTP loaders, optimisers, string and ragged
 * kernels, convolution helpers and a 64-bit integer library. Nothing that runs is changed. Four obstacles go:
 *
 * 1. `import { util } from "@tensorflow/tfjs-core"` takes a namespace from a module that re-exports it, which keeps every member. The
 *    same namespace imported from its own file keeps the members that are named.
 * 2. Its io modules and its platforms are declared to have side effects: they enter this copy's list of savers, which no one here
 *    asks, and tell the engine about its host, which src/networks/platform.ts does everywhere.
 * 3. Its index registers the optimisers with this copy's deserialiser.
 * 4. The webgpu backend takes the cpu backend's shared functions apart by destructuring, which keeps them all.
 *
 * Each change must find its place, or the build fails: another tfjs version has to be looked at again.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const core = "@tensorflow/tfjs-core";
const coreFolder = join("node_modules", core, "dist");

function must(text, pattern, what) {
  const found = pattern.exec(text);
  if (!found) throw new Error(`trim-tfjs: ${what} is not where tfjs 4.22 has it`);
  return found;
}

const words = (list) =>
  list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** Name -> path of the namespaces that tfjs-core re-exports: `import * as util from './util'`. */
function coreNamespaces() {
  const text = readFileSync(join(coreFolder, "base.js"), "utf8");
  const found = [...text.matchAll(/^import \* as (\w+) from '\.\/([\w/]+)';$/gm)];
  if (found.length < 10) throw new Error("trim-tfjs: the namespaces of tfjs-core are not where tfjs 4.22 has them");
  return new Map(found.map(([, name, path]) => [name, `${core}/dist/${path}.js`]));
}

/** Obstacle 1. Type-only imports and renamed ones stay as they are. */
export function directNamespaces(text, namespaces) {
  return text.replace(/\bimport \{([^{}]*)\} from (["'])@tensorflow\/tfjs-core\2/g, (whole, list) => {
    const names = words(list);
    const direct = names.filter((name) => namespaces.has(name));
    if (direct.length === 0) return whole;
    const rest = names.filter((name) => !namespaces.has(name));
    const statements = direct.map((name) => `import * as ${name} from "${namespaces.get(name)}"`);
    if (rest.length > 0) statements.unshift(`import { ${rest.join(", ")} } from "${core}"`);
    return statements.join("; ");
  });
}

/** Obstacle 4. */
export function directShared(text) {
  const [, source] = must(text, /import \* as shared from '([^']+)';/, "the cpu backend's shared part");
  const [, list] = must(text, /const \{([^{}]*)\} = shared;/, "its destructuring");
  const [, exported] = must(text, /export \{([^{}]*)\};/, "its export");
  const pairs = words(list).map((pair) => pair.split(":").map((name) => name.trim()));
  const foreign = words(exported).filter((name) => !pairs.some(([, local]) => local === name));
  if (foreign.length > 0) throw new Error(`trim-tfjs: ${foreign.join(", ")} is not of the cpu backend`);
  return `export { ${pairs.map(([name, local]) => `${name} as ${local}`).join(", ")} } from '${source}';`;
}

/** Obstacle 3. */
function withoutOptimisers(text) {
  must(text, /^registerOptimizers\(\);$/m, "the call of registerOptimizers");
  return text.replace(/^registerOptimizers\(\);$/m, "");
}

const read = (path) => readFile(path, "utf8");

/** esbuild plugin. */
export const trimTfjs = {
  name: "trim-tfjs",
  setup(build) {
    const namespaces = coreNamespaces();
    // Obstacle 2.
    build.onResolve({ filter: /\/(io\/io|platforms\/platform_(browser|node))$/ }, (args) => {
      if (/tfjs-core[\\/]dist$/.test(args.resolveDir)) {
        return { path: resolve(args.resolveDir, `${args.path}.js`), sideEffects: false };
      }
    });
    build.onLoad({ filter: /tfjs-core[\\/]dist[\\/]index\.js$/ }, async ({ path }) => ({
      contents: withoutOptimisers(await read(path)),
    }));
    build.onLoad({ filter: /tfjs-backend-webgpu[\\/]dist[\\/]kernel_utils[\\/]shared\.js$/ }, async ({ path }) => ({
      contents: directShared(await read(path)),
    }));
    build.onLoad({ filter: /tfjs-backend-(cpu|wasm|webgpu)[\\/]dist[\\/].*\.js$/ }, async ({ path }) => ({
      contents: directNamespaces(await read(path), namespaces),
    }));
    build.onLoad({ filter: /[\\/]src[\\/](networks|training)[\\/].*\.ts$/ }, async ({ path }) => ({
      contents: directNamespaces(await read(path), namespaces),
      loader: "ts",
    }));
  },
};
