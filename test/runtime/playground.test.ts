/** The playground as a reader meets it: opened from file://, trains, can be aborted, draws, scores, and gives its files; loads nothing. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { batchFromArray, readNpz } from "bnem";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../support/chromium.js";
import { complete } from "../support/runtimes.js";
import { parseMarkup } from "../support/well-formed.js";

const file = resolve("dist/bnem.standalone.html");

/** Where the bundled Chromium is not made for the system, the closing line of `npm test` names it as left out. */
describe.skipIf(!complete)("the playground", () => {
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    expect(existsSync(file), "dist/bnem.standalone.html is missing: npm run build").toBe(true);
    browser = await launchChromium();
    page = await browser.newPage();
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("#samples svg");
  });
  afterAll(() => browser?.close());

  const status = async () => (await page.textContent("#status")) ?? "";

  async function train(steps: number): Promise<void> {
    await page.fill("#steps", String(steps));
    await page.fill("#count", "64");
    await page.click("#train");
  }

  async function download(id: string) {
    const [taken] = await Promise.all([page.waitForEvent("download"), page.click(id)]);
    return { name: taken.suggestedFilename(), bytes: await readFile(await taken.path()) };
  }

  test("starts with exact draws over contours and every method on offer", async () => {
    expect(await page.locator("#samples path.band").count()).toBeGreaterThan(3);
    expect(await page.locator("#method option").allTextContents()).toContain("bnem");
    expect(Number(await page.inputValue("#steps"))).toBeGreaterThan(100);
  });

  test("can be aborted, and trained again", async () => {
    await train(100_000);
    await page.waitForFunction(() => document.getElementById("status")?.textContent?.startsWith("step"));
    await page.click("#abort");
    await page.waitForFunction(() => document.getElementById("status")?.textContent === "Aborted.");
    expect(await page.isDisabled("#save-samples")).toBe(true);
  });

  test("trains, draws, scores, and gives samples and report", async () => {
    await train(12);
    await page.waitForFunction(() => !(document.getElementById("train") as HTMLButtonElement).disabled, null, {
      timeout: 100_000,
    });
    expect(await status()).toMatch(/^Done:/);
    expect(await status()).not.toContain("worker");
    expect(page.workers().length, "threads besides the page's own").toBe(Math.min(availableParallelism(), 8) - 1);
    for (const id of ["samples", "loss", "energy"]) expect(await page.locator(`#${id} svg.fig`).count(), id).toBe(1);
    expect(await page.textContent("#metrics")).toContain("position W2");
    for (const part of ["N_eff", "unique ancestors", "log Z"]) expect(await page.textContent("#weights")).toContain(part);
    expect(await page.textContent("#weights")).toMatch(/Do not use|Use with|Can be used/);
    const samples = await download("#save-samples");
    expect(samples.name).toBe("samples.npz");
    const arrays = await readNpz(samples.bytes);
    for (const name of ["x", "energy", "log_weight", "ancestor", "log_z", "ess"]) expect(arrays.has(name), name).toBe(true);
    expect(batchFromArray(arrays.get("x") ?? { data: new Float32Array(0), shape: [] })).toMatchObject({ n: 64, dim: 2 });
    const report = await download("#save-report");
    expect(report.name).toBe("report.html");
    parseMarkup(report.bytes.toString());
  });

  test("asks no server for anything, and throws nothing", () => {
    expect(requests.filter((url) => !/^(file|blob|data):/.test(url))).toEqual([]);
    expect(errors).toEqual([]);
  });
});
