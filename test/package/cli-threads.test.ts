/** --workers and --kernels of the command as it ships: what is refused, what is said once, that nothing depends on them, and that it ends. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, commandIn } from "../support/command.js";
import { type RuntimeName, run, runtimePath } from "../support/runtimes.js";

const cores = availableParallelism();
/** Four blocks of rows a step, so that there is something to share. */
const tiny = [
  ...["--width", "8", "--depth", "1", "--features", "8", "--batch-size", "512", "--mc-samples", "8", "--steps", "30"],
  ...["--buffer-every", "5", "--buffer-refill", "32", "-n", "64", "--no-evaluate", "--seed", "1"],
];

const { folder, bnem, bnemJson, tensorsOf } = commandIn("cli-threads");

const linesWith = (text: string, pattern: RegExp) => text.split("\n").filter((line) => pattern.test(line));

describe("wrong use", () => {
  const allowed = /^workers must be "auto" or an integer from 1 \(the calling thread alone\), got /;

  test.each(["0", "-1", "1.5", "NaN", "two", "null", "", "2x"])("--workers %j", async (text) => {
    const { code, data } = await bnemJson("train", "gmm40", "--workers", text);
    expect(code).toBe(2);
    expect(data.error).toMatchObject({ name: "UsageError", exitCode: 2, message: expect.stringMatching(allowed) });
  });

  test.each([["sample", "absent.safetensors"], ["evaluate", "absent.npz", "--energy", "gmm40"], ["doctor"]])(
    "%s --workers 0",
    async (...argv) => {
      const { code, data } = await bnemJson(...argv, "--workers", "0");
      expect([code, data.error.message]).toEqual([2, expect.stringMatching(allowed)]);
    },
  );

  test.each([0, 1.5, "two", null, [2]])("workers %j in a configuration file", async (workers) => {
    await writeFile(join(folder, "wrong.json"), JSON.stringify({ workers }));
    const { code, data } = await bnemJson("train", "gmm40", "--config", "wrong.json");
    expect([code, data.error.message]).toEqual([2, expect.stringMatching(allowed)]);
  });

  test("--kernels of another name", async () => {
    const { code, data } = await bnemJson("train", "gmm40", "--kernels", "tfsj");
    expect([code, data.error.message]).toEqual([2, 'unknown kernels "tfsj"; did you mean "tfjs"? Known: bnem, tfjs']);
    const metrics = await bnem("evaluate", "x.npz", "--energy", "gmm40", "--kernels", "tfjs");
    expect([metrics.code, metrics.stderr]).toEqual([2, expect.stringMatching(/unknown option '--kernels'/)]);
  });
});

describe("the machine and not the result", () => {
  test("more workers than cores: one line on stderr, a field in the JSON, and the bits of one thread", async () => {
    const one = await bnemJson("train", "gmm40", ...tiny, "--workers", "1", "-o", "one.safetensors");
    expect([one.code, one.data.notice]).toEqual([0, null]);
    const many = await bnemJson("train", "gmm40", ...tiny, "--workers", "4096", "-o", "many.safetensors");
    expect(many.code).toBe(0);
    expect(many.data.notice).toMatch(/workers 4096 is more than the \d+ this machine runs at once/);
    expect(linesWith(many.stderr, /4096/)).toEqual([many.data.notice]);
    expect(await tensorsOf("many.safetensors")).toEqual(await tensorsOf("one.safetensors"));
    expect({ ...many.data.samples }).toEqual({ ...one.data.samples });

    for (const workers of ["1", "4096"]) {
      const argv = ["sample", "one.safetensors", "-n", "300", "--seed", "5", "-o", `${workers}.npz`, "--workers", workers];
      const { code, data, stderr } = await bnemJson(...argv);
      expect(code).toBe(0);
      expect(linesWith(stderr, /workers 4096/)).toEqual(workers === "1" ? [] : [data.notice]);
    }
    const [a, b] = await Promise.all(["1.npz", "4096.npz"].map((name) => readFile(join(folder, name))));
    expect(a.equals(b)).toBe(true);

    const scored = await bnemJson("evaluate", "1.npz", "--energy", "gmm40", "--workers", "4096");
    expect(linesWith(scored.stderr, /workers 4096/)).toEqual([scored.data.notice]);
    const alone = await bnemJson("evaluate", "1.npz", "--energy", "gmm40", "--workers", "1");
    expect({ ...scored.data, seconds: 0, notice: null }).toEqual({ ...alone.data, seconds: 0 });
  });

  test("a checkpoint holds neither, a file may, and a run goes on with others", async () => {
    await writeFile(join(folder, "options.json"), JSON.stringify({ workers: 1, kernels: "bnem", depth: 1 }));
    const argv = ["train", "gmm40", ...tiny, "-o", "parts.safetensors"];
    expect((await bnemJson(...argv, "--steps", "15", "--config", "options.json")).code).toBe(0);
    const { data } = await bnemJson("info", "parts.safetensors");
    expect(Object.keys(data.options)).not.toContain("workers");
    expect(Object.keys(data.options)).not.toContain("kernels");
    expect((await bnemJson("train", "gmm40", ...tiny, "-o", "parts.safetensors", "--resume", "--workers", "auto")).code).toBe(0);
    expect((await bnemJson("info", "parts.safetensors")).data.step).toBe(30);
  });

  test("--kernels says what runs the networks", async () => {
    for (const kernels of ["bnem", "tfjs"]) {
      const { data } = await bnemJson("train", "gmm40", ...tiny, "--kernels", kernels);
      expect(data.backend).toMatchObject({ backend: "wasm", kernels });
    }
    expect((await bnemJson("doctor", "--kernels", "tfjs")).data.networks).toBe("tfjs");
    expect((await bnemJson("doctor")).data).toMatchObject({
      networks: "bnem",
      kernels: { build: expect.stringMatching(/^(plain|relaxed)$/) },
    });
  });
});

describe("doctor", () => {
  test("tries the threads: how many, how long an empty job takes, and what is not to be had", async () => {
    const { code, data } = await bnemJson("doctor");
    expect([code, data.threads.cores, data.threads.threads]).toEqual([0, cores, Math.min(cores, 8)]);
    if (cores > 1) expect(data.threads.roundTrip).toBeLessThan(100);
    expect((await bnemJson("doctor", "--workers", "1")).data.threads).toEqual({ cores, threads: 1, notice: null });
    const { stdout } = await bnem("doctor", "--workers", "4096");
    expect(linesWith(stdout, /^threads /)).toEqual([
      expect.stringMatching(/workers 4096 is more than the \d+ this machine runs/),
    ]);
  });

  test("where threads are forbidden: one thread, and why", async () => {
    const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
    const flags = ["--no-warnings", permission, "--allow-fs-read=*"];
    const { code, stdout } = await run(process.execPath, [...flags, cli, "doctor", "--json"], { cwd: folder });
    const { threads } = JSON.parse(stdout);
    expect([code, threads.threads]).toEqual([0, 1]);
    if (cores > 1) expect(threads.notice).toMatch(/^bnem: a worker did not start/);
  });
});

describe("a finished command ends by itself", () => {
  /** Milliseconds from the result on stdout to the end of the process. */
  function timeToExit(name: RuntimeName, argv: readonly string[]): Promise<{ code: number | null; after: number }> {
    const flags = { node: [], deno: ["run", "--no-config", "--no-remote", "--allow-all"], bun: ["run"] }[name];
    return new Promise((done, fail) => {
      const child = spawn(runtimePath(name), [...flags, cli, ...argv, "--json"], {
        cwd: folder,
        stdio: ["ignore", "pipe", "ignore"],
      });
      let printed = 0;
      child.stdout.on("data", () => {
        printed = performance.now();
      });
      const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
      child.on("error", fail);
      child.on("close", (code) => {
        clearTimeout(late);
        done({ code, after: performance.now() - printed });
      });
    });
  }

  // Deno has no worker that can be left behind; an idle one is ended after a second. The others take .1 s; a busy machine is given more.
  test.each([
    ["node", 10_000],
    ["deno", 10_000],
    ["bun", 10_000],
  ] as const)("%s, after train and sample with workers, within %i ms", async (name, limit) => {
    const model = `${name}.safetensors`;
    const trained = await timeToExit(name, ["train", "gmm40", ...tiny, "--workers", "2", "-o", model]);
    expect(trained.code).toBe(0);
    expect(trained.after).toBeLessThan(limit);
    const sampled = await timeToExit(name, ["sample", model, "-n", "600", "--workers", "2", "-o", `${name}.npz`]);
    expect(sampled.code).toBe(0);
    expect(sampled.after).toBeLessThan(limit);
  });

  test("Node that forbids threads: one line, and the bits of one thread", async () => {
    const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
    const flags = ["--no-warnings", permission, "--allow-fs-read=*", "--allow-fs-write=*"];
    const argv = [cli, "train", "gmm40", ...tiny, "--workers", "2", "-o", "forbidden.safetensors", "--json"];
    const { code, stdout, stderr } = await run(process.execPath, [...flags, ...argv], { cwd: folder, timeout: 60_000 });
    expect(code, stderr).toBe(0);
    if (cores > 1) {
      const { notice } = JSON.parse(stdout);
      expect(notice).toMatch(/^bnem: a worker did not start \(Access to this API.*\); one thread does all the work$/);
      expect(linesWith(stderr, /worker/)).toEqual([notice]);
    }
    expect(await tensorsOf("forbidden.safetensors")).toEqual(await tensorsOf("one.safetensors"));
  });
});
