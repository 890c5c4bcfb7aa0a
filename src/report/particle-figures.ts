/** What a report shows of particles instead of dots in a plane: configurations, distances between particles, g(r). */
import type { Batch, Particles } from "../core/types.js";
import { configurationsFigure, rowsByEnergy } from "./configuration-figure.js";
import { curveFigure } from "./curve-figure.js";
import type { Colour } from "./figure.js";
import { type HistogramSeries, histogramFigure } from "./histogram-figure.js";
import type { CaptionedFigure, PairDistances, RadialData, ReportData } from "./report-data.js";
import { formatNumber } from "./text.js";

const SHOWN = 6;

function view(
  title: string,
  colour: Colour,
  particles: Particles,
  samples: Batch,
  energies?: ArrayLike<number>,
): CaptionedFigure {
  const rows = rowsByEnergy(samples, energies, SHOWN);
  const captions = energies && rows.map((row) => `E = ${formatNumber(energies[row])} kT`);
  const { svg, note } = configurationsFigure({ title, samples, particles, rows, captions, colour });
  const how = energies ? "from the lowest to the highest twelfth of the energies" : "evenly spread";
  const depth = particles.spatialDim < 3 ? "" : " Paler is farther away.";
  return { svg, caption: `${rows.length} of ${formatNumber(samples.n)} configurations, ${how}.${depth} ${note}`.trim() };
}

/** Some configurations of the sample, and of the reference. */
export function configurationFigures(data: ReportData, particles: Particles): CaptionedFigure[] {
  const { samples, energies, reference } = data;
  const out = [view("Configurations, raw samples", 1, particles, samples, energies)];
  if (reference) {
    const label = reference.label ?? "exact draws";
    out.push(view(`Configurations, ${label}`, 2, particles, reference.x, reference.energies));
  }
  return out;
}

function distanceFigure({ sample, weighted, reference }: PairDistances, label: string): CaptionedFigure {
  const series: HistogramSeries[] = [{ label: "raw samples", values: sample, colour: 1, kind: "bar" }];
  if (weighted) series.push({ ...weighted, label: "weighted", colour: 4, kind: "line" });
  if (reference) series.push({ label, values: reference, colour: 2, kind: "line" });
  const { svg, note } = histogramFigure({
    title: "Distances between particles",
    xLabel: "distance (target's length unit)",
    yLabel: "density (1 / length)",
    series,
    trim: [0, 0.9995],
    focus: reference,
    bins: 100,
  });
  return { svg, caption: note };
}

function radialFigure({ r, sample, weighted, reference }: RadialData, { spatialDim }: Particles, label: string): CaptionedFigure {
  const curves = [
    ...(reference ? [{ label, x: r, y: reference.g }] : []),
    { label: "raw samples", x: r, y: sample.g },
    ...(weighted ? [{ label: "weighted", x: r, y: weighted.g }] : []),
  ];
  const { svg, note } = curveFigure({
    title: "Radial distribution g(r)",
    xLabel: "distance r (target's length unit)",
    yLabel: `particles around one (1 / length${spatialDim === 1 ? "" : spatialDim === 2 ? "²" : "³"})`,
    series: curves,
  });
  return {
    svg,
    caption: `Density of the other particles at distance r from one of them; a free cluster has no bulk to divide by. ${note}`,
  };
}

/** Histograms of distances and g(r), from what is there. */
export function particleDistributionFigures(data: ReportData, particles: Particles): CaptionedFigure[] {
  const label = data.reference?.label ?? "exact";
  const out: CaptionedFigure[] = [];
  if (data.pairDistances) out.push(distanceFigure(data.pairDistances, label));
  if (data.radialDistribution) out.push(radialFigure(data.radialDistribution, particles, label));
  return out;
}
