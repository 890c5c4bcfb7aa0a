/** The parts figures are made of: numbers as text, resampling without random numbers, smoothing, histogram mass, contour places. */
import { describe, expect, it } from "vitest";
import { curveFigure, smoothed } from "../../src/report/curve-figure.js";
import { figure, standaloneSvg } from "../../src/report/figure.js";
import { histogramFigure } from "../../src/report/histogram-figure.js";
import { multiplicities, samplesFigure } from "../../src/report/samples-figure.js";
import {
  escapeText,
  formatNumber,
  formatRatio,
  formatSeconds,
  formatWithError,
  powerOfTen,
  spaced,
} from "../../src/report/text.js";
import { parseMarkup } from "../support/well-formed.js";

describe("text", () => {
  it.each([
    [0, "0"],
    [-3, "−3"],
    [1234567, "1,234,567"],
    [0.123456, "0.1235"],
    [12.3456, "12.35"],
    [-0.5, "−0.5"],
    [12345.678, "12,346"],
    [1.5e-7, "1.50e−7"],
    [2.5e9 + 0.5, "2.50e+9"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NEGATIVE_INFINITY, "−∞"],
    [undefined, "–"],
  ])("formats %s as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("formats errors and ratios", () => {
    expect(formatWithError(4.3217, 0.1234)).toBe("4.322 ± 0.12");
    expect(formatWithError(undefined, 1)).toBe("–");
    expect([1.2345, 5085.69].map(formatRatio)).toEqual(["1.23 ×", "5,086 ×"]);
  });

  it("formats seconds, powers of ten and names", () => {
    expect([0.0123, 12.34, 185].map(formatSeconds)).toEqual(["12 ms", "12.3 s", "3 min 5 s"]);
    expect([-5, -2, 0, 3, 12].map(powerOfTen)).toEqual(["10⁻⁵", "0.01", "1", "1,000", "10¹²"]);
    expect(spaced("modeWeightTv")).toBe("mode Weight Tv");
    expect(escapeText("a\u0001\ud83d\ude00")).toBe("a\ufffd😀");
  });
});

describe("multiplicities", () => {
  it("keeps each row within one of its expected count", () => {
    const logWeights = [0, Math.log(2), Math.log(5), Number.NEGATIVE_INFINITY, Number.NaN];
    const counts = multiplicities(logWeights, 80);
    expect([...counts]).toEqual([10, 20, 50, 0, 0]);
    expect([...multiplicities([3, 3, 3, 3], 4)]).toEqual([1, 1, 1, 1]);
    expect([...multiplicities([Number.NEGATIVE_INFINITY, Number.NaN], 4)]).toEqual([0, 0]);
  });
});

describe("smoothed", () => {
  it("keeps constants, averages in logarithms, and passes over what cannot be drawn", () => {
    expect([...smoothed([2, 2, 2, 2], true)]).toEqual([2, 2, 2, 2].map((value) => Math.exp(Math.log(value))));
    const middle = smoothed([1, 100, 1], true)[1];
    expect(middle).toBeCloseTo(100 ** (1 / 3), 10);
    expect(smoothed([1, Number.NaN, 3], false)[1]).toBe(2);
  });
});

function boxes(svg: string, className: string): string[] {
  return parseMarkup(svg)
    .filter(({ attributes }) => attributes.class?.includes(className))
    .map(({ attributes }) => attributes.d);
}

describe("samplesFigure", () => {
  const contour = { x0: -1, x1: 1, y0: -1, y1: 1, nx: 81, ny: 81, values: new Float32Array(81 * 81) };
  contour.values.forEach((_, k) => {
    contour.values[k] = 4 * (((k % 81) / 40 - 1) ** 2 + (Math.floor(k / 81) / 40 - 1) ** 2);
  });

  it("draws contours where the energy has their height: E = 4 r^2, so 1 kT is the circle of radius 1/2", () => {
    const svg = samplesFigure({ title: "t", samples: { data: new Float32Array([0, 0]), n: 1, dim: 2 }, contour });
    const frame = parseMarkup(svg).find(({ attributes }) => attributes.class === "frame")?.attributes ?? {};
    const [width, height] = [Number(frame.width), Number(frame.height)];
    const innermost = boxes(svg, "band").at(-1) as string;
    const points = innermost
      .slice(1, -1)
      .split("L")
      .map((pair) => pair.split(" ").map(Number));
    expect(points.length).toBeGreaterThan(20);
    for (const [px, py] of points) {
      const radius = Math.hypot((px / width) * 2 - 1, 1 - (py / height) * 2);
      // grid step 1/40: linear interpolation of a parabola errs by at most step^2 / (8 r), here 1.6e-4; coordinates by 0.1 of 328
      expect(Math.abs(radius - 0.5)).toBeLessThan(1e-3);
    }
  });

  it("puts a sample where it is, y upwards, and drops rows of multiplicity 0", () => {
    const samples = { data: new Float32Array([0.5, 0.5, -0.5, -0.5]), n: 2, dim: 2 };
    const svg = samplesFigure({ title: "t", samples, contour, multiplicity: [4, 0] });
    const frame = parseMarkup(svg).find(({ attributes }) => attributes.class === "frame")?.attributes ?? {};
    const [path, ...others] = boxes(svg, "dots");
    expect(others).toEqual([]);
    const [px, py] = path.slice(1, -2).split(" ").map(Number);
    expect(Math.abs(px / Number(frame.width) - 0.75)).toBeLessThan(1e-3);
    expect(Math.abs(py / Number(frame.height) - 0.25)).toBeLessThan(1e-3);
  });
});

describe("histogramFigure", () => {
  it("reports what lies outside and what is not finite, once per array of values", () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000, Number.NaN];
    const { note, svg } = histogramFigure({
      title: "h",
      xLabel: "x",
      yLabel: "y",
      series: [
        { label: "a", values, colour: 1, kind: "bar" },
        { label: "b", values, colour: 2, kind: "line", logWeights: values.map(() => 0) },
      ],
      trim: [0, 0.9],
    });
    expect(note).toBe("1 of 11 (a) lie outside the axis; 1 of 11 (a) are not finite.");
    parseMarkup(svg);
  });

  it("holds the axis to its focus, at most as far again on either side", () => {
    const series = [{ label: "a", values: [0, 5, 10, 500], colour: 1 as const, kind: "bar" as const }];
    const { note } = histogramFigure({ title: "h", xLabel: "x", yLabel: "y", series, focus: [4, 10] });
    expect(note).toBe("1 of 4 (a) lie outside the axis.");
    expect(histogramFigure({ title: "h", xLabel: "x", yLabel: "y", series }).note).toBe("");
  });

  it("says so when nothing is finite", () => {
    const series = [{ label: "a", values: [Number.NaN], colour: 1 as const, kind: "bar" as const }];
    expect(histogramFigure({ title: "h", xLabel: "x", yLabel: "y", series })).toEqual({
      svg: "",
      note: "h: no finite value to show.",
    });
  });
});

describe("curveFigure", () => {
  it("handles one point, constants and decades", () => {
    for (const logY of [false, true]) {
      for (const y of [[5], [5, 5, 5], [1e-12, 1, 1e12]]) {
        const { svg } = curveFigure({
          title: "c",
          xLabel: "x",
          yLabel: "y",
          logY,
          series: [{ label: "l", x: y.map((_, i) => i), y }],
        });
        for (const { attributes } of parseMarkup(svg)) expect(Object.values(attributes).join()).not.toMatch(/NaN|Infinity/);
      }
    }
  });
});

describe("standaloneSvg", () => {
  it("adds namespace and colours", () => {
    const svg = standaloneSvg(
      figure({ title: "t", x: { label: "x", domain: [0, 1] }, y: { label: "y", domain: [0, 1] }, aspect: 1, draw: () => "" }),
    );
    const [root, style] = parseMarkup(svg);
    expect(root.attributes.xmlns).toBe("http://www.w3.org/2000/svg");
    expect(style.name).toBe("style");
  });
});
