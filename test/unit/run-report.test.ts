/** From a run to its report's data: the grid behind the dots, exact draws, and the verdict's sentences by table. */
import { beforeAll, describe, expect, it } from "vitest";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { energyByName, listEnergies } from "../../src/energies/registry.js";
import { initKernels } from "../../src/kernels/load.js";
import { evaluate } from "../../src/metrics/evaluate.js";
import { energyGrid, metricSets, runReport } from "../../src/pipeline/run-report.js";
import { renderReport } from "../../src/report/report.js";
import { parseMarkup } from "../support/well-formed.js";

beforeAll(() => initKernels());

describe("energyByName", () => {
  it("rebuilds every energy it lists from its own name and options", () => {
    for (const { name, summary } of listEnergies()) {
      const energy = energyByName(name);
      const again = energyByName(energy.name, energy.options);
      expect(again.check).toEqual(energy.check);
      expect(summary.length).toBeGreaterThan(20);
    }
  });

  it("refuses unknown names and options of energies that take none", () => {
    expect(() => energyByName("gmm41")).toThrow(/unknown energy "gmm41"; did you mean "gmm40"/);
    expect(() => energyByName("gmm40", { componentz: 3 })).toThrow(RangeError);
    expect(() => energyByName("gmm40", { components: 3 })).toThrow(RangeError);
    expect(() => energyByName(3 as never)).toThrow(TypeError);
  });
});

describe("energyGrid", () => {
  it("puts energies on the nodes of a square around the rows", () => {
    const energy = gaussianMixture({ means: [[2, -1]], std: 1 });
    const around = { data: new Float32Array([1, -2, 3, 0]), n: 2, dim: 2 };
    const grid = energyGrid(energy, [around], 11);
    expect(grid).toMatchObject({ nx: 11, ny: 11 });
    if (!grid) return;
    const [middleX, middleY] = [(grid.x0 + grid.x1) / 2, (grid.y0 + grid.y1) / 2];
    expect([middleX, middleY]).toEqual([2, -1]);
    expect(grid.x1 - grid.x0).toBe(grid.y1 - grid.y0);
    const x = grid.x0 + (3 * (grid.x1 - grid.x0)) / 10;
    const y = grid.y0 + (7 * (grid.y1 - grid.y0)) / 10;
    const [value] = energy.energy({ data: new Float32Array([x, y]), n: 1, dim: 2 });
    expect(Math.abs(grid.values[7 * 11 + 3] - value)).toBeLessThan(1e-5);
  });

  it("exists in two dimensions only, and bounds its cost", () => {
    const energy = gaussianMixture({ means: [[0, 0, 0]], std: 1 });
    expect(energyGrid(energy, [], 20)).toBeUndefined();
    expect(() => energyGrid(gaussianMixture({}), [], 3000)).toThrow(RangeError);
  });
});

describe("runReport", () => {
  it("gives a report that parses, with raw and weighted tables and each sentence in one of them", async () => {
    const energy = energyByName("gmm40");
    const x = energy.exact?.sample(200, 3);
    if (!x) throw new Error("gmm40 has exact draws");
    const logWeights = Float64Array.from({ length: x.n }, (_, i) => Math.sin(i));
    const evaluation = await evaluate(x, energy, { seed: 5, logWeights });
    const sets = metricSets(evaluation);
    expect(sets.map(({ label }) => label.split(" ")[0])).toEqual(["raw", "weighted"]);
    expect(sets[0].verdict.some((text) => text.startsWith("Raw sample"))).toBe(true);
    expect(sets[1].verdict.every((text) => text.startsWith("Weighted sample"))).toBe(true);
    expect(sets[1].verdict.length).toBe(1);
    const drawn = { weighted: { x, energy: energy.energy(x), logWeights } };
    const data = runReport(energy, drawn, {
      title: "t",
      referenceSeed: 1,
      metrics: sets,
      calibration: [{ sigma: 1, meanExp: 1.1 }],
    });
    expect(data.samples).toBe(x);
    expect(data.weighted?.logWeights).toBe(logWeights);
    expect(() => runReport(energy, {}, { title: "t", referenceSeed: 1 })).toThrow(TypeError);
    expect(data.reference?.x.n).toBe(200);
    expect(data.contour?.nx).toBe(160);
    expect(data.calibration).toEqual({ sigma: [1], meanExp: [1.1] });
    const raw = await evaluate(x, energy, { seed: 6 });
    expect(metricSets(raw, evaluation)[0].metrics).toBe(raw.metrics);
    expect(metricSets(raw, evaluation)[1]).toEqual(sets[1]);
    expect(metricSets(raw)).toHaveLength(1);
    const page = renderReport(data);
    parseMarkup(page);
    expect(page).toContain("Resampled by weight");
    expect(page).toContain("at the floor");
  });
});
