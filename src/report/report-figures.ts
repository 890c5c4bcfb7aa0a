/** Which figures a report has, from the data that is there. */
import { curveFigure } from "./curve-figure.js";
import { type HistogramSeries, histogramFigure } from "./histogram-figure.js";
import { configurationFigures, particleDistributionFigures } from "./particle-figures.js";
import type { CaptionedFigure, ReportData } from "./report-data.js";
import { MAX_DOTS, multiplicities, samplesFigure } from "./samples-figure.js";
import { formatNumber } from "./text.js";

/** The sample in the plane: exact draws where they exist, raw, and resampled by weight. Particles as configurations. */
export function sampleFigures(data: ReportData): CaptionedFigure[] {
  const { samples, contour, dim, reference, weighted, particles } = data;
  if (particles) return configurationFigures(data, particles);
  if (dim < 2) return [];
  const plane = dim === 2;
  const suffix = plane ? "" : ", first two coordinates";
  const where = plane ? "" : `The first two of ${dim} coordinates; the others are not shown. `;
  const shown =
    samples.n > MAX_DOTS
      ? `${formatNumber(MAX_DOTS)} of ${formatNumber(samples.n)} samples.`
      : `${formatNumber(samples.n)} samples.`;
  const common = { contour: plane ? contour : undefined };
  const out: CaptionedFigure[] = [
    { svg: samplesFigure({ ...common, title: `Raw samples${suffix}`, samples, colour: 1 }), caption: `${where}${shown}` },
  ];
  if (weighted) {
    const multiplicity = multiplicities(weighted.logWeights, weighted.samples.n);
    const distinct = multiplicity.reduce((count, times) => count + (times > 0 ? 1 : 0), 0);
    out.push({
      svg: samplesFigure({
        ...common,
        title: `Resampled by weight${suffix}`,
        samples: weighted.samples,
        colour: 4,
        multiplicity,
      }),
      caption: `${where}${formatNumber(distinct)} distinct configurations of ${formatNumber(weighted.samples.n)} remain; the area of a dot is how often it was drawn.`,
    });
  }
  if (reference) {
    out.push({
      svg: samplesFigure({
        ...common,
        title: `${reference.label === undefined ? "Exact draws" : "Reference"}${suffix}`,
        samples: reference.x,
        colour: 2,
      }),
      caption: `${where}${formatNumber(reference.x.n)} ${reference.label === undefined ? "independent draws from the target itself" : "configurations of the reference"}.`,
    });
  }
  return out;
}

/** Energies of the sample beside the exact ones, and the log weights with their effective sample size. */
export function distributionFigures(data: ReportData): CaptionedFigure[] {
  const out: CaptionedFigure[] = [];
  const { energies, reference, weighted } = data;
  if (energies) {
    const series: HistogramSeries[] = [{ label: "raw samples", values: energies, colour: 1, kind: "bar" }];
    if (weighted) {
      series.push({ label: "weighted", values: weighted.energies, logWeights: weighted.logWeights, colour: 4, kind: "line" });
    }
    if (reference) series.push({ label: reference.label ?? "exact", values: reference.energies, colour: 2, kind: "line" });
    const { svg, note } = histogramFigure({
      title: "Energy",
      xLabel: "energy E (kT)",
      yLabel: "density (1 / kT)",
      series,
      trim: [0.001, 0.995],
      focus: reference?.energies,
    });
    out.push({ svg, caption: note });
  }
  if (data.particles) out.push(...particleDistributionFigures(data, data.particles));
  if (weighted) {
    const values = centred(weighted.logWeights);
    const { svg, note } = histogramFigure({
      title: "Importance weights",
      xLabel: "log weight − log mean weight",
      yLabel: "density",
      series: [{ label: "path weights", values, colour: 4, kind: "bar" }],
      trim: [0.005, 1],
    });
    const { essFraction, samples } = weighted;
    const size = (fraction: number) =>
      `Effective sample size ${formatNumber(Math.round(fraction * samples.n))} of ${formatNumber(samples.n)}. `;
    const ess = essFraction === undefined ? "" : size(essFraction);
    out.push({ svg, caption: ess + note });
  }
  return out;
}

/** Log weights less the log of their mean. */
function centred(logWeights: ArrayLike<number>): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logWeights.length; i++) if (logWeights[i] > top) top = logWeights[i];
  let total = 0;
  let count = 0;
  for (let i = 0; i < logWeights.length; i++) {
    if (Number.isNaN(logWeights[i])) continue;
    total += Math.exp(logWeights[i] - top);
    count++;
  }
  const mean = top + Math.log(total / count);
  return Float64Array.from(logWeights, (value) => value - mean);
}

/** Loss, gradient norm, calibration and the caller's own curves. */
export function trainingFigures(data: ReportData): CaptionedFigure[] {
  const out: CaptionedFigure[] = [];
  const { history, calibration } = data;
  if (history && history.loss.length > 0) {
    const x = history.step ?? Array.from(history.loss, (_, i) => i + 1);
    const common = { xLabel: "training step", logY: true };
    const smooth = { smooth: true };
    const faint = "Faint: single steps. Strong: running mean in logarithms.";
    const loss = curveFigure(
      { ...common, title: "Loss", yLabel: "loss", series: [{ label: "loss", x, y: history.loss }] },
      smooth,
    );
    out.push({ svg: loss.svg, caption: `${faint} ${loss.note}` });
    const series = [{ label: "gradient norm", x, y: history.gradientNorm }];
    const gradient = curveFigure({ ...common, title: "Gradient norm", yLabel: "global norm before clipping", series }, smooth);
    out.push({ svg: gradient.svg, caption: `${faint} ${gradient.note}` });
  }
  if (calibration) {
    const { sigma, meanExp, standardError } = calibration;
    const { svg, note } = curveFigure({
      title: "Calibration of the learned energy",
      xLabel: "noise standard deviation σ (length)",
      yLabel: "mean of exp(prediction − estimate)",
      logX: true,
      series: [{ label: "fresh draws", x: sigma, y: meanExp, standardError }],
      reference: { value: 1, label: "unbiased fit" },
    });
    out.push({
      svg,
      caption: `Needs no labels: exactly 1 at every noise level where the noised energy is learned without bias. ${note}`,
    });
  }
  for (const curve of data.curves ?? []) {
    const { svg, note } = curveFigure(curve, { markers: Math.max(...curve.series.map((series) => series.x.length)) <= 60 });
    out.push({ svg, caption: note });
  }
  return out;
}
