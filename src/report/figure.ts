/**
 * The frame every figure shares: title, legend, axes with units, a clipped plotting area. Figures are SVG strings; classes come
 * from theme.ts. Nothing here knows what is drawn.
 */
import { type ScaleLinear, type ScaleLogarithmic, scaleLinear, scaleLog } from "d3-scale";
import { escapeText, powerOfTen } from "./text.js";
import { figureCss, paletteCss } from "./theme.js";

export type Scale = ScaleLinear<number, number> | ScaleLogarithmic<number, number>;

/** Which of the palette's colours a series has; 0 is the wells' colour, 9 grey. */
export type Colour = 0 | 1 | 2 | 3 | 4 | 5 | 9;

export interface LegendItem {
  readonly label: string;
  readonly colour: Colour;
  readonly kind: "line" | "dash" | "bar" | "dot";
}

export interface AxisSpec {
  readonly label: string;
  readonly domain: readonly [number, number];
  readonly log?: boolean;
}

export interface FigureSpec {
  readonly title: string;
  readonly x: AxisSpec;
  readonly y: AxisSpec;
  readonly legend?: readonly LegendItem[];
  /** Height over width of the plotting area. */
  readonly aspect: number;
  /** Draws into the plotting area, whose corner is (0, 0); anything outside is clipped. */
  readonly draw: (x: Scale, y: Scale) => string;
}

const WIDTH = 400;
const LEFT = 58;
const RIGHT = 14;
const TOP = 32;
const BOTTOM = 46;
const LEGEND_LINE = 18;

/** Coordinates to a tenth of a unit: enough for the eye, half the bytes. */
export function coordinate(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 10) / 10) : "0";
}

function makeScale(axis: AxisSpec, range: [number, number]): Scale {
  const [low, high] = axis.domain;
  return axis.log ? scaleLog([low, high], range) : scaleLinear([low, high], range);
}

/** Tick positions and texts; on a logarithmic axis only as many as can be read. */
function ticksOf(scale: Scale, log: boolean | undefined, count: number): { value: number; text: string }[] {
  if (!log) {
    const format = scale.tickFormat(count);
    return scale.ticks(count).map((value) => ({ value, text: format(value) }));
  }
  const [low, high] = scale.domain();
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 2) {
    const values = scale.ticks(count).filter((value) => [1, 2, 5].includes(Number(value.toExponential()[0])));
    return values.map((value) => ({ value, text: String(Number(value.toPrecision(3))) }));
  }
  const every = Math.ceil((last - first + 1) / (count + 1));
  const out: { value: number; text: string }[] = [];
  for (let e = first; e <= last; e += every) out.push({ value: 10 ** e, text: powerOfTen(e) });
  return out;
}

/** Legend entries in rows above the plot; returns the markup and the number of rows. */
function legendOf(items: readonly LegendItem[]): { markup: string; rows: number } {
  let row = 0;
  let left = LEFT;
  let markup = "";
  for (const item of items) {
    const width = 30 + item.label.length * 6.3;
    if (left > LEFT && left + width > WIDTH - 4) {
      row++;
      left = LEFT;
    }
    const y = TOP + row * LEGEND_LINE + 4;
    markup += `<g class="s${item.colour}">${swatch(item.kind, left, y)}<text x="${left + 24}" y="${y + 4}">${escapeText(item.label)}</text></g>`;
    left += width + 12;
  }
  return { markup, rows: items.length === 0 ? 0 : row + 1 };
}

function swatch(kind: LegendItem["kind"], x: number, y: number): string {
  if (kind === "bar") return `<rect class="bar" x="${x}" y="${y - 5}" width="18" height="10"/>`;
  if (kind === "dot") return `<circle class="mark" cx="${x + 9}" cy="${y}" r="3.5"/>`;
  return `<line class="line${kind === "dash" ? " dash" : ""}" x1="${x}" x2="${x + 18}" y1="${y}" y2="${y}"/>`;
}

function axes(x: Scale, y: Scale, spec: FigureSpec, width: number, height: number): { grid: string; ticks: string } {
  let grid = "";
  let ticks = "";
  for (const { value, text } of ticksOf(x, spec.x.log, 5)) {
    const at = coordinate(x(value));
    grid += `<line class="grid" x1="${at}" x2="${at}" y1="0" y2="${height}"/>`;
    ticks += `<line class="tick" x1="${at}" x2="${at}" y1="${height}" y2="${height + 5}"/>`;
    ticks += `<text x="${at}" y="${height + 18}" text-anchor="middle">${escapeText(text)}</text>`;
  }
  for (const { value, text } of ticksOf(y, spec.y.log, 5)) {
    const at = coordinate(y(value));
    grid += `<line class="grid" x1="0" x2="${width}" y1="${at}" y2="${at}"/>`;
    ticks += `<line class="tick" x1="-5" x2="0" y1="${at}" y2="${at}"/>`;
    ticks += `<text x="-8" y="${at}" dy=".35em" text-anchor="end">${escapeText(text)}</text>`;
  }
  return { grid, ticks };
}

/** One figure as an <svg> element for a page that carries `figureCss` and a palette. */
export function figure(spec: FigureSpec): string {
  const legend = legendOf(spec.legend ?? []);
  const top = TOP + legend.rows * LEGEND_LINE;
  const width = WIDTH - LEFT - RIGHT;
  const height = Math.round(width * spec.aspect);
  const total = top + height + BOTTOM;
  const x = makeScale(spec.x, [0, width]);
  const y = makeScale(spec.y, [height, 0]);
  const { grid, ticks } = axes(x, y, spec, width, height);
  const title = escapeText(spec.title);
  return `<svg class="fig" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="${title}">
<text class="title" x="${LEFT}" y="18">${title}</text>${legend.markup}
<g transform="translate(${LEFT} ${top})">${grid}
<svg x="0" y="0" width="${width}" height="${height}" overflow="hidden">${spec.draw(x, y)}</svg>
<rect class="frame" width="${width}" height="${height}"/>${ticks}
<text class="label" x="${width / 2}" y="${height + 38}" text-anchor="middle">${escapeText(spec.x.label)}</text>
<text class="label" transform="translate(-43 ${height / 2}) rotate(-90)" text-anchor="middle">${escapeText(spec.y.label)}</text>
</g></svg>`;
}

/** A figure as a file of its own: namespace, colours and background added. */
export function standaloneSvg(svg: string): string {
  const style = `<style>${paletteCss(".fig")}${figureCss}</style><rect class="back" width="100%" height="100%"/>`;
  return svg
    .replace('<svg class="fig"', '<svg xmlns="http://www.w3.org/2000/svg" class="fig"')
    .replace(/^([^>]*>)/, `$1${style}`);
}
