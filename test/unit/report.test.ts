/** The HTML report: well-formed, self-contained, escaped, complete, and undisturbed by values that are no numbers. */
import { describe, expect, it } from "vitest";
import type { Batch } from "../../src/core/types.js";
import { renderReport } from "../../src/report/report.js";
import type { ReportData } from "../../src/report/report-data.js";
import { parseMarkup } from "../support/well-formed.js";

function batch(n: number, dim: number): Batch {
  return { data: Float32Array.from({ length: n * dim }, (_, i) => ((i * 37) % 101) / 10 - 5), n, dim };
}

function fullData(): ReportData {
  const samples = batch(300, 2);
  const nx = 30;
  const values = Float32Array.from({ length: nx * nx }, (_, k) => (((k % nx) - 15) ** 2 + (Math.floor(k / nx) - 15) ** 2) / 20);
  const step = Array.from({ length: 500 }, (_, i) => i + 1);
  return {
    title: "A run",
    energyName: "gmm40",
    dim: 2,
    method: "bnem",
    created: "2026-01-02",
    samples,
    energies: Float32Array.from({ length: 300 }, (_, i) => 6 + (i % 17) / 5),
    weighted: {
      samples: batch(250, 2),
      energies: Float32Array.from({ length: 250 }, (_, i) => 6 + (i % 17) / 5),
      logWeights: Float64Array.from({ length: 250 }, (_, i) => Math.sin(i)),
      essFraction: 0.5,
      logZ: { value: -0.01, standardError: 0.02 },
    },
    reference: { x: batch(200, 2), energies: Float32Array.from({ length: 200 }, (_, i) => 6 + (i % 13) / 5) },
    contour: { x0: -5, x1: 5, y0: -5, y1: 5, nx, ny: nx, values },
    history: { step, loss: step.map((i) => 10 / i), gradientNorm: step.map((i) => 3 / i) },
    calibration: { sigma: [0.5, 5, 50], meanExp: [1, 0.9, 1.1], standardError: [0.1, 0.1, 0.1] },
    curves: [{ title: "Energy W2", xLabel: "training step", yLabel: "kT", series: [{ label: "raw", x: [1, 2], y: [2, 1] }] }],
    metrics: [
      {
        label: "raw",
        metrics: {
          positionW2: { value: 5, floor: 4, floorStandardError: 0.1, atFloor: false },
          energyW2: { label: "energy W2", value: 0.1, floor: 0.1, atFloor: true },
          modesCovered: { label: "modes covered", value: 39, total: 40, floor: 40, atFloor: false },
          note: "no metric",
        },
        verdict: ["Positions are near the floor."],
      },
    ],
    options: { steps: 500, loss: "linex" },
    machine: { cores: 2 },
    timings: { training: 12.5, sampling: 0.25 },
    energyCalls: 123456,
    networkCalls: 789,
    seed: 42,
    versions: { bnem: "0.1.0" },
    notes: ["Backend wasm."],
  };
}

describe("renderReport", () => {
  const html = renderReport(fullData());
  const elements = parseMarkup(html);

  it("is well-formed, and the check of that can fail", () => {
    expect(elements[0].name).toBe("html");
    expect(() => parseMarkup("<p>a & b</p>")).toThrow(/bare ampersand/);
    expect(() => parseMarkup("<p><b></p>")).toThrow(/unexpected/);
    expect(() => parseMarkup('<p a="1"b="2"/>')).toThrow(/space/);
    expect(() => parseMarkup("<p>")).toThrow(/not closed/);
  });

  it("loads nothing: no script, no link, no address, no event handler", () => {
    expect(html).not.toMatch(/https?:|\/\/|url\(|@import|javascript:/i);
    for (const { name, attributes } of elements) {
      expect(["script", "link", "img", "iframe", "object", "embed", "use", "image"]).not.toContain(name);
      for (const key of Object.keys(attributes)) expect(key).not.toMatch(/^(on|src|href|xlink)/);
    }
  });

  it("has every section, figure and number", () => {
    for (const heading of ["Metrics", "Samples", "Distributions", "Training", "Run"])
      expect(html).toContain(`<h2>${heading}</h2>`);
    const figures = elements.filter(({ name, attributes }) => name === "svg" && attributes.class === "fig");
    expect(figures.map(({ attributes }) => attributes["aria-label"])).toEqual([
      "Raw samples",
      "Resampled by weight",
      "Exact draws",
      "Energy",
      "Importance weights",
      "Loss",
      "Gradient norm",
      "Calibration of the learned energy",
      "Energy W2",
    ]);
    for (const text of [
      "123,456",
      ">42<",
      "12.5 s",
      "250 ms",
      "1.25 ×",
      "4 ± 0.1",
      "Positions are near the floor.",
      "Backend wasm.",
    ]) {
      expect(html).toContain(text);
    }
    expect(html).toMatch(/energy W2<\/th><td class="n">0.1<\/td><td class="n">0.1<\/td><td class="n good">at the floor</);
    expect(html).not.toContain("no metric");
  });

  it("follows the reader's colour scheme", () => {
    expect(html).toContain("prefers-color-scheme: dark");
  });

  it("is the same for the same data", () => {
    expect(renderReport(fullData())).toBe(html);
  });

  it("escapes every text", () => {
    const evil = `<script>alert("1")</script>&'\u0000\ud800`;
    const data = fullData();
    const page = renderReport({
      ...data,
      title: evil,
      energyName: evil,
      method: evil,
      created: evil,
      notes: [evil],
      options: { [evil]: evil, list: [evil] },
      machine: { [evil]: evil },
      versions: { [evil]: evil },
      timings: { [evil]: 1 },
      curves: [{ title: evil, xLabel: evil, yLabel: evil, series: [{ label: evil, x: [1, 2], y: [1, 2] }] }],
      metrics: [{ label: evil, metrics: { [evil]: { value: 1, label: evil } }, verdict: [evil] }],
    });
    const names = parseMarkup(page).map(({ name }) => name);
    expect(names).not.toContain("script");
    expect(page).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\ufffd\ufffd");
  });

  it("needs no more than a sample", () => {
    const page = renderReport({ title: "Bare", energyName: "own", dim: 2, samples: batch(10, 2) });
    parseMarkup(page);
    expect(page).toContain('aria-label="Raw samples"');
    expect(page).not.toContain("<h2>Training</h2>");
    expect(page).not.toContain("<h2>Metrics</h2>");
  });

  it("labels the first two coordinates as such in other dimensions, and draws none in one", () => {
    const many = renderReport({ title: "Five", energyName: "own", dim: 5, samples: batch(10, 5), energies: batch(10, 1).data });
    parseMarkup(many);
    expect(many).toContain("Raw samples, first two coordinates");
    expect(many).toContain("The first two of 5 coordinates; the others are not shown.");
    const one = renderReport({ title: "One", energyName: "own", dim: 1, samples: batch(10, 1), energies: batch(10, 1).data });
    parseMarkup(one);
    expect(one).not.toContain("Raw samples");
    expect(one).toContain('aria-label="Energy"');
  });

  it("counts what cannot be drawn and never writes NaN into markup", () => {
    const data = fullData();
    const spoiled = <T extends { [i: number]: number }>(array: T): T =>
      Object.assign(array, { 3: Number.NaN, 5: Number.POSITIVE_INFINITY });
    const page = renderReport({
      ...data,
      samples: { ...data.samples, data: spoiled(Float32Array.from(data.samples.data)) },
      energies: spoiled(Float32Array.from(data.energies ?? [])),
      weighted: data.weighted && {
        ...data.weighted,
        logWeights: Object.assign(Float64Array.from(data.weighted.logWeights), { 3: Number.NaN, 4: Number.NEGATIVE_INFINITY }),
      },
      contour: data.contour && { ...data.contour, values: spoiled(Float32Array.from(data.contour.values)) },
      history: {
        step: [1, 2, 3, 4],
        loss: [1, Number.NaN, 0, 2],
        gradientNorm: [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
      },
      metrics: [{ label: "raw", metrics: { energyW2: { value: Number.NaN, floor: 0.1 } }, verdict: [] }],
      calibration: { sigma: [1, 2], meanExp: [Number.NaN, 1], standardError: [Number.NaN, 0.1] },
    });
    for (const { attributes } of parseMarkup(page))
      for (const value of Object.values(attributes)) expect(value).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).toContain("2 of 300 (raw samples) are not finite");
    expect(page).toContain("2 of 4 values (loss) cannot be drawn on this axis");
    expect(page).toContain("Gradient norm: no value to show.");
    expect(page).toContain('<td class="n">NaN</td>');
    expect(page).not.toContain("<svg></svg>");
  });

  it("stays small with many samples, and says how many are drawn", () => {
    const page = renderReport({ title: "Many", energyName: "own", dim: 2, samples: batch(50_000, 2) });
    expect(page.length).toBeLessThan(200_000);
    expect(page).toContain("4,000 of 50,000 samples.");
  });
});
