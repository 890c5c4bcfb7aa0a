/** Lines on logarithmic axes as inline SVG, each named at its right end, so that ten peers stay readable without a legend. */
import { scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { escapeText, number } from "./text.mjs";

const width = 640;
const height = 360;
const margin = { left: 62, right: 168, top: 14, bottom: 44 };
const labelHeight = 15;

/** Series of this package are drawn strong, each peer keeps its colour on the whole page. */
const colours = { bnem: 1, C: 2, JavaScript: 3, tfjs: 4, "jax-js": 5, torch: 6, SciPy: 7 };
const colourOf = (name) => colours[Object.keys(colours).find((word) => name.startsWith(word))] ?? 7;
const dashOf = (name) =>
  /2 threads|all cores/.test(name) ? "2 3" : /careful|plain/.test(name) ? "7 4" : /lattice|cpu|on tfjs/.test(name) ? "1 3" : "";

/** Label positions at least `labelHeight` apart, in the order of the line ends. */
function spread(ends) {
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  for (let i = 1; i < sorted.length; i++) sorted[i].y = Math.max(sorted[i].y, sorted[i - 1].y + labelHeight);
  const over = sorted.length > 0 ? sorted.at(-1).y - (height - margin.bottom) : 0;
  if (over > 0) {
    sorted.at(-1).y -= over;
    for (let i = sorted.length - 2; i >= 0; i--) sorted[i].y = Math.min(sorted[i].y, sorted[i + 1].y - labelHeight);
  }
  return sorted;
}

function axes(x, y, xs, { xLabel, yLabel }) {
  const [left, right] = x.range();
  const [bottom, top] = y.range();
  const rows = y
    .ticks(5)
    .filter((tick) => [1, 2, 5].includes(Number(tick.toExponential()[0])) || y.ticks(5).length < 4)
    .map(
      (tick) =>
        `<line class="grid" x1="${left}" x2="${right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text x="${left - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${number(tick)}</text>`,
    );
  const columns = xs.map(
    (tick) =>
      `<line class="grid" x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${top}" y2="${bottom}"/><text x="${x(tick).toFixed(1)}" y="${bottom + 17}" text-anchor="middle">${tick}</text>`,
  );
  return `${rows.join("")}${columns.join("")}
<text class="label" x="${(left + right) / 2}" y="${height - 8}" text-anchor="middle">${escapeText(xLabel)}</text>
<text class="label" transform="translate(14 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeText(yLabel)}</text>`;
}

/** The next 1, 2 or 5 times a power of ten that is at least `value`; and at most. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9));
}
const roundDown = (value) => 1 / roundUp(1 / value);

/** `series`: [{ name, points: [[x, y]], colour }], colours 1 to 8, by name where none is given; nothing to draw gives "". */
export function curves({ title, xLabel, yLabel, series }) {
  const drawn = series
    .map(({ name, points, colour = colourOf(name) }) => ({
      ...{ name, colour },
      points: points.filter(([px, py]) => px > 0 && py > 0),
    }))
    .filter(({ points }) => points.length > 1);
  if (drawn.length === 0) return "";
  const xs = [...new Set(drawn.flatMap(({ points }) => points.map(([px]) => px)))].sort((a, b) => a - b);
  const ys = drawn.flatMap(({ points }) => points.map(([, py]) => py));
  const x = scaleLog([xs[0], xs.at(-1)], [margin.left, width - margin.right]);
  const y = scaleLog([roundDown(Math.min(...ys)), roundUp(Math.max(...ys))], [height - margin.bottom, margin.top]);
  const path = line(
    ([px]) => x(px),
    ([, py]) => y(py),
  ).digits(1);
  const ends = spread(
    drawn.map(({ name, colour, points }) => ({ name, colour, end: y(points.at(-1)[1]), y: y(points.at(-1)[1]) })),
  );
  const labels = ends.map(({ name, colour, end, y: at }) => {
    const from = width - margin.right;
    return `<g class="k${colour}"><path class="lead" d="M${from + 2} ${end.toFixed(1)}L${from + 10} ${at.toFixed(1)}"/><text x="${from + 13}" y="${(at + 4).toFixed(1)}">${escapeText(name)}</text></g>`;
  });
  const lines = drawn.map(
    ({ name, colour, points }) =>
      `<g class="k${colour}${name === "bnem" ? " own" : ""}"><path class="line" stroke-dasharray="${dashOf(name)}" d="${path(points)}"/>${points.map(([px, py]) => `<circle cx="${x(px).toFixed(1)}" cy="${y(py).toFixed(1)}" r="2.6"/>`).join("")}</g>`,
  );
  return `<figure><svg class="curves" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(title)}">
${axes(x, y, xs, { xLabel, yLabel })}${lines.join("")}${labels.join("")}</svg><figcaption>${escapeText(title)}</figcaption></figure>`;
}

export const curvesCss = `
.curves{width:100%;height:auto;font:11.5px system-ui,sans-serif}
.curves text{fill:var(--muted)} .curves .label{fill:var(--ink)} .curves .grid{stroke:var(--grid)}
.curves .line{fill:none;stroke:var(--k);stroke-width:1.6} .curves circle{fill:var(--k)} .curves .own .line{stroke-width:3.2}
.curves .lead{stroke:var(--k);fill:none} .curves g text{fill:var(--k)}
.k1{--k:#d1550b} .k2{--k:var(--ink)} .k3{--k:#8a6d00} .k4{--k:#0f6fb4} .k5{--k:#00855f} .k6{--k:#a8407f} .k7{--k:#5c6773} .k8{--k:#7a4ad1}
`;
