/** What `evaluate` refuses, what it leaves out, and that it can be stopped. Its numbers are tested in test/statistical. */
import { describe, expect, it } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { type EvaluateOptions, evaluate } from "../../src/metrics/evaluate.js";
import { gmm40, mixtureDraws, mixtureEnergy } from "../reference/mixture.js";
import { mixtureTarget } from "../reference/mixture-target.js";

const target = mixtureTarget(gmm40());
const plain = mixtureEnergy(gmm40());
const x = mixtureDraws(gmm40(), 60, keyOf(1));

describe("evaluate refuses", () => {
  it.each<[string, Batch, Energy, EvaluateOptions, RegExp]>([
    ["a batch of another dim", { data: new Float32Array(6), n: 2, dim: 3 }, target, {}, /x.dim must be 2/],
    ["no rows", { data: new Float32Array(0), n: 0, dim: 2 }, target, {}, /x.n/],
    ["one row", { data: new Float32Array(2), n: 1, dim: 2 }, target, {}, /x.n/],
    ["NaN", { data: Float32Array.of(0, 0, Number.NaN, 0), n: 2, dim: 2 }, target, {}, /row 1, coordinate 0/],
    ["an array as x", [1, 2] as unknown as Batch, target, {}, /must be a Batch/],
    ["something that is no energy", x, {} as Energy, {}, /must be an Energy/],
    ["an unknown option", x, target, { seeds: 1 } as EvaluateOptions, /did you mean "seed"/],
    ["an unknown metric", x, target, { metrics: ["positionw2" as "positionW2"] }, /did you mean "positionW2"/],
    ["too few pairs", x, target, { floorPairs: 9 }, /floorPairs must be an integer in/],
    ["too few references", x, target, { references: 2 }, /references must be an integer in/],
    ["a reference of another dim", x, target, { reference: { data: new Float32Array(12), n: 4, dim: 3 } }, /x.dim must be 2/],
    ["an empty list of references", x, target, { reference: [] }, /at least one/],
    ["weights of another length", x, target, { logWeights: new Float32Array(59) }, /must hold n = 60/],
    ["weights that are NaN", x, target, { logWeights: new Float32Array(60).fill(Number.NaN) }, /row 0/],
    ["energies of the wrong kind", x, target, { energies: [1] as unknown as Float32Array }, /must be a Float32Array/],
  ])("%s", async (_, sample, energy, options, message) => {
    await expect(evaluate(sample, energy, options)).rejects.toThrow(message);
  });
});

describe("evaluate", () => {
  it("returns plain data with every metric beside its floor, the same for the same seed", async () => {
    const result = await evaluate(x, target, { seed: 3 });
    expect(Object.keys(result.metrics)).toEqual([
      "positionW2",
      "positionW1",
      "slicedW2",
      "energyW2",
      "energyW2Paper",
      "energyW2Trimmed",
      "meanEnergyError",
      "heatCapacityError",
      "totalVariation",
      "modeWeightTv",
      "modesCovered",
      "stragglers",
      "virialError",
      "ksd",
    ]);
    for (const metric of Object.values(result.metrics)) {
      expect(Number.isFinite(metric.value)).toBe(true);
      expect(Number.isFinite(metric.floor)).toBe(true);
    }
    expect(result.metrics.modesCovered?.total).toBe(40);
    expect(result).toMatchObject({ seed: 3, references: 3, floorFrom: "exact", n: 60, nonFiniteEnergies: 0 });
    expect(structuredClone(result)).toEqual(await evaluate(x, target, { seed: 3 }));
    expect(await evaluate(x, target, { seed: 4 })).not.toEqual(result);
  });

  it("leaves out what the energy does not support", async () => {
    const { modes: _, ...modeless } = target;
    const result = await evaluate(x, modeless, { seed: 1, metrics: ["energyW2", "modesCovered", "stragglers"] });
    expect(Object.keys(result.metrics)).toEqual(["energyW2"]);
  });

  it("reports and does not repair energies that are not finite", async () => {
    const energies = target.energy(x);
    energies[5] = Number.NaN;
    const result = await evaluate(x, target, { seed: 1, energies, metrics: ["energyW2"] });
    expect(result.metrics.energyW2?.value).toBeNaN();
    expect(result.metrics.energyW2?.atFloor).toBe(false);
    expect(result.nonFiniteEnergies).toBe(1);
    expect(result.verdict.join()).toContain("1 of 60 rows have an energy that is not finite");
  });

  it("splits a given reference where there are no exact draws, and says so", async () => {
    const reference = mixtureDraws(gmm40(), 100, keyOf(2));
    const result = await evaluate(x, plain, { seed: 1, reference });
    expect(result).toMatchObject({ floorFrom: "reference", references: 2 });
    expect(result.metrics.positionW2?.n).toBe(50);
    expect(result.verdict.join()).toContain("splits of the given reference at n = 50");
  });

  it("scores rows from all over the sample where the reference is too small for it", async () => {
    const reference = mixtureDraws(gmm40(), 80, keyOf(2));
    // Rows in the order of two chains, of which one is far out.
    const sample = { ...x, data: x.data.map((v, i) => (i < x.data.length / 2 ? v : v + 3)) };
    const energies = target.energy(sample);
    const logWeights = Float64Array.from({ length: x.n }, (_, i) => Math.log(1 + i));
    const result = await evaluate(sample, plain, { seed: 1, reference, logWeights, metrics: ["meanEnergyError"] });
    const rows = Array.from({ length: 40 }, (_, k) => Math.floor((k * 60) / 40));
    const mean = rows.reduce((sum, row) => sum + energies[row] / 40, 0);
    expect(Math.abs((result.metrics.meanEnergyError?.average?.value as number) / mean - 1)).toBeLessThan(1e-12);
    const mass = rows.reduce((sum, row) => sum + 1 + row, 0);
    const weighted = rows.reduce((sum, row) => sum + ((1 + row) * energies[row]) / mass, 0);
    expect(Math.abs((result.weighted?.metrics.meanEnergyError?.average?.value as number) / weighted - 1)).toBeLessThan(1e-12);
    expect(result.verdict.join()).toMatch(/effective size \d+ of 40,/);
    const first = energies.slice(0, 40).reduce((sum, e) => sum + e / 40, 0);
    expect(Math.abs(first / mean - 1), "control").toBeGreaterThan(0.05);
  });

  it("refuses weights of which none falls on a row that is scored", async () => {
    const reference = mixtureDraws(gmm40(), 60, keyOf(2));
    const logWeights = Float64Array.from({ length: x.n }, (_, i) => (i & 1 ? 0 : -Infinity));
    const scored = evaluate(x, plain, { seed: 1, reference, logWeights, metrics: ["meanEnergyError"] });
    await expect(scored).rejects.toMatchObject({ code: "degenerate-weights", message: expect.stringContaining("30 of 60 rows") });
  });

  it("makes the label-free checks without exact draws and reference, and says what is missing", async () => {
    const logWeights = Float32Array.from({ length: x.n }, (_, i) => (i & 1 ? -Infinity : 0));
    const result = await evaluate(x, plain, { seed: 1, logWeights });
    expect(Object.keys(result.metrics)).toEqual(["virialError", "ksd"]);
    expect(result.floorFrom).toBe("bootstrap");
    expect(result.verdict.join()).toContain("only label-free checks could be computed");
    expect(result.weighted?.effectiveSize).toBeCloseTo(30, 9);
    // The other half weighs nothing: the weighted average is that of these rows alone.
    const even = { data: Float32Array.from(Array.from({ length: 60 }, (_, k) => x.data[4 * (k >> 1) + (k & 1)])), n: 30, dim: 2 };
    const alone = (await evaluate(even, plain, { seed: 1, metrics: ["virialError"] })).metrics.virialError;
    const weighted = result.weighted?.metrics.virialError;
    // Sums of 30 f64 terms.
    expect(Math.abs((weighted?.value as number) - (alone?.value as number))).toBeLessThan(1e-12);
    const ratio = (weighted?.average?.standardError as number) / (alone?.average?.standardError as number);
    expect(Math.abs(ratio - 1)).toBeLessThan(1e-12);
  });

  it("stops with the signal's own reason, before the start and in the middle", async () => {
    const reason = new Error("enough");
    await expect(evaluate(x, target, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const seen: string[] = [];
    const stopped = evaluate(x, target, {
      seed: 1,
      signal: controller.signal,
      onProgress: ({ stage, done }) => {
        seen.push(`${stage} ${done}`);
        if (stage === "floor") controller.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect(seen).toEqual(["references 1", "references 2", "references 3", "floor 1"]);
  });
});
