/**
 * What the portable bundles promise, checked on the output itself: no import of anything, no Node built-in behind a require, no
 * code made from strings. The same promises are exercised by test/runtime (strict CSP, V8 without code generation, Deno without
 * permissions); this scan fails earlier and names the place.
 */
const refused = [
  ["eval", /(?<![\w$.])eval\s*\(/g],
  ["Function constructor", /(?<![\w$.])(?:new\s+)?Function\s*\(/g],
  ["Function constructor", /new\s+Function\b/g],
  ["code from a string in a timer", /set(?:Timeout|Interval)\s*\(\s*["'`]/g],
  ["Node built-in", /["'`]node:[a-z_/]+["'`]/g],
  ["require of a module", /(?<![\w$.])require\s*\(\s*["'`]/g],
  ["dynamic import", /(?<![\w$.])import\s*\(/g],
  ["importScripts", /(?<![\w$.])importScripts\s*\(/g],
  ["process", /(?<![\w$.])process\s*\.\s*(?:env|versions|on|stdout|exit)\b/g],
];

function excerpt(code, at) {
  return code.slice(Math.max(0, at - 60), at + 80).replaceAll("\n", " ");
}

/** @throws Error naming the promise and the place. */
export function assertPortable(name, code, metafile) {
  const problems = [];
  for (const output of Object.values(metafile.outputs)) {
    for (const item of output.imports) problems.push(`imports ${item.path} (${item.kind})`);
  }
  for (const [what, pattern] of refused) {
    for (const match of code.matchAll(pattern)) problems.push(`${what}: …${excerpt(code, match.index)}…`);
  }
  if (problems.length > 0) throw new Error(`dist/${name} would not be portable:\n  ${problems.join("\n  ")}`);
}
