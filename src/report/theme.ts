/** Colours and type of figures and page: one palette safe for the common colour-vision deficiencies, in a light and a dark version. */

const LIGHT = `--paper:#ffffff;--ink:#1c2430;--muted:#5c6773;--rule:#d9dee5;--grid:#edf0f4;--well:#2f6f9f;--card:#f6f8fa;
--c1:#d1550b;--c2:#0f6fb4;--c3:#00855f;--c4:#a8407f;--c5:#8a6d00;--good:#00754f;--bad:#b3261e`;
const DARK = `--paper:#11161d;--ink:#e6ebf1;--muted:#9aa6b3;--rule:#333d49;--grid:#1f2731;--well:#5aa5d8;--card:#19212b;
--c1:#f5954f;--c2:#67b7ee;--c3:#46cfa2;--c4:#e58fc4;--c5:#e0c050;--good:#4fd3a4;--bad:#ff8a80`;

/** Rules shared by every figure; the classes are written by figure.ts and the figures beside it. */
const FIGURE = `
.fig{display:block;width:100%;height:auto;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.fig text{fill:var(--muted);font-size:11.5px}
.fig .title{fill:var(--ink);font-size:14px;font-weight:600}
.fig .label{fill:var(--ink);font-size:12px}
.fig .frame{fill:none;stroke:var(--rule)}
.fig .grid{stroke:var(--grid);stroke-width:1}
.fig .tick{stroke:var(--rule)}
.fig .s1{--c:var(--c1)} .fig .s2{--c:var(--c2)} .fig .s3{--c:var(--c3)} .fig .s4{--c:var(--c4)} .fig .s5{--c:var(--c5)}
.fig .s0{--c:var(--well)} .fig .s9{--c:var(--muted)}
.fig .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}
.fig .faint{fill:none;stroke:var(--c);stroke-width:1;stroke-opacity:.3}
.fig .dash{stroke-dasharray:5 4}
.fig .bar{fill:var(--c);fill-opacity:.38}
.fig .error{stroke:var(--c);stroke-width:1.2}
.fig .mark{fill:var(--c)}
.fig .dots{fill:none;stroke:var(--c);stroke-linecap:round;stroke-opacity:.5}
.fig .band{fill:var(--well);fill-opacity:.075;stroke:var(--well);stroke-opacity:.4;stroke-width:.6}
.fig .back{fill:var(--paper)}
.fig .ball{fill:var(--c);fill:color-mix(in srgb,var(--c) var(--near,100%),var(--paper));stroke:var(--paper);stroke-width:.8}
.fig .shine{fill:#fff;fill-opacity:.4}
.fig .bond{stroke:var(--muted);stroke-width:1.6;stroke-opacity:.7}
.fig .d0{--near:34%} .fig .d1{--near:42%} .fig .d2{--near:50%} .fig .d3{--near:59%} .fig .d4{--near:68%} .fig .d5{--near:78%} .fig .d6{--near:89%}
`;

/** CSS of figures inside a page that sets the colour variables. */
export const figureCss = FIGURE;

/** Both palettes as CSS variables on `scope`, following the reader's preference. */
export function paletteCss(scope: string): string {
  return `${scope}{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme: dark){${scope}{${DARK}}}
@media print{${scope}{color-scheme:light;${LIGHT}}}`;
}

/** The page around the figures. */
export const pageCss = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 56px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:18px;margin:36px 0 10px;padding-top:14px;border-top:1px solid var(--rule)}
h3{font-size:14px;margin:0 0 6px}
p{margin:6px 0;max-width:76ch}
.lede{color:var(--muted);margin:0 0 18px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:18px 0;padding:0;list-style:none}
.cards li{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
.cards b{display:block;white-space:nowrap;font-size:18px;font-weight:600;font-variant-numeric:tabular-nums}
.cards span{color:var(--muted);font-size:12.5px}
.verdict{background:var(--card);border-left:4px solid var(--c2);border-radius:0 8px 8px 0;padding:10px 16px;margin:12px 0}
.verdict ul{margin:4px 0;padding-left:18px}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));gap:20px;align-items:start}
figure{margin:0;border:1px solid var(--rule);border-radius:8px;padding:10px 10px 6px}
figcaption{color:var(--muted);font-size:12.5px;padding:2px 6px 4px}
.tables{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(320px,100%),1fr));gap:10px 32px;align-items:start;margin-bottom:18px}
.tables.wide{grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr))}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{color:var(--muted);font-weight:500;border-bottom-color:var(--rule)}
tbody th{font-weight:500}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.w{overflow-wrap:anywhere}
.good{color:var(--good);font-weight:600}
.bad{color:var(--bad);font-weight:600}
footer{margin-top:40px;color:var(--muted);font-size:12.5px}
@media print{main{padding:0}figure{break-inside:avoid}}
`;
