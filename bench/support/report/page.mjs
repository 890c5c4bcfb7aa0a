/** One page of tables and figures without scripts and without anything loaded from elsewhere. */
import { curvesCss } from "./curves.mjs";
import { escapeText } from "./text.mjs";

const css = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2430;--muted:#5c6773;--rule:#d9dee5;--grid:#edf0f4;--mcmc:#f1f5fb;--good:#00754f;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--paper:#11161d;--ink:#e6ebf1;--muted:#9aa6b3;--rule:#333d49;--grid:#1f2731;--mcmc:#18212e;--good:#4fd3a4;--bad:#ff8a80}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{padding:24px}p,ul{max-width:90ch}h1{font-size:24px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 6px;padding-top:14px;border-top:1px solid var(--rule)}h3{font-size:14px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px}th,td{text-align:right;padding:4px 12px 4px 0;border-bottom:1px solid var(--grid);vertical-align:top;white-space:nowrap;font-variant-numeric:tabular-nums}
th:first-child,td.words{text-align:left}thead th{color:var(--muted);font-weight:500;vertical-align:bottom}tbody th{font-weight:500}
small{display:block;color:var(--muted);font-size:11.5px}.floor td,.floor th{color:var(--muted);font-style:italic}.mcmc th,.mcmc td{background:var(--mcmc)}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}.small{color:var(--muted);font-size:12.5px}figure{margin:12px 0;max-width:660px}figcaption{color:var(--muted);font-size:12.5px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:14px}
`;

/** Everything a row's figures were made on, each machine once. */
function machines(rows) {
  const words = ({ processor, cores, system, node, bnem }) =>
    [processor, `${cores} cores`, system, `Node ${node}`, `bnem ${bnem}`].join(" · ");
  return [...new Set(rows.map(({ machine }) => words(machine)))];
}

/** @param body markup; `rows` name the machines */
export const wholePage = ({ title, heading, rows, body }) => `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${escapeText(title)}</title><style>${css}${curvesCss}</style></head><body><main>
<h1>${escapeText(heading)}</h1>
<p class="small">${machines(rows).map(escapeText).join("<br/>")}</p>
${body}
</main></body></html>
`;
