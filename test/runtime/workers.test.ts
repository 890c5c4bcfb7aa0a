/** Worker threads in every runtime from the one bundle: used where they are allowed, one line where they are not, gone at the end. */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Environments } from "../support/environments.js";
import { complete, type RuntimeName, run, scriptCommand } from "../support/runtimes.js";
import { type Stage, stage } from "../support/stage.js";

interface Answer {
  readonly same: boolean;
  readonly started: number;
  readonly answers: number;
  readonly notice: string;
  readonly abort: { readonly own: boolean; readonly took: number };
}

let at: Environments<Answer>;
beforeAll(() => {
  at = new Environments("test/runtime/workers-probe.mjs", { expected: /worker|Content Security Policy/i });
});
afterAll(() => at?.close());

const cores = availableParallelism();

function checkUsed(answer: Answer): void {
  expect(answer.same, "the bits of one thread").toBe(true);
  expect(answer.abort.own, "the signal's own reason").toBe(true);
  expect(answer.abort.took).toBeLessThan(1000);
  if (cores === 1) {
    expect(answer.notice).toMatch(/workers 2 is more than the 1/);
    return;
  }
  expect(answer.notice).toBe("");
  expect(answer.started).toBe(2 - 1);
  expect(answer.answers).toBeGreaterThan(0);
}

describe("runtimes", () => {
  test.each(["node", "deno", "bun"] as const)("%s computes on a second thread", async (name) => {
    checkUsed(await at.runtime(name));
  });
});

describe.skipIf(!complete)("Chromium", () => {
  test.each(["page", "worker", "standalone", "strictPageWithWorkers"] as const)(
    "%s computes on a second thread",
    async (name) => {
      checkUsed(await at[name]());
    },
  );

  test.each(["strictPage", "strictWorker"] as const)(
    "%s, whose CSP allows no blob workers: one line, and the same bits",
    async (name) => {
      const answer = await at[name]();
      expect(answer.same).toBe(true);
      expect(answer.answers).toBe(0);
      expect(answer.abort).toMatchObject({ own: true });
      expect(answer.abort.took).toBeLessThan(1000);
      if (cores > 1)
        expect(answer.notice).toMatch(/^bnem: a worker did not start \(.*worker-src.*\); one thread does all the work$/);
    },
  );
});

describe("a finished program", () => {
  const program = `import * as bnem from "./bnem.js";
import { probe } from "./workers-probe.mjs";
const { same, answers } = await probe(bnem);
console.log(JSON.stringify({ same, answers, finished: Date.now() }));
`;
  let staged: Stage;
  beforeAll(() => {
    staged = stage(["dist/bnem.js", "test/runtime/workers-probe.mjs"], { "program.mjs": program });
  });
  afterAll(() => staged?.remove());

  async function timeToExit(name: RuntimeName): Promise<number> {
    const [file, parameters] = scriptCommand(name, "program.mjs");
    const { code, stdout, stderr } = await run(file, parameters, { cwd: staged.folder, timeout: 30_000 });
    const ended = Date.now();
    expect([code, stderr]).toEqual([0, ""]);
    const { finished, same } = JSON.parse(stdout) as { finished: number; same: boolean };
    expect(same).toBe(true);
    return ended - finished;
  }

  // Deno has no worker that can be left behind; an idle one is ended after a second. The others take .1 s; a busy machine is given more.
  test.each([
    ["node", 10_000],
    ["deno", 10_000],
    ["bun", 10_000],
  ] as const)("%s ends by itself within %i ms", async (name, limit) => {
    expect(await timeToExit(name)).toBeLessThan(limit);
  });

  test("Node that forbids threads: one line, and the same bits", async () => {
    const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
    const [file] = scriptCommand("node", "");
    const parameters = ["--no-warnings", permission, "--allow-fs-read=*", "runner.mjs"];
    const runner = `import * as bnem from "./bnem.js";
import { probe } from "./workers-probe.mjs";
console.log(JSON.stringify(await probe(bnem)));
`;
    const forbidden = stage(["dist/bnem.js", "test/runtime/workers-probe.mjs"], { "runner.mjs": runner });
    try {
      const { code, stdout, stderr } = await run(file, parameters, { cwd: forbidden.folder, timeout: 30_000 });
      expect([code, stderr]).toEqual([0, ""]);
      const answer = JSON.parse(stdout) as Answer;
      expect([answer.same, answer.answers]).toEqual([true, 0]);
      if (cores > 1)
        expect(answer.notice).toMatch(/^bnem: a worker did not start \(Access to this API.*\); one thread does all the work$/);
    } finally {
      forbidden.remove();
    }
  });
});
