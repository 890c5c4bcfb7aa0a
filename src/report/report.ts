/** A run as one self-contained HTML page: inline CSS and SVG, no script, nothing loaded from anywhere. */
import type { CaptionedFigure, ReportData } from "./report-data.js";
import { distributionFigures, sampleFigures, trainingFigures } from "./report-figures.js";
import { factTable, metricTable, modeFractionTable, optionTables, textTable, timingTable } from "./tables.js";
import { escapeText, formatNumber } from "./text.js";
import { figureCss, pageCss, paletteCss } from "./theme.js";

function figures(title: string, list: readonly CaptionedFigure[]): string {
  if (list.length === 0) return "";
  const items = list.map(({ svg, caption }) => {
    const text = caption.trim() ? `<figcaption>${escapeText(caption.trim())}</figcaption>` : "";
    return `<figure>${svg}${text}</figure>`;
  });
  return `<h2>${escapeText(title)}</h2><div class="figures">${items.join("\n")}</div>`;
}

function card(value: string, label: string): string {
  return `<li><b>${escapeText(value)}</b><span>${escapeText(label)}</span></li>`;
}

/** The few numbers a reader looks for first. */
function cards(data: ReportData): string {
  const { weighted } = data;
  const out = [card(formatNumber(data.samples.n), "samples")];
  if (weighted?.effective) {
    const { value, n } = weighted.effective;
    out.push(card(formatNumber(Math.round(value)), `N_eff of ${formatNumber(n)} weighted rows`));
  } else if (weighted?.essFraction !== undefined) {
    const { n } = weighted.samples;
    out.push(card(formatNumber(Math.round(weighted.essFraction * n)), `effective sample size (Kish) of ${formatNumber(n)}`));
  }
  if (weighted?.logZ) {
    const { value, standardError } = weighted.logZ;
    out.push(card(`${formatNumber(value, 2)} ± ${formatNumber(standardError, 2)}`, "log Z, with standard error"));
  }
  if (data.energyCalls !== undefined) out.push(card(formatNumber(data.energyCalls), "energy calls"));
  if (data.networkCalls !== undefined) out.push(card(formatNumber(data.networkCalls), "network calls"));
  if (data.seed !== undefined) out.push(card(String(data.seed), "seed"));
  return `<ul class="cards">${out.join("")}</ul>`;
}

function metrics(data: ReportData): string {
  const sets = data.metrics ?? [];
  if (sets.length === 0) return "";
  const about =
    "The floor is what exact samples (or parts of the reference) of the same size score against each other: its mean, with standard error. A value at its floor cannot be told from exact.";
  return `<h2>Metrics</h2><p>${about}</p><div class="tables wide">${sets.map(metricTable).join("\n")}</div>`;
}

function weights({ weightWords }: ReportData): string {
  if (!weightWords) return "";
  const { verdict, facts, notices } = weightWords;
  const lines = [verdict, ...notices].map((text) => `<p>${escapeText(text)}</p>`).join("");
  return `<h2>Weights</h2><div class="verdict">${lines}</div>${textTable("What the weights are worth", facts)}`;
}

function details(data: ReportData): string {
  const tables = [timingTable(data.timings), factTable("Machine", data.machine), factTable("Versions", data.versions)];
  const groups = [tables.join(""), optionTables(data.options, 3)].filter((group) => group !== "");
  return groups.length === 0 ? "" : `<h2>Run</h2>${groups.map((group) => `<div class="tables">${group}</div>`).join("\n")}`;
}

/**
 * The report as a complete HTML document (well-formed XML too). Every text is escaped; figures whose data is absent are left out.
 * In other than two dimensions the first two coordinates are drawn and labelled as such; particles are drawn as such. Some 100 KB at 2,000 samples.
 */
export function renderReport(data: ReportData): string {
  const subject = [
    data.method ? `${data.method} on ${data.energyName}` : data.energyName,
    data.particles
      ? `${data.particles.count} particles in ${data.particles.spatialDim} dimensions`
      : data.dim === 1
        ? "1 dimension"
        : `${data.dim} dimensions`,
    ...(data.created ? [data.created] : []),
  ];
  const notes = (data.notes ?? []).map((note) => `<p>${escapeText(note)}</p>`).join("");
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${escapeText(data.title)}</title>
<style>${paletteCss(":root")}${pageCss}${figureCss}</style></head>
<body><main>
<h1>${escapeText(data.title)}</h1>
<p class="lede">${escapeText(subject.join(" · "))}</p>
${cards(data)}
${notes}
${weights(data)}
${metrics(data)}
${data.modeFractions ? modeFractionTable(data.modeFractions) : ""}
${figures("Samples", sampleFigures(data))}
${figures("Distributions", distributionFigures(data))}
${figures("Training", trainingFigures(data))}
${details(data)}
<footer>Coordinates are in the target's own units, energies in kT, lower is likelier. Written by bnem.</footer>
</main></body></html>
`;
}
