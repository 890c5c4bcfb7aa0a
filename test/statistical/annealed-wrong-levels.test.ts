/**
 * Annealed runs that resample by energies which are wrong at every level estimate Z without bias all the same: the mean over 300 islands of 32 rows is 1
 * within 4 standard errors, of .6 to 1.6 % of Z. On the preserving path, so that both kinds are run: the other tests take the exploding one.
 */
import { init, keyOf, makeTransition } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { BATCH, BATCHES, corrupted, estimate, exactModel, forced, paths, transitions } from "../support/annealed-cases.js";

beforeAll(() => init());

describe("energies wrong by half a kT per mode and level and by a tenth, scores by a fifth, preserving path, resampled at every level", () => {
  const wrong = corrupted(exactModel(), { energyScale: 1.1, scoreScale: 0.8, modeOffset: 0.5 });
  test.each(transitions)("%s: mean Z is 1", async (_, transition) => {
    const { share, z } = await estimate(transition, { ...paths.VP, resample: forced, key: keyOf(12) }, wrong);
    expect(share).toBeGreaterThan(0.05);
    expect(Math.abs(z)).toBeLessThan(4);
  });

  test("with moves, and islands of 31 and 32 rows", async () => {
    const transition = makeTransition("tuned");
    const more = { ...paths.VP, n: BATCH * BATCHES - 150, resample: forced, moves: { count: 2, leapfrogs: 2 }, key: keyOf(13) };
    const { share, z } = await estimate(transition, more, wrong);
    expect(share).toBeGreaterThan(0.05);
    expect(Math.abs(z)).toBeLessThan(4);
  });
});

test("negative control: a map whose Jacobian belongs to another score", async () => {
  const { hessian, hessianProduct } = exactModel();
  const { z } = await estimate(
    makeTransition("map"),
    {},
    { ...corrupted(exactModel(), { scoreScale: 0.8 }), hessian, hessianProduct },
  );
  expect(Math.abs(z)).toBeGreaterThan(6);
});
