/** The main job with workers asked for: on pages without cross-origin isolation, and where a page or a runtime forbids workers. */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Environments } from "../support/environments.js";
import { complete } from "../support/runtimes.js";

interface Answer {
  readonly same: boolean;
  readonly notice: string;
  readonly isolated: boolean | null;
}

let at: Environments<Answer>;
beforeAll(() => {
  at = new Environments("test/runtime/main-job-probe.mjs", { expected: /worker|Content Security Policy/i });
});
afterAll(() => at?.close());

const several = availableParallelism() > 1;

test.each(["node", "deno", "bun"] as const)("%s: the bits of one thread", async (name) => {
  const { same, notice } = await at.runtime(name);
  expect(same).toBe(true);
  if (several) expect(notice).toBe("");
});

describe.skipIf(!complete)("Chromium", () => {
  test.each(["page", "worker", "standalone", "strictPageWithWorkers"] as const)(
    "%s, not isolated: workers start, and the bits are those of one thread",
    async (name) => {
      const { same, notice, isolated } = await at[name]();
      expect([same, isolated]).toEqual([true, false]);
      if (several) expect(notice).toBe("");
    },
  );

  test.each(["strictPage", "strictWorker"] as const)(
    "%s, whose CSP forbids workers: one line, and the same bits",
    async (name) => {
      const { same, notice, isolated } = await at[name]();
      expect([same, isolated]).toEqual([true, false]);
      if (several) expect(notice).toMatch(/^bnem: a worker did not start \(.*worker-src.*\); one thread does all the work$/);
    },
  );
});
