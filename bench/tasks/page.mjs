/** tasks.html: the tables of all tasks on one page without scripts and without anything loaded from elsewhere. */
import { short } from "../support/report/columns.mjs";
import { curves } from "../support/report/curves.mjs";
import { wholePage } from "../support/report/page.mjs";
import { escapeText } from "../support/report/text.mjs";
import { writeWhole } from "../support/row-store.mjs";
import { literature } from "./literature.mjs";
import { cellOf, columnsOf, groups, nameOf, usualRow } from "./table.mjs";
import { taskNames } from "./targets.mjs";

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

/** @returns the file it wrote */
export function writePage(rows, file) {
  const tasks = taskNames.filter((task) => rows.some((row) => row.task === task));
  const sections = tasks.map((task) =>
    section(
      task,
      rows.filter((row) => row.task === task),
    ),
  );
  const heading = "bnem: learned samplers and Markov chains at equal energy calls";
  const body = `<p>Rows are sorted by energy W2 (unsquared, kT); medians over the seeds, and the range where there are several. Green: within the 95 % limit of exact draws at the same n.
Floors are those of exact draws or of the reference against itself at the same n, for weighted rows at their effective size.</p>
<ul><li><b>learns from MCMC</b>: the training buffer is brought to the target by Markov chains from the energy alone; it learns from MCMC samples and discovers no modes. Their calls are counted.</li>
<li><b>own samples</b>: the papers' loop, the buffer is fed by the sampler itself.</li>
<li><b>not trained</b>: the prior (tables of the pair energy, which are not counted as calls) or the network's Gaussian base; zero steps.</li>
<li><b>MCMC</b>: from a cold start, with at most the calls that the named training took, warm-up included, for all n rows; settings fixed beforehand.</li>
<li><b>raw</b>: no call of the energy while sampling, and no corrector move below the smallest trained sigma; the energies that the metrics read are not counted. <b>+ MALA</b>: 50 moves behind it, 40 of which tune the step.</li></ul>
${sections.join("\n")}`;
  writeWhole(file, wholePage({ title: "bnem: tables at equal energy calls", heading, rows, body }));
  return file;
}
