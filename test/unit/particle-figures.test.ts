/** Particles in reports: where spheres are drawn, what is counted as outside, and that a whole report of them parses. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Batch } from "../../src/core/types.js";
import { initKernels } from "../../src/kernels/load.js";
import { evaluate } from "../../src/metrics/evaluate.js";
import { metricSets, runReport } from "../../src/pipeline/run-report.js";
import { configurationsFigure, rowsByEnergy } from "../../src/report/configuration-figure.js";
import { metricRows } from "../../src/report/metric-rows.js";
import { renderReport } from "../../src/report/report.js";
import { trappedParticles } from "../support/trapped-particles.js";
import { parseMarkup } from "../support/well-formed.js";

beforeAll(() => initKernels());

function rows(...points: readonly (readonly number[])[]): Batch {
  return { data: Float32Array.from(points.flat()), n: points.length, dim: points[0].length };
}

function circles(svg: string): { x: number; y: number; r: number; shade: string }[] {
  return parseMarkup(svg)
    .filter(({ attributes }) => attributes.class?.startsWith("ball"))
    .map(({ attributes: a }) => ({ x: Number(a.cx), y: Number(a.cy), r: Number(a.r), shade: a.class.slice(5) }));
}

describe("configurationsFigure", () => {
  it("draws particles of the plane where they are, y upwards, around their center", () => {
    const particles = { count: 3, spatialDim: 2 };
    const { svg, note } = configurationsFigure({ title: "t", samples: rows([10, 10, 12, 10, 11, 13]), particles, rows: [0] });
    expect(note).toBe("");
    const [a, b, c] = circles(svg).sort((p, q) => p.x - q.x);
    // The third particle stands between the others.
    expect(b.x - a.x).toBeCloseTo(c.x - b.x, 0);
    expect(b.y).toBeLessThan(a.y);
    expect(a.y).toBe(c.y);
    // 3 up for 2 across; coordinates are rounded to a tenth of some 60.
    expect(Math.abs((a.y - b.y) / (c.x - a.x) - 1.5)).toBeLessThan(0.01);
    expect(new Set([a, b, c].map(({ r, shade }) => `${r} ${shade}`))).toEqual(new Set([`${a.r} d7`]));
    expect(parseMarkup(svg).filter(({ attributes }) => attributes.class === "shine")).toEqual([]);
  });

  it("draws from back to front: nearer spheres later, larger and stronger", () => {
    const particles = { count: 4, spatialDim: 3 };
    const { svg } = configurationsFigure({
      title: "t",
      samples: rows([0, 0, 2, 0, 0, 1, 0, 0, -1, 0, 0, -2]),
      particles,
      rows: [0],
    });
    const drawn = circles(svg);
    expect(drawn.length).toBe(4);
    expect(drawn.map(({ r }) => r)).toEqual(drawn.map(({ r }) => r).sort((p, q) => p - q));
    expect(drawn.map(({ shade }) => shade)).toEqual(drawn.map(({ shade }) => shade).sort());
    expect(drawn[0].shade).not.toBe(drawn[3].shade);
  });

  it("joins particles closer than the bond length", () => {
    const particles = { count: 3, spatialDim: 3 };
    const spec = { title: "t", samples: rows([0, 0, 0, 1, 0, 0, 5, 0, 0]), particles, rows: [0] };
    const bonds = (svg: string) => parseMarkup(svg).filter(({ attributes }) => attributes.class === "bond").length;
    expect(bonds(configurationsFigure(spec).svg)).toBe(0);
    expect(bonds(configurationsFigure({ ...spec, bondLength: 1.2 }).svg)).toBe(1);
    expect(bonds(configurationsFigure({ ...spec, bondLength: 9 }).svg)).toBe(3);
  });

  it("does not shrink for a particle torn away, and says that it is not shown", () => {
    const particles = { count: 3, spatialDim: 2 };
    const tame = [-1, 0, 1, 0, 0, 1];
    const samples = rows(tame, tame, [-1, 0, 1, 0, 900, 1]);
    const { svg, note } = configurationsFigure({ title: "<t>", samples, particles, rows: [0, 1, 2], captions: ["a", "b & c"] });
    expect(note).toMatch(/particles lie outside/);
    expect(circles(svg).length).toBeLessThan(9);
    expect(circles(svg)[0].r).toBeGreaterThan(10);
  });

  it("chooses rows at even quantiles of the energy, finite ones only", () => {
    const samples = rows([5], [1], [Number.NaN], [3], [2], [4]);
    expect(rowsByEnergy(samples, Float32Array.of(5, 1, 0, 3, 2, 4), 5)).toEqual([1, 4, 3, 5, 0]);
    expect(rowsByEnergy(samples, Float32Array.of(5, 1, 0, Number.NaN, 2, 4), 2)).toEqual([4, 0]);
    expect(rowsByEnergy(samples, undefined, 9)).toEqual([0, 1, 3, 4, 5]);
  });
});

describe("a report on particles", () => {
  const { exact, ...target } = trappedParticles({ count: 4, spatialDim: 3 });
  const drawn = (n: number, seed: number) => exact?.sample(n, seed) as Batch;

  it("has configurations, distances, g(r) and the averages behind the errors, and parses", async () => {
    const x = drawn(60, 1);
    const reference = drawn(130, 2);
    const energy = target.energy(x);
    const logWeights = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i));
    const evaluation = await evaluate(x, target, { seed: 1, reference, logWeights, floorPairs: 10 });
    const outcome = { x, energy, logWeights };
    const data = runReport(
      target,
      { raw: outcome, weighted: outcome },
      { title: "particles", referenceSeed: 1, reference, metrics: metricSets(evaluation) },
    );
    expect(data.pairDistances?.sample.length).toBe(360);
    expect(data.pairDistances?.weighted?.logWeights[7]).toBe(logWeights[1]);
    expect(data.reference).toMatchObject({ label: "reference", x: { n: 60 } });
    expect(data.radialDistribution?.r.length).toBe(100);
    const html = renderReport(data);
    parseMarkup(html);
    for (const text of [
      "4 particles in 3 dimensions",
      "Configurations, raw samples",
      "Configurations, reference",
      "Distances between particles",
      "Radial distribution g(r)",
      "should be 9",
    ]) {
      expect(html).toContain(text);
    }
    expect(html).not.toContain("first two coordinates");
    const { detail } = metricRows(evaluation.metrics).find(({ key }) => key === "virialError") ?? {};
    expect(detail).toMatch(/ ± .*, should be 9$/);
  });

  it("takes lost rows, a single particle and no reference", () => {
    const x = drawn(8, 3);
    x.data[5] = Number.NaN;
    const logWeights = new Float64Array(8).fill(-Infinity);
    const outcome = { x, energy: target.energy(drawn(8, 3)), logWeights };
    const data = runReport(target, { raw: outcome, weighted: outcome }, { title: "t", referenceSeed: 1 });
    expect(data.pairDistances?.sample.length).toBe(42);
    expect(data.pairDistances?.weighted).toBeUndefined();
    parseMarkup(renderReport(data));
    const one = trappedParticles({ count: 1, spatialDim: 3 });
    const single = { x: rows([1, 2, 3], [1, 2, 3]), energy: new Float32Array(2) };
    parseMarkup(renderReport(runReport({ ...one, exact: undefined }, { raw: single }, { title: "t", referenceSeed: 1 })));
  });
});
