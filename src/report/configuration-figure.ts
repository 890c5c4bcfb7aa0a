/** Configurations of particles side by side: spheres projected with depth shading, or discs in the plane. */
import type { Batch, Particles } from "../core/types.js";
import { type Colour, coordinate } from "./figure.js";
import { escapeText, formatNumber } from "./text.js";

/** What `configurationsFigure` draws. */
export interface ConfigurationsFigure {
  readonly title: string;
  readonly samples: Batch;
  readonly particles: Particles;
  /** Which rows, at most twelve; see `rowsByEnergy`. */
  readonly rows: readonly number[];
  /** A line under each configuration. */
  readonly captions?: readonly string[];
  readonly colour?: Colour;
  /** Particles closer than this are joined; default: no bonds. */
  readonly bondLength?: number;
}

const WIDTH = 400;
const COLUMNS = 3;
const TOP = 28;
const CAPTION = 18;
const GAP = 6;
/** Shades from back to front, classes d0 ... d7 of theme.ts. */
const SHADES = 8;
/** Cells reach this far beyond the median extent of the configurations; what lies outside is counted. */
const ROOM = 1.25;
/** The eye, in extents from the center: near spheres are a little larger. */
const EYE = 8;
/** Turned a little to the side and from above, so that planes of particles do not hide each other. */
const SIDE = [Math.cos(0.5), Math.sin(0.5)] as const;
const ABOVE = [Math.cos(0.35), Math.sin(0.35)] as const;

type Point = readonly [x: number, y: number, depth: number];

/** Particles around their center, as seen: x to the right, y upwards, depth towards the eye. */
function seen({ data, dim }: Batch, row: number, { count, spatialDim }: Particles): Point[] {
  const middle = Array.from({ length: spatialDim }, (_, d) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += data[row * dim + i * spatialDim + d];
    return sum / count;
  });
  return Array.from({ length: count }, (_, i): Point => {
    const [x = 0, y = 0, z = 0] = middle.map((m, d) => data[row * dim + i * spatialDim + d] - m);
    if (spatialDim < 3) return [x, y, 0];
    const right = SIDE[0] * x + SIDE[1] * z;
    const away = SIDE[0] * z - SIDE[1] * x;
    return [right, ABOVE[0] * y - ABOVE[1] * away, ABOVE[1] * y + ABOVE[0] * away];
  });
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function median(values: number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length === 0 ? 1 : sorted[sorted.length >> 1] || 1;
}

/** Half of what separates neighbours: the radius at which most spheres just do not touch. */
function radiusOf(configurations: readonly Point[][]): number {
  const nearest = configurations.flatMap((points) =>
    points.map((p) => points.reduce((least, q) => (q === p ? least : Math.min(least, distance(p, q))), Number.POSITIVE_INFINITY)),
  );
  return median(nearest) / 2;
}

interface View {
  /** Half the side of a cell, in the target's length. */
  readonly extent: number;
  readonly radius: number;
  /** Side of a cell on the page. */
  readonly side: number;
  readonly flat: boolean;
}

/** Spheres and bonds from back to front. */
function drawing(points: readonly Point[], { extent, radius, side, flat }: View, bondLength: number): string {
  const scale = side / (2 * extent);
  const nearness = (depth: number) => (flat ? 1 : EYE / (EYE - Math.min(depth / extent, EYE / 2)));
  const place = ([x, y, depth]: Point) => {
    const near = nearness(depth) * scale;
    return { x: coordinate(side / 2 + x * near), y: coordinate(side / 2 - y * near), near };
  };
  const shade = (depth: number) => {
    if (flat) return SHADES - 1;
    return Math.max(0, Math.min(SHADES - 1, Math.floor((depth / extent / 2 + 0.5) * SHADES)));
  };
  const parts: { depth: number; markup: string }[] = points.map((point) => {
    const { x, y, near } = place(point);
    const size = radius * near;
    const shine = flat
      ? ""
      : `<circle class="shine" cx="${coordinate(Number(x) - size * 0.3)}" cy="${coordinate(Number(y) - size * 0.35)}" r="${coordinate(size * 0.28)}"/>`;
    const markup = `<circle class="ball d${shade(point[2])}" cx="${x}" cy="${y}" r="${coordinate(size)}"/>${shine}`;
    return { depth: point[2], markup };
  });
  points.forEach((a, i) => {
    for (const b of points.slice(i + 1)) {
      if (!(distance(a, b) < bondLength)) continue;
      const [from, to] = [place(a), place(b)];
      parts.push({
        depth: Math.min(a[2], b[2]) - 1e-6 * extent,
        markup: `<line class="bond" x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"/>`,
      });
    }
  });
  return parts
    .sort((a, b) => a.depth - b.depth)
    .map(({ markup }) => markup)
    .join("");
}

/** An SVG figure, and a sentence on what it leaves out ("" when nothing). */
export function configurationsFigure(spec: ConfigurationsFigure): { readonly svg: string; readonly note: string } {
  const { particles, captions = [], colour = 1, bondLength = 0 } = spec;
  const rows = spec.rows.slice(0, 12);
  const configurations = rows.map((row) => seen(spec.samples, row, particles));
  const reach = (points: readonly Point[]) => Math.max(...points.map((p) => Math.hypot(...p)).filter(Number.isFinite), 1e-9);
  const radius = radiusOf(configurations);
  const extent = ROOM * (median(configurations.map(reach)) + radius);
  const side = (WIDTH - (COLUMNS + 1) * GAP) / COLUMNS;
  const view: View = { extent, radius, side, flat: particles.spatialDim < 3 };
  let outside = 0;
  let cells = "";
  configurations.forEach((points, k) => {
    const left = GAP + (k % COLUMNS) * (side + GAP);
    const top = TOP + Math.floor(k / COLUMNS) * (side + CAPTION + GAP);
    const inside = points.filter((p) => Math.hypot(p[0], p[1]) < Math.SQRT2 * extent);
    outside += points.length - inside.length;
    cells += `<g class="s${colour}" transform="translate(${coordinate(left)} ${coordinate(top)})">
<svg x="0" y="0" width="${coordinate(side)}" height="${coordinate(side)}" overflow="hidden">${drawing(inside, view, bondLength)}</svg>
<rect class="frame" width="${coordinate(side)}" height="${coordinate(side)}"/>
<text x="${coordinate(side / 2)}" y="${coordinate(side + 13)}" text-anchor="middle">${escapeText(captions[k] ?? "")}</text></g>`;
  });
  const lines = Math.ceil(rows.length / COLUMNS);
  const title = escapeText(spec.title);
  const height = TOP + lines * (side + CAPTION + GAP);
  const svg = `<svg class="fig" viewBox="0 0 ${WIDTH} ${coordinate(height)}" role="img" aria-label="${title}">
<text class="title" x="${GAP}" y="18">${title}</text>${cells}</svg>`;
  const note = outside === 0 ? "" : `${formatNumber(outside)} particles lie outside of their frames.`;
  return { svg, note };
}

/** Rows at even quantiles of their energy, lowest first; at even spacing where energies are absent. Rows that are not finite are left out. */
export function rowsByEnergy(samples: Batch, energies: ArrayLike<number> | undefined, count: number): number[] {
  const { data, n, dim } = samples;
  const finite = Array.from({ length: n }, (_, i) => i).filter((i) =>
    data.subarray(i * dim, (i + 1) * dim).every(Number.isFinite),
  );
  const order = energies ? finite.filter((i) => Number.isFinite(energies[i])).sort((i, j) => energies[i] - energies[j]) : finite;
  const shown = Math.min(count, order.length);
  return Array.from({ length: shown }, (_, k) => order[Math.floor(((k + 0.5) * order.length) / shown)]);
}
