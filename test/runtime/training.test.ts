/**
 * The main job at a tiny size in every environment. Bits of training are promised per runtime only; across runtimes the numbers agree
 * to rounding: the engines' own Math functions may differ in the last place, which six steps and eight levels do not amplify beyond
 * 1e-4 (losses) and 1e-3 of the plane's 60 units (positions).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Environments } from "../support/environments.js";
import { complete } from "../support/runtimes.js";

interface Outcome {
  readonly losses: number[];
  readonly repeatable: boolean;
  readonly x: number[];
  readonly essFraction: number;
  readonly logZ: number;
  readonly particles: Readonly<Record<string, ParticleRun>>;
}

/** A network of particles, trained and sampled. */
interface ParticleRun {
  readonly losses: number[];
  readonly x: number[];
  /** Two threads gave the bits of one. */
  readonly sameOnTwo: boolean;
}

let at: Environments<Outcome>;
let expected: Outcome;
beforeAll(async () => {
  // A page whose CSP allows no blob workers says so in its console.
  at = new Environments("test/runtime/training-probe.mjs", { expected: /worker-src/ });
  expected = await at.runtime("node");
});
afterAll(() => at?.close());

const largest = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));

function compare(outcome: Outcome) {
  expect(outcome.repeatable).toBe(true);
  expect(outcome.losses.length).toBe(expected.losses.length);
  expect(largest(outcome.losses, expected.losses)).toBeLessThan(1e-4 * Math.max(...expected.losses.map(Math.abs)));
  expect(outcome.x.length).toBe(expected.x.length);
  expect(largest(outcome.x, expected.x)).toBeLessThan(0.06);
  for (const [name, run] of Object.entries(expected.particles)) compareParticles(name, outcome.particles[name], run);
}

/** Boxes of particles are some 10 long. */
function compareParticles(name: string, found: ParticleRun, truth: ParticleRun) {
  expect(found.sameOnTwo, name).toBe(true);
  expect(found.losses.length).toBe(truth.losses.length);
  expect(largest(found.losses, truth.losses), name).toBeLessThan(1e-4 * Math.max(...truth.losses.map(Math.abs)));
  expect(found.x.length).toBe(truth.x.length);
  expect(largest(found.x, truth.x), name).toBeLessThan(0.01);
}

test("Node trains, saves, loads, samples and weighs; twice the same losses", () => {
  expect(expected.repeatable).toBe(true);
  expect(expected.losses).toHaveLength(6);
  expect([...expected.losses, ...expected.x, expected.logZ].every(Number.isFinite)).toBe(true);
  expect(expected.essFraction).toBeGreaterThan(0);
  expect(expected.essFraction).toBeLessThanOrEqual(1);
});

test("Node trains networks of particles on their priors and samples them; two threads give the bits of one", () => {
  expect(Object.keys(expected.particles)).toHaveLength(4);
  for (const [name, { losses, x, sameOnTwo }] of Object.entries(expected.particles)) {
    expect([...losses, ...x].every(Number.isFinite), name).toBe(true);
    expect(new Set(losses).size, name).toBe(3);
    expect(sameOnTwo, name).toBe(true);
  }
});

test.each(["deno", "bun"] as const)("%s agrees with Node", async (name) => compare(await at.runtime(name)));

describe.skipIf(!complete)("Chromium", () => {
  test.each(["page", "worker", "strictPage", "strictWorker", "standalone"] as const)("%s agrees with Node", async (name) => {
    compare(await at[name]());
  });
});
