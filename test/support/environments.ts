/**
 * The places the bundle must work in, each able to run one probe: a file of plain ECMAScript that exports `probe(bnem)` and returns JSON.
 * Node without code generation from strings, Deno without permissions or caches, Bun, and in Chromium a page and a module worker from
 * a static server, both again under a CSP that allows only wasm-unsafe-eval, and the standalone page opened from file://.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.js";
import { mustRun, type RuntimeName, scriptCommand } from "./runtimes.js";
import { type Stage, stage } from "./stage.js";
import { type StaticServer, serve } from "./static-server.js";

const strict = { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
const withWorkers = { "content-security-policy": `${strict["content-security-policy"]}; worker-src blob:` };
const noWasm = { "content-security-policy": "default-src 'self'; script-src 'self'" };

const imports = (probe: string) => `import * as bnem from "./bnem.js";\nimport { probe } from "./${probe}";\n`;
const html = (script: string) => `<!doctype html><title>probe</title><script type="module" src="./${script}"></script>`;

function textsFor(probe: string): Record<string, string> {
  return {
    "runner.mjs": `${imports(probe)}console.log(JSON.stringify(await probe(bnem)));\n`,
    "require.cjs": `const bnem = require("./bnem.js");
import("./${probe}").then(({ probe }) => probe(bnem)).then((answer) => console.log(JSON.stringify(answer)));\n`,
    "page.mjs": `${imports(probe)}globalThis.outcome = probe(bnem);\n`,
    "worker.mjs": `${imports(probe)}postMessage(await probe(bnem));\n`,
    "worker-page.mjs": `globalThis.outcome = new Promise((resolve, reject) => {
  const worker = new Worker("./worker.mjs", { type: "module" });
  worker.onmessage = (event) => resolve(event.data);
  worker.onerror = (event) => reject(new Error(event.message));
});\n`,
    "page.html": html("page.mjs"),
    "worker.html": html("worker-page.mjs"),
  };
}

const timeout = 120_000;

export interface EnvironmentOptions {
  /** Errors that a page may print: a browser reports what its CSP refuses, and nothing in the page can prevent that. */
  readonly expected?: RegExp;
}

export class Environments<T> {
  private readonly staged: Stage;
  private readonly servers: StaticServer[] = [];
  private browser: Promise<Browser> | undefined;

  /** @param probe path of the probe in the repository */
  constructor(
    private readonly probe: string,
    private readonly options: EnvironmentOptions = {},
  ) {
    this.staged = stage(["dist/bnem.js", "dist/bnem.d.ts", probe], textsFor(basename(probe)));
  }

  async close(): Promise<void> {
    await (await this.browser)?.close();
    await Promise.all(this.servers.map((server) => server.close()));
    this.staged.remove();
  }

  async runtime(name: RuntimeName): Promise<T> {
    const [file, parameters] = scriptCommand(name, "runner.mjs");
    // A private, empty cache folder: nothing Deno may have fetched earlier can help.
    const env = { DENO_DIR: join(this.staged.folder, "deno-cache") };
    return JSON.parse(await mustRun(file, parameters, { cwd: this.staged.folder, env, timeout }));
  }

  /** Node again, the bundle taken by require(). */
  async required(): Promise<T> {
    return JSON.parse(await mustRun(process.execPath, ["--no-warnings", "require.cjs"], { cwd: this.staged.folder, timeout }));
  }

  page = () => this.served("page.html");
  worker = () => this.served("worker.html");
  strictPage = () => this.served("page.html", strict);
  strictPageWithWorkers = () => this.served("page.html", withWorkers);
  strictWorker = () => this.served("worker.html", strict);
  /** Must fail: shows that the CSP of the strict page is in force. */
  pageWithoutWasm = () => this.served("page.html", noWasm);

  /** dist/bnem.standalone.html from file://, which holds the library as `bnem`; throws when it asks for anything else. */
  async standalone(): Promise<T> {
    const file = resolve("dist/bnem.standalone.html");
    if (!existsSync(file)) throw new Error("dist/bnem.standalone.html is missing");
    const text = readFileSync(this.probe, "utf8").replaceAll(/^export /gm, "");
    return this.onPage(async (page) => {
      const requests: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      await page.waitForFunction("globalThis.bnem");
      const answer = await page.evaluate(`(async () => { ${text}\nreturn probe(globalThis.bnem); })()`);
      const outside = requests.filter((url) => !/^(file|data|blob):/.test(url));
      if (outside.length > 0) throw new Error(`the standalone page asked for ${outside.join(", ")}`);
      return answer;
    });
  }

  private async served(path: string, headers: Record<string, string> = {}): Promise<T> {
    const server = await serve(this.staged.folder, headers);
    this.servers.push(server);
    return this.onPage(async (page) => {
      await page.goto(`${server.url}/${path}`);
      await page.waitForFunction("globalThis.outcome");
      return page.evaluate("globalThis.outcome");
    });
  }

  /** A fresh page; errors it prints or throws fail the run, unless they are expected. */
  private async onPage(action: (page: Page) => Promise<unknown>): Promise<T> {
    this.browser ??= launchChromium();
    const page = await (await this.browser).newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !this.options.expected?.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    try {
      const answer = await action(page);
      if (complaints.length > 0) throw new Error("the page printed errors");
      return answer as T;
    } catch (error) {
      throw new Error(`${error}\nthe page said: ${complaints.join("\n")}`);
    } finally {
      await page.close();
    }
  }
}
