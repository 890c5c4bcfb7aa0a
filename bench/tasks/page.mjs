/** tasks.html: the tables of all tasks on one page without scripts and without anything loaded from elsewhere. */
import { curves, curvesCss } from "../support/report/curves.mjs";
import { escapeText } from "../support/report/text.mjs";
import { literature } from "./literature.mjs";
import { writeWhole } from "./store.mjs";
import { cellOf, columnsOf, groups, nameOf, usualRow } from "./table.mjs";
import { taskNames } from "./targets.mjs";
import { short } from "./text.mjs";

const css = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2430;--muted:#5c6773;--rule:#d9dee5;--grid:#edf0f4;--mcmc:#f1f5fb;--good:#00754f}
@media (prefers-color-scheme:dark){:root{--paper:#11161d;--ink:#e6ebf1;--muted:#9aa6b3;--rule:#333d49;--grid:#1f2731;--mcmc:#18212e;--good:#4fd3a4}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{padding:24px}p,ul{max-width:90ch}h1{font-size:24px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 6px;padding-top:14px;border-top:1px solid var(--rule)}h3{font-size:14px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px}th,td{text-align:right;padding:4px 12px 4px 0;border-bottom:1px solid var(--grid);vertical-align:top;white-space:nowrap;font-variant-numeric:tabular-nums}
th:first-child,td.words{text-align:left}thead th{color:var(--muted);font-weight:500;vertical-align:bottom}tbody th{font-weight:500}
small{display:block;color:var(--muted);font-size:11.5px}.floor td,.floor th{color:var(--muted);font-style:italic}.mcmc th,.mcmc td{background:var(--mcmc)}
.good{color:var(--good);font-weight:600}.small{color:var(--muted);font-size:12.5px}figure{margin:12px 0;max-width:660px}figcaption{color:var(--muted);font-size:12.5px}
`;

const cell = (text, extra = "") => `<td${extra}>${text}</td>`;

function valueCell(column, group) {
  const found = cellOf(column, group);
  if (!found) return cell("");
  const { value, range, error, floor, floorLimit, atFloor, exact } = found;
  const parts = [
    range && `${short(range[0])} to ${short(range[1])}`,
    exact === undefined && floor !== undefined && `floor ${short(floor)}, ${short(floorLimit)}`,
    exact !== undefined && `${error === undefined ? "" : `± ${short(error)}, `}expected ${short(exact)}`,
  ].filter(Boolean);
  const notes = parts.map((part) => `<small>${escapeText(part)}</small>`).join("");
  return cell(`<span${atFloor ? ' class="good"' : ""}>${escapeText(short(value))}</span>${notes}`);
}

function floorRow(columns, row) {
  if (!row) return "";
  const cells = columns.map(({ name, exact }) => {
    const found = name && row.metrics[name];
    if (!found) return cell("");
    return cell(
      exact
        ? escapeText(short(exact(row)))
        : `${escapeText(short(found.floor))}<small>≤ ${escapeText(short(found.floorLimit))}${found.n === row.n ? "" : `, n = ${found.n}`}</small>`,
    );
  });
  return `<tr class="floor"><th>exact draws or reference<small>mean of ${row.floorPairs} pairs, 95 % within</small></th>${cell("")}${cell("")}${cell(row.n)}${cells.join("")}</tr>`;
}

function groupRow(columns, group) {
  const { words, label, seeds } = nameOf(group);
  const [first] = group.rows;
  const seconds = first.effectiveSize === undefined ? "" : `<small>effective ${escapeText(short(first.effectiveSize))}</small>`;
  const cells = columns.map((column) => valueCell(column, group)).join("");
  return `<tr${label === "MCMC" ? ' class="mcmc"' : ""}><th>${escapeText(words)}</th>${cell(escapeText(label), ' class="words"')}${cell(escapeText(seeds))}${cell(`${first.n}${seconds}`)}${cells}</tr>`;
}

function printedTable(task) {
  const rows = literature.filter((entry) => entry.task === task);
  if (rows.length === 0) return "";
  const body = rows.map(
    ({ method, printed, source }) =>
      `<tr><th>${escapeText(method)}</th>${cell(escapeText(printed))}${cell(escapeText(source), ' class="words"')}</tr>`,
  );
  return `<h3>As printed by their sources, convention unverified</h3><p class="small">Energy W2, squared or not; other references, other n. Aims, not rows of the table above.</p><div class="scroll"><table>${body.join("")}</table></div>`;
}

/** Energy W2 of raw samples against the seconds of training, untrained left out: the axes are logarithmic. */
function curveFigure(task, rows) {
  const series = rows
    .filter(({ curve }) => curve?.length > 0)
    .map(({ method, seed, budget, curve, training, metrics }) => ({
      name: `${method}, ${budget}, seed ${seed}`,
      points: [
        ...curve.map((point) => [point.seconds, point.metrics.energyW2.value]),
        [training.seconds, metrics.energyW2.value],
      ].map(([x, y]) => [Number(x.toPrecision(3)), y]),
    }));
  return curves({
    title: `${task}: energy W2 of raw samples during training`,
    xLabel: "seconds of training",
    yLabel: "energy W2, kT",
    series,
  });
}

function section(task, rows) {
  const columns = columnsOf(rows);
  const all = groups(rows);
  const head = ["", "", "seeds", "n"].map((title) => `<th>${title}</th>`).join("");
  const titles = columns.map(({ title, about }) => `<th title="${escapeText(about)}">${escapeText(title)}</th>`).join("");
  const body = all.filter((group) => group.rows.length > 0).map((group) => groupRow(columns, group));
  const failed = all.flatMap((group) =>
    group.failed.map(({ seed, error }) => `<li>${escapeText(`${nameOf(group).words}, seed ${seed}: ${error}`)}</li>`),
  );
  return `<h2>${escapeText(task)}${rows.some(({ quick }) => quick) ? " (a quick run: no figure to keep)" : ""}</h2>
<div class="scroll"><table><thead><tr>${head}${titles}</tr></thead><tbody>${floorRow(columns, usualRow(rows))}${body.join("")}</tbody></table></div>
${failed.length > 0 ? `<p>Failed:</p><ul>${failed.join("")}</ul>` : ""}${curveFigure(task, rows)}${printedTable(task)}`;
}

function machines(rows) {
  const words = ({ processor, cores, system, node, bnem }) =>
    [processor, `${cores} cores`, system, `Node ${node}`, `bnem ${bnem}`].join(" · ");
  return [...new Set(rows.map(({ machine }) => words(machine)))];
}

/** @returns the file it wrote */
export function writePage(rows, file) {
  const tasks = taskNames.filter((task) => rows.some((row) => row.task === task));
  const sections = tasks.map((task) =>
    section(
      task,
      rows.filter((row) => row.task === task),
    ),
  );
  writeWhole(
    file,
    `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>bnem: tables at equal energy calls</title><style>${css}${curvesCss}</style></head><body><main>
<h1>bnem: learned samplers and Markov chains at equal energy calls</h1>
<p class="small">${machines(rows).map(escapeText).join("<br/>")}</p>
<p>Rows are sorted by energy W2 (unsquared, kT); medians over the seeds, and the range where there are several. Green: within the 95 % limit of exact draws at the same n.
Floors are those of exact draws or of the reference against itself at the same n, for weighted rows at their effective size.</p>
<ul><li><b>learns from MCMC</b>: the training buffer is brought to the target by Markov chains from the energy alone; it learns from MCMC samples and discovers no modes. Their calls are counted.</li>
<li><b>own samples</b>: the papers' loop, the buffer is fed by the sampler itself.</li>
<li><b>not trained</b>: the prior (tables of the pair energy, which are not counted as calls) or the network's Gaussian base; zero steps.</li>
<li><b>MCMC</b>: from a cold start, with at most the calls that the named training took, warm-up included, for all n rows; settings fixed beforehand.</li>
<li><b>raw</b>: no call of the energy while sampling, and no corrector move below the smallest trained sigma; the energies that the metrics read are not counted. <b>+ MALA</b>: 50 moves behind it, 40 of which tune the step.</li></ul>
${sections.join("\n")}
</main></body></html>
`,
  );
  return file;
}
