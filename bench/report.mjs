/**
 * bench/results/*.json -> bench/results/report.html: one page without scripts and without anything loaded from elsewhere.
 * `npm run bench` ends with it; `node bench/report.mjs` makes it again.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { curvesCss } from "./support/report/curves.mjs";
import { order, section } from "./support/report/sections.mjs";
import { escapeText } from "./support/report/text.mjs";
import { resultsFolder } from "./support/results-folder.mjs";

const css = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2430;--muted:#5c6773;--rule:#d9dee5;--grid:#edf0f4;--card:#f6f8fa;--good:#00754f;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--paper:#11161d;--ink:#e6ebf1;--muted:#9aa6b3;--rule:#333d49;--grid:#1f2731;--card:#19212b;--good:#4fd3a4;--bad:#ff8a80}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 24px 60px}h1{font-size:25px;margin:0 0 4px}
h2{font-size:18px;margin:38px 0 4px;padding-top:14px;border-top:1px solid var(--rule)}h3{font-size:14px;margin:20px 0 4px}
.small,small{color:var(--muted);font-size:12.5px}small{display:block;font-weight:400;max-width:46ch}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{color:var(--muted);font-weight:500}tbody th{font-weight:500}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.own{background:var(--card)}.own th{font-weight:700}.missing{color:var(--muted)}.good{color:var(--good)}.bad{color:var(--bad)}.goals{max-width:860px;margin:10px 0 18px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr));gap:18px;margin:12px 0}
figure{margin:0;max-width:660px;border:1px solid var(--rule);border-radius:8px;padding:10px}figcaption{color:var(--muted);font-size:12.5px}
summary{cursor:pointer;margin:6px 0}`;

const rank = ({ bench }) => (order.includes(bench) ? order.indexOf(bench) : order.length);

function readResults() {
  return readdirSync(resultsFolder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(resultsFolder, file), "utf8")))
    .sort((a, b) => rank(a) - rank(b) || a.bench.localeCompare(b.bench, "en"));
}

/** Every peer that is missing anywhere, under what it lacks: { words: names }. */
function missingPeers(value, found = new Map()) {
  if (value === null || typeof value !== "object") return found;
  for (const [name, entry] of Object.entries(value)) {
    if (typeof entry?.missing !== "string") {
      missingPeers(entry, found);
      continue;
    }
    const words = `${entry.missing}${entry.remedy ? ` (${entry.remedy})` : ""}`;
    found.set(words, (found.get(words) ?? new Set()).add(name));
  }
  return found;
}

function page(results) {
  const latest = results.reduce((a, b) => (a.date > b.date ? a : b)).machine;
  const facts = [
    latest.processor,
    `${latest.cores} cores`,
    `${latest.memoryGiB} GiB`,
    latest.system,
    `Node ${latest.node}`,
    `bnem ${latest.bnem}`,
  ];
  const missing = [...missingPeers(results.map(({ result }) => result))];
  const list = missing.map(([words, names]) => `<li>${escapeText([...names].join(", "))}: ${escapeText(words)}</li>`).join("");
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>bnem: benchmarks</title><style>${css}${curvesCss}</style></head><body><main>
<h1>bnem: benchmarks</h1><p class="small">${escapeText(facts.join(" · "))}</p>
<p>Peers are measured in interleaved rounds of one run; a ratio is formed from medians of that run. Absolute times are this machine's, on the load given.</p>
${list ? `<p>Not measured here:</p><ul>${list}</ul>` : ""}
${results.map(section).join("\n")}
</main></body></html>
`;
}

const results = readResults();
if (results.length === 0) throw new Error("bench/results holds no result: run `npm run bench` first");
const file = join(resultsFolder, "report.html");
writeFileSync(`${file}.part`, page(results));
renameSync(`${file}.part`, file);
console.log(`-> ${file}`);
