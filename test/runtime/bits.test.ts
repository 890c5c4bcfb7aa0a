/** One bundle, one set of bits: Node, Deno, Bun, a Chromium page, a worker, a page under a strict CSP, the standalone page. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumProblem, launchChromium } from "../support/chromium.js";
import { complete, mustRun, type RuntimeName, scriptCommand } from "../support/runtimes.js";
import { type Stage, stage } from "../support/stage.js";
import { type StaticServer, serve } from "../support/static-server.js";

type Hashes = Record<string, string>;

const runner = `import * as bnem from "./bnem.js";
import { probe } from "./probe.mjs";
console.log(JSON.stringify(await probe(bnem)));
`;
const pageScript = `import * as bnem from "./bnem.js";
import { probe } from "./probe.mjs";
globalThis.outcome = probe(bnem);
`;
const workerScript = `import * as bnem from "./bnem.js";
import { probe } from "./probe.mjs";
postMessage(await probe(bnem));
`;
const workerPageScript = `globalThis.outcome = new Promise((resolve, reject) => {
  const worker = new Worker("./worker.mjs", { type: "module" });
  worker.onmessage = (event) => resolve(event.data);
  worker.onerror = (event) => reject(new Error(event.message));
});
`;
const html = (script: string) => `<!doctype html><title>probe</title><script type="module" src="./${script}"></script>`;
const texts = {
  "runner.mjs": runner,
  "page.mjs": pageScript,
  "worker.mjs": workerScript,
  "worker-page.mjs": workerPageScript,
  "page.html": html("page.mjs"),
  "worker.html": html("worker-page.mjs"),
};

let staged: Stage;
let expected: Hashes;

async function inRuntime(name: RuntimeName): Promise<Hashes> {
  const [file, parameters] = scriptCommand(name, "runner.mjs");
  // A private, empty cache folder: nothing Deno may have fetched earlier can help.
  return JSON.parse(
    await mustRun(file, parameters, { cwd: staged.folder, env: { DENO_DIR: join(staged.folder, "deno-cache") } }),
  );
}

beforeAll(async () => {
  staged = stage(["dist/bnem.js", "dist/bnem.d.ts", "test/runtime/probe.mjs"], texts);
  expected = await inRuntime("node");
});
afterAll(() => staged.remove());

describe("the reference run in Node", () => {
  test("computes every entry", () => {
    expect(Object.keys(expected).length).toBeGreaterThan(10);
    expect(Object.entries(expected).filter(([, hash]) => !/^[0-9a-f]{16}$/.test(hash))).toEqual([]);
  });

  test("tells different arrays apart", () => {
    const hashes = Object.values(expected);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe("runtimes", () => {
  test.each(["deno", "bun"] as const)("%s gives Node's bits", async (name) => {
    expect(await inRuntime(name)).toEqual(expected);
  });

  test("require() of the bundle gives the same bits in Node", async () => {
    const script = `const bnem = require("./bnem.js");
import("./probe.mjs").then(({ probe }) => probe(bnem)).then((hashes) => console.log(JSON.stringify(hashes)));`;
    const parameters = ["--no-warnings", "-e", script];
    expect(JSON.parse(await mustRun(process.execPath, parameters, { cwd: staged.folder }))).toEqual(expected);
  });
});

describe.skipIf(!complete)("Chromium", () => {
  let browser: Browser;
  const servers: StaticServer[] = [];

  beforeAll(async () => {
    expect(chromiumProblem()).toBe("");
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  async function onPage(action: (page: Page) => Promise<unknown>): Promise<Hashes> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("favicon")) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    try {
      const hashes = (await action(page)) as Hashes;
      expect(complaints).toEqual([]);
      return hashes;
    } catch (error) {
      throw new Error(`${error}\nthe page said: ${complaints.join("\n")}`);
    } finally {
      await page.close();
    }
  }

  async function fromServer(path: string, headers: Record<string, string> = {}): Promise<Hashes> {
    const server = await serve(staged.folder, headers);
    servers.push(server);
    return onPage(async (page) => {
      await page.goto(`${server.url}/${path}`);
      await page.waitForFunction("globalThis.outcome");
      return page.evaluate("globalThis.outcome");
    });
  }

  test("a page from a static server gives Node's bits", async () => {
    expect(await fromServer("page.html")).toEqual(expected);
  });

  test("a module worker gives Node's bits", async () => {
    expect(await fromServer("worker.html")).toEqual(expected);
  });

  const strict = { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
  test("a page and its worker under a CSP with only wasm-unsafe-eval give Node's bits", async () => {
    expect(await fromServer("page.html", strict)).toEqual(expected);
    expect(await fromServer("worker.html", strict)).toEqual(expected);
  });

  test("control: without wasm-unsafe-eval the same page cannot start, so the CSP is in force", async () => {
    const tighter = { "content-security-policy": "default-src 'self'; script-src 'self'" };
    await expect(fromServer("page.html", tighter)).rejects.toThrow(/Content Security Policy|CompileError|unsafe-eval/);
  });

  test("the standalone page opens from file:// and gives Node's bits", async () => {
    const file = resolve("dist/bnem.standalone.html");
    expect(existsSync(file), "dist/bnem.standalone.html is missing").toBe(true);
    const probe = readFileSync("test/runtime/probe.mjs", "utf8").replace("export async function", "async function");
    const hashes = await onPage(async (page) => {
      const requests: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      await page.waitForFunction("globalThis.bnem");
      const result = await page.evaluate(`(async () => { ${probe}\nreturn probe(globalThis.bnem); })()`);
      expect(requests.filter((url) => !/^(file|data|blob):/.test(url))).toEqual([]);
      return result;
    });
    expect(hashes).toEqual(expected);
  });
});
