/** correction.html: the paper's statements beside what the rows say, a figure for every dial, and all rows. */
import { short } from "../support/report/columns.mjs";
import { curves } from "../support/report/curves.mjs";
import { wholePage } from "../support/report/page.mjs";
import { escapeText } from "../support/report/text.mjs";
import { judged } from "./claims.mjs";
import { columns, measured, nameOfRow } from "./columns.mjs";
import { learnedNames } from "./learned.mjs";
import { correctorNames } from "./measure.mjs";
import { modelNames, transitionsOf } from "./models.mjs";
import { along, forwardEss, reverseEss } from "./select.mjs";
import { dials } from "./targets.mjs";

const said = {
  true: '<b class="good">agrees</b>',
  false: '<b class="bad">does not agree</b>',
  undefined: "<b>not known</b>",
};

function claimList(rows, dial) {
  const lines = judged(rows, dial).map(
    ({ says, agrees, words }) => `<li>${escapeText(says)} ${said[String(agrees)]}<small>${escapeText(words)}</small></li>`,
  );
  return `<ul>${lines.join("")}</ul>`;
}

const shares = [
  ["reverse ESS/n of path weights", reverseEss],
  ["forward ESS/n of path weights", forwardEss],
];

/** A figure of lines by name along a dial. */
function lines(rows, dial, { title, yLabel, names, wanted, value }) {
  const series = names.map((name, k) => ({ name, points: along(rows, dial, wanted(name), value), colour: 1 + (k % 8) }));
  return curves({ title, xLabel: dials[dial].label, yLabel, series });
}

function dialFigures(rows, dial, model) {
  const path = (transition) => ({ model, transition, corrector: "path" });
  const common = { names: transitionsOf(model), wanted: path };
  return [
    ...shares.map(([yLabel, value]) => lines(rows, dial, { ...common, title: `${model} model: ${yLabel}`, yLabel, value })),
    lines(rows, dial, {
      ...common,
      title: `${model} model: network rows for one effective row`,
      yLabel: "network rows",
      value: ({ perEffective }) => perEffective?.network,
    }),
    lines(rows, dial, {
      title: `${model} model, variance-tuned step: effective rows by corrector`,
      yLabel: "N_eff / rows",
      names: correctorNames,
      wanted: (corrector) => ({ model, transition: "tuned", corrector }),
      value: ({ nEff, n }) => (nEff ? nEff.value / n : undefined),
    }),
    lines(rows, dial, {
      title: `${model} model, variance-tuned step: error of log Z by corrector`,
      yLabel: "|log Z|",
      names: correctorNames,
      wanted: (corrector) => ({ model, transition: "tuned", corrector }),
      value: ({ logZ }) => (logZ ? Math.abs(logZ.value) : undefined),
    }),
  ].join("");
}

function densityFigures(rows) {
  const found = rows.filter(({ density }) => density);
  const figure = (target, value, yLabel) =>
    curves({
      title: `${target}: ${yLabel}`,
      xLabel: "sigma",
      yLabel,
      series: learnedNames.map((model, k) => ({
        name: model,
        colour: 1 + k,
        points: (found.find((row) => row.model === model && row.target === target)?.density ?? []).map((level) => [
          Number(level.sigma.toPrecision(2)),
          value(level),
        ]),
      })),
    });
  const targets = [...new Set(found.map(({ target }) => target))];
  return targets
    .map(
      (target) =>
        figure(target, ({ density }) => density, "effective share of exact draws under the density") +
        figure(target, ({ scoreError }) => scoreError, "relative error of the score"),
    )
    .join("");
}

function table(rows) {
  const head = columns.map(({ title, about }) => `<th title="${escapeText(about)}">${escapeText(title)}</th>`).join("");
  const body = measured(rows).map(
    (row) =>
      `<tr><th>${escapeText(nameOfRow(row))}</th>${columns.map(({ value }) => `<td>${escapeText(short(value(row)))}</td>`).join("")}</tr>`,
  );
  return `<div class="scroll"><table><thead><tr><th></th>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** @returns markup of the whole page */
export function page(rows) {
  const failed = rows.filter(({ error }) => error).map((row) => `<li>${escapeText(`${nameOfRow(row)}: ${row.error}`)}</li>`);
  const sections = Object.keys(dials).flatMap((dial) => {
    const figures = modelNames.map((model) => dialFigures(rows, dial, model)).join("");
    return figures ? [`<h2>${escapeText(dial)}</h2>${claimList(rows, dial)}<div class="figures">${figures}</div>`] : [];
  });
  const densities = densityFigures(rows);
  const heading = "bnem: annealed correction of exact and learned diffusion models";
  const body = `<p>One dial at a time around two modes (2/3, 1/3) of variance .05 at -1 and 1 in every one of 8 coordinates; sigma geometric. Axes are logarithmic; a share below that of one row is drawn as that of one row.
The exact transition is the posterior itself: what it loses the reference loses.${rows.some(({ quick }) => quick) ? " <b>A quick run: no figure to keep.</b>" : ""}</p>
<h2>What the paper states, and what these rows say</h2>${claimList(rows)}
${sections.join("\n")}
${densities ? `<h2>Learned densities and scores at exact draws of each level</h2><div class="figures">${densities}</div>` : ""}
<h2>All rows</h2>${table(rows)}${failed.length > 0 ? `<p>Failed:</p><ul>${failed.join("")}</ul>` : ""}`;
  return wholePage({ title: "bnem: annealed correction", heading, rows, body });
}
