/** Lines over an axis: losses, gradient norms, metrics over steps, calibration over noise levels. */
import { line } from "d3-shape";
import { type AxisSpec, type Colour, coordinate, figure, type LegendItem, type Scale } from "./figure.js";
import type { FigureWithNote } from "./histogram-figure.js";
import type { Curve, CurveSeries } from "./report-data.js";

const COLOURS: readonly Colour[] = [2, 1, 3, 4, 5];

/** Points drawn per line at most. */
const MAX_POINTS = 600;

type Point = [x: number, y: number];

/**
 * Running mean over about a fiftieth of the series, in logarithms when the axis is: a straight reading of where a noisy loss is.
 * Values that cannot be drawn are left out of the mean.
 */
export function smoothed(y: ArrayLike<number>, log: boolean): Float64Array {
  const out = new Float64Array(y.length);
  const half = Math.max(1, Math.round(y.length / 100));
  const prefix = new Float64Array(y.length + 1);
  const counts = new Float64Array(y.length + 1);
  for (let i = 0; i < y.length; i++) {
    const value = log ? Math.log(y[i]) : y[i];
    const use = Number.isFinite(value);
    prefix[i + 1] = prefix[i] + (use ? value : 0);
    counts[i + 1] = counts[i] + (use ? 1 : 0);
  }
  for (let i = 0; i < y.length; i++) {
    const from = Math.max(0, i - half);
    const to = Math.min(y.length, i + half + 1);
    const mean = (prefix[to] - prefix[from]) / (counts[to] - counts[from]);
    out[i] = log ? Math.exp(mean) : mean;
  }
  return out;
}

function drawable(value: number, log: boolean | undefined): boolean {
  return Number.isFinite(value) && (!log || value > 0);
}

/** Domain of an axis over all values that can be drawn; a little air on both sides. */
function domainOf(values: Iterable<number>, log: boolean | undefined, air: boolean): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!drawable(value, log)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low <= high)) return null;
  if (log) {
    const factor = low === high ? 2 : air ? (high / low) ** 0.04 : 1;
    return [low / factor, high * factor];
  }
  const pad = low === high ? Math.abs(low) * 0.1 || 1 : air ? (high - low) * 0.05 : 0;
  return [low - pad, high + pad];
}

function pointsOf(series: CurveSeries, y: ArrayLike<number>): Point[] {
  const stride = Math.max(1, series.x.length / MAX_POINTS);
  const points: Point[] = [];
  for (let k = 0; k * stride < series.x.length; k++) {
    const i = Math.floor(k * stride);
    points.push([series.x[i], y[i]]);
  }
  return points;
}

function pathOf(points: Point[], curve: Curve, x: Scale, y: Scale): string {
  const path = line<Point>()
    .defined(([px, py]) => drawable(px, curve.logX) && drawable(py, curve.logY))
    .x(([px]) => x(px))
    .y(([, py]) => y(py))
    .digits(1);
  return path(points) ?? "";
}

function errorBars(series: CurveSeries, curve: Curve, x: Scale, y: Scale): string {
  let out = "";
  const { standardError } = series;
  for (let i = 0; i < series.x.length; i++) {
    if (!drawable(series.x[i], curve.logX) || !drawable(series.y[i], curve.logY)) continue;
    const at = coordinate(x(series.x[i]));
    out += `<circle class="mark" cx="${at}" cy="${coordinate(y(series.y[i]))}" r="2.6"/>`;
    if (!standardError || !Number.isFinite(standardError[i])) continue;
    const low = series.y[i] - standardError[i];
    const bottom = drawable(low, curve.logY) ? y(low) : y.range()[0];
    out += `<line class="error" x1="${at}" x2="${at}" y1="${coordinate(bottom)}" y2="${coordinate(y(series.y[i] + standardError[i]))}"/>`;
  }
  return out;
}

function undrawable(curve: Curve): string {
  const parts = curve.series.flatMap((series) => {
    let count = 0;
    for (let i = 0; i < series.y.length; i++) if (!drawable(series.y[i], curve.logY)) count++;
    return count > 0 ? [`${count} of ${series.y.length} values (${series.label}) cannot be drawn on this axis`] : [];
  });
  return parts.length > 0 ? `${parts.join("; ")}.` : "";
}

/** How a curve figure treats its lines: `smooth` draws the values faint and their running mean strong. */
export interface CurveStyle {
  readonly smooth?: boolean;
  readonly markers?: boolean;
}

/** One figure of lines. */
export function curveFigure(curve: Curve, style: CurveStyle = {}): FigureWithNote {
  const xs = curve.series.flatMap((series) => Array.from(series.x));
  const ys = curve.series.flatMap(({ y, standardError }) =>
    Array.from(y).flatMap((value, i) => (standardError ? [value - standardError[i], value, value + standardError[i]] : [value])),
  );
  if (curve.reference) ys.push(curve.reference.value);
  const xDomain = domainOf(xs, curve.logX, style.markers === true || curve.series.some((series) => series.standardError));
  const yDomain = domainOf(ys, curve.logY, true);
  if (!xDomain || !yDomain) return { svg: "", note: `${curve.title}: no value to show.` };
  const xAxis: AxisSpec = { label: curve.xLabel, domain: xDomain, log: curve.logX };
  const yAxis: AxisSpec = { label: curve.yLabel, domain: yDomain, log: curve.logY };
  const legend: LegendItem[] = curve.series.map(({ label }, i) => ({ label, colour: COLOURS[i % COLOURS.length], kind: "line" }));
  if (curve.reference) legend.push({ label: curve.reference.label, colour: 9, kind: "dash" });
  const draw = (x: Scale, y: Scale): string => {
    let out = "";
    if (curve.reference) {
      const at = coordinate(y(curve.reference.value));
      out += `<line class="s9 line dash" x1="${x.range()[0]}" x2="${x.range()[1]}" y1="${at}" y2="${at}"/>`;
    }
    curve.series.forEach((series, i) => {
      out += `<g class="s${COLOURS[i % COLOURS.length]}">`;
      out += `<path class="${style.smooth ? "faint" : "line"}" d="${pathOf(pointsOf(series, series.y), curve, x, y)}"/>`;
      if (style.smooth) {
        out += `<path class="line" d="${pathOf(pointsOf(series, smoothed(series.y, curve.logY === true)), curve, x, y)}"/>`;
      }
      if (style.markers || series.standardError) out += errorBars(series, curve, x, y);
      out += "</g>";
    });
    return out;
  };
  return { svg: figure({ title: curve.title, x: xAxis, y: yAxis, aspect: 0.62, legend, draw }), note: undrawable(curve) };
}
