/** Histograms as densities: filled bars, and step outlines of what they are compared with. */
import { quantileSorted } from "d3-array";
import { type Colour, coordinate, figure, type LegendItem, type Scale } from "./figure.js";

export interface HistogramSeries {
  readonly label: string;
  readonly values: ArrayLike<number>;
  /** Natural log weights, [n]; absent: every value counts alike. */
  readonly logWeights?: ArrayLike<number>;
  readonly colour: Colour;
  /** Bars or an outline. */
  readonly kind: "bar" | "line" | "dash";
}

export interface HistogramSpec {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly HistogramSeries[];
  /** Quantiles at which the axis is cut, over the series; what lies outside is counted in the result's note. */
  readonly trim?: readonly [number, number];
  /** Values the axis is about (the exact ones): it then reaches at most as far again beyond their trimmed range. */
  readonly focus?: ArrayLike<number>;
  readonly bins?: number;
}

/** An SVG figure and a sentence on what it does not show ("" when it shows everything). */
export interface FigureWithNote {
  readonly svg: string;
  readonly note: string;
}

function finiteSorted(values: ArrayLike<number>): number[] {
  return Array.from(Float64Array.from(values).filter(Number.isFinite).sort());
}

function trimmed(values: ArrayLike<number>, [low, high]: readonly [number, number]): [number, number] {
  const sorted = finiteSorted(values);
  if (sorted.length === 0) return [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return [quantileSorted(sorted, low) as number, quantileSorted(sorted, high) as number];
}

/** Common range: the widest of the series' trimmed ranges, held to the focus. Null when no value is finite. */
function rangeOf({ series, trim = [0, 1], focus }: HistogramSpec): [number, number] | null {
  const ranges = series.map(({ values }) => trimmed(values, trim));
  let low = Math.min(...ranges.map((range) => range[0]));
  let high = Math.max(...ranges.map((range) => range[1]));
  const [from, to] = focus ? trimmed(focus, trim) : [Number.NaN, Number.NaN];
  if (to > from) {
    low = Math.max(low, from - (to - from));
    high = Math.min(high, to + (to - from));
  }
  if (!(low <= high)) return null;
  const pad = (high - low) * 0.02 || 0.5;
  return [low - pad, high + pad];
}

/** Density per bin, and how many values fall outside or are not finite. */
function densities(
  series: HistogramSeries,
  low: number,
  high: number,
  bins: number,
): { density: Float64Array; outside: number; bad: number } {
  const { values, logWeights } = series;
  let top = 0;
  if (logWeights) {
    top = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < logWeights.length; i++) if (logWeights[i] > top) top = logWeights[i];
  }
  const density = new Float64Array(bins);
  let total = 0;
  let outside = 0;
  let bad = 0;
  for (let i = 0; i < values.length; i++) {
    const weight = logWeights ? Math.exp(logWeights[i] - top) : 1;
    if (!Number.isFinite(values[i]) || !Number.isFinite(weight)) {
      bad++;
      continue;
    }
    total += weight;
    const bin = Math.floor(((values[i] - low) / (high - low)) * bins);
    if (bin < 0 || bin >= bins) outside++;
    else density[bin] += weight;
  }
  const scale = bins / ((high - low) * (total || 1));
  return { density: density.map((value) => value * scale), outside, bad };
}

function outline(density: Float64Array, low: number, step: number, x: Scale, y: Scale): string {
  let path = `M${coordinate(x(low))} ${coordinate(y(0))}`;
  density.forEach((value, i) => {
    path += `V${coordinate(y(value))}H${coordinate(x(low + (i + 1) * step))}`;
  });
  return `${path}V${coordinate(y(0))}`;
}

/** Histograms over a common axis. */
export function histogramFigure(spec: HistogramSpec): FigureWithNote {
  const range = rangeOf(spec);
  if (!range) return { svg: "", note: `${spec.title}: no finite value to show.` };
  const [low, high] = range;
  const bins = spec.bins ?? 48;
  const counted = spec.series.map((series) => ({ series, ...densities(series, low, high, bins) }));
  const peak = Math.max(...counted.map(({ density }) => Math.max(...density)), 1e-300);
  const legend: LegendItem[] = spec.series.map(({ label, colour, kind }) => ({ label, colour, kind }));
  const svg = figure({
    title: spec.title,
    x: { label: spec.xLabel, domain: [low, high] },
    y: { label: spec.yLabel, domain: [0, peak * 1.08] },
    aspect: 0.62,
    legend,
    draw: (x, y) =>
      counted
        .map(({ series, density }) => {
          const path = outline(density, low, (high - low) / bins, x, y);
          const shape = series.kind === "bar" ? "bar" : series.kind === "dash" ? "line dash" : "line";
          return `<path class="s${series.colour} ${shape}" d="${path}"/>`;
        })
        .join(""),
  });
  const first = counted.filter(({ series }) => spec.series.find(({ values }) => values === series.values) === series);
  const notes = first.flatMap(({ series, outside, bad }) => [
    ...(outside > 0 ? [`${outside} of ${series.values.length} (${series.label}) lie outside the axis`] : []),
    ...(bad > 0 ? [`${bad} of ${series.values.length} (${series.label}) are not finite`] : []),
  ]);
  return { svg, note: notes.length > 0 ? `${notes.join("; ")}.` : "" };
}
