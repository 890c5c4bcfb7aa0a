/** Configurations as dots in the plane, over contours of the energy where a grid is given. */
import { contours } from "d3-contour";
import type { Batch } from "../core/types.js";
import { type Colour, coordinate, figure, type LegendItem, type Scale } from "./figure.js";
import type { ContourGrid } from "./report-data.js";

/** Dots drawn at most; more would only darken the picture and swell the file. */
export const MAX_DOTS = 4000;

/** Contour heights above the lowest energy, kT: doubling; nothing a sampler does shows above the last. */
const LEVELS = [1, 2, 4, 8, 16, 32];

export interface SamplesFigure {
  readonly title: string;
  readonly samples: Batch;
  readonly contour?: ContourGrid;
  readonly colour?: Colour;
  /** How often each row counts, [n]; dots grow with it and rows of multiplicity 0 are left out. */
  readonly multiplicity?: ArrayLike<number>;
  /** Which coordinates, by default the first two. */
  readonly axes?: readonly [number, number];
  readonly labels?: readonly [string, string];
}

type Window = readonly [x0: number, x1: number, y0: number, y1: number];

/** Contours of energy above the minimum, as filled, nested bands. */
function bands(grid: ContourGrid, x: Scale, y: Scale): string {
  const { nx, ny, values } = grid;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  const density = new Float64Array(nx * ny);
  for (let i = 0; i < density.length; i++) {
    const value = values[i];
    density[i] = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : -value;
    if (Number.isFinite(value)) {
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
  }
  const levels = LEVELS.filter((level) => lowest + level < highest);
  const toX = (gx: number) => x(grid.x0 + ((gx - 0.5) * (grid.x1 - grid.x0)) / (nx - 1));
  const toY = (gy: number) => y(grid.y0 + ((gy - 0.5) * (grid.y1 - grid.y0)) / (ny - 1));
  let markup = "";
  const trace = contours().size([nx, ny]);
  for (const level of [...levels].reverse()) {
    const shape = trace.contour(density as unknown as number[], -(lowest + level));
    let path = "";
    for (const polygon of shape.coordinates) {
      for (const ring of polygon) {
        path += `M${ring.map(([gx, gy]) => `${coordinate(toX(gx))} ${coordinate(toY(gy))}`).join("L")}Z`;
      }
    }
    if (path) markup += `<path class="band" d="${path}"/>`;
  }
  return markup;
}

/** Smallest window around the rows (trimmed by 0.2 % per side), a tenth wider. */
function windowOf(samples: Batch, a: number, b: number): Window {
  const range = (axis: number): [number, number] => {
    const column = Float64Array.from({ length: samples.n }, (_, i) => samples.data[i * samples.dim + axis]).filter(
      Number.isFinite,
    );
    if (column.length === 0) return [-1, 1];
    column.sort();
    const trim = Math.floor(column.length * 0.002);
    const low = column[trim];
    const high = column[column.length - 1 - trim];
    const pad = (high - low) * 0.05 || 1;
    return [low - pad, high + pad];
  };
  return [...range(a), ...range(b)];
}

/**
 * Dots as few paths: a zero-length stroke with a round cap is a disc, and eight layers let overlap show. Rows at even spacing are
 * drawn when there are more than `MAX_DOTS`.
 */
function dots(spec: SamplesFigure, x: Scale, y: Scale, a: number, b: number): string {
  const { samples, multiplicity, colour = 1 } = spec;
  const stride = Math.max(1, samples.n / MAX_DOTS);
  const layers = new Map<string, string>();
  for (let k = 0; k * stride < samples.n; k++) {
    const row = Math.floor(k * stride);
    const times = multiplicity ? multiplicity[row] : 1;
    const px = samples.data[row * samples.dim + a];
    const py = samples.data[row * samples.dim + b];
    if (!(times > 0) || !Number.isFinite(px) || !Number.isFinite(py)) continue;
    const size = (3 * Math.min(6, Math.sqrt(times))).toFixed(1);
    const layer = `${size} ${k % 8}`;
    layers.set(layer, `${layers.get(layer) ?? ""}M${coordinate(x(px))} ${coordinate(y(py))}h0`);
  }
  let markup = "";
  for (const [layer, path] of layers) markup += `<path class="dots" stroke-width="${layer.split(" ")[0]}" d="${path}"/>`;
  return `<g class="s${colour}">${markup}</g>`;
}

/** Samples over energy contours. Lengths are equal on both axes when a contour grid or plane coordinates are shown. */
export function samplesFigure(spec: SamplesFigure): string {
  const [a, b] = spec.axes ?? [0, 1];
  const { contour, samples } = spec;
  const [x0, x1, y0, y1] = contour ? [contour.x0, contour.x1, contour.y0, contour.y1] : windowOf(samples, a, b);
  const aspect = Math.min(1.25, Math.max(0.5, (y1 - y0) / (x1 - x0)));
  const legend: LegendItem[] = [{ label: "sample", colour: spec.colour ?? 1, kind: "dot" }];
  if (contour) legend.push({ label: "energy 1, 2, 4 … 32 kT above min", colour: 0, kind: "bar" });
  return figure({
    title: spec.title,
    x: { label: spec.labels?.[0] ?? "x₁ (target's length unit)", domain: [x0, x1] },
    y: { label: spec.labels?.[1] ?? "x₂ (target's length unit)", domain: [y0, y1] },
    aspect,
    legend,
    draw: (x, y) => (contour ? bands(contour, x, y) : "") + dots(spec, x, y, a, b),
  });
}

/** Systematic resampling with a fixed offset: how often each row is kept among n. Needs no random number. */
export function multiplicities(logWeights: ArrayLike<number>, n: number): Uint32Array {
  const counts = new Uint32Array(logWeights.length);
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logWeights.length; i++) if (logWeights[i] > top) top = logWeights[i];
  if (!Number.isFinite(top)) return counts;
  const weights = Float64Array.from(logWeights, (value) => (Number.isNaN(value) ? 0 : Math.exp(value - top)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let passed = 0;
  let taken = 0;
  for (let i = 0; i < weights.length; i++) {
    passed += (weights[i] / total) * n;
    while (taken < n && taken + 0.5 <= passed) {
      counts[i]++;
      taken++;
    }
  }
  return counts;
}
