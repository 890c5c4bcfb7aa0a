/**
 * The paper's statements, each as a question to the rows: what was measured, and whether it agrees. Nothing here knows an answer.
 *
 * @see Grenioux and Noble 2026, arXiv:2601.21026
 */
import { short } from "../support/report/columns.mjs";
import { learnedNames } from "./learned.mjs";
import { untuned } from "./models.mjs";
import { along, leastEss, middle } from "./select.mjs";
import { cases, dials, nameOf } from "./targets.mjs";

const path = (transition, model = "exact") => ({ model, transition, corrector: "path" });
/** Below this share of the rows paths are of no use; above it they are. */
const USELESS = 0.1;
const USEFUL = 0.5;

/** Answers: { agrees: true, false, or undefined where rows are missing, words }. */
const unknown = { agrees: undefined, words: "rows are missing" };

function falls(rows, dial) {
  const lines = untuned.map((name) => ({ name, points: along(rows, dial, path(name), leastEss) }));
  if (lines.some(({ points }) => points.length < 2)) return unknown;
  const words = lines.map(({ name, points }) => `${name} ${points.map(([x, y]) => `${short(y)} at ${short(x)}`).join(", ")}`);
  const agrees = lines.every(({ points }) => points.at(-1)[1] < points[0][1] && points.at(-1)[1] < USELESS);
  return { agrees, words: words.join("; ") };
}

/** Least and largest over the targets of the exact model that have rows for every named transition. */
function overTargets(rows, names, judge) {
  const found = [...cases].flatMap((spec) => {
    const target = nameOf(spec);
    const shares = Object.fromEntries(names.map((name) => [name, middle(rows, { ...path(name), target }, leastEss)]));
    return Object.values(shares).includes(undefined) ? [] : [{ target, shares }];
  });
  return found.length === 0 ? unknown : judge(found);
}

const list = (found, words) => found.map((one) => `${one.target}: ${words(one)}`).join("; ");

function secondOrder(rows) {
  return overTargets(rows, [...untuned, "full"], (found) => {
    const best = ({ shares }) => Math.max(...untuned.map((name) => shares[name]));
    const repaired = found.filter((one) => one.shares.full >= USEFUL && one.shares.full > best(one));
    const bad = found.filter((one) => !repaired.includes(one));
    const words = `full covariance at least ${USEFUL} and above every untuned first-order step on ${repaired.length} of ${found.length} targets`;
    const rest = bad.length > 0 ? `; not on ${list(bad, (one) => short(one.shares.full))}` : "";
    return { agrees: repaired.length > found.length / 2, words: words + rest };
  });
}

function transport(rows) {
  return overTargets(rows, [...untuned, "map"], (found) => {
    const better = found.filter(({ shares }) => untuned.every((name) => shares.map > shares[name]));
    const cost = (name, target) => middle(rows, { ...path(name), target }, ({ calls, n }) => (calls.scores + calls.products) / n);
    const ratios = found.map(({ target }) => cost("map", target) / cost(untuned[0], target));
    const words = `above every untuned first-order step on ${better.length} of ${found.length} targets`;
    const dearer = `${short(Math.min(...ratios))} to ${short(Math.max(...ratios))} times their network rows`;
    return { agrees: better.length === found.length && Math.min(...ratios) > 1, words: `${words}; ${dearer}` };
  });
}

/** The best of all transitions on every target, learned beside exact. */
function struggles(rows) {
  const best = (model, target) => {
    const own = rows.filter((row) => !row.error && row.model === model && row.target === target && row.corrector === "path");
    const shares = own.filter(({ transition, process }) => transition !== "exact" && process === "ve").map(leastEss);
    return shares.length > 0 ? Math.max(...shares.filter(Number.isFinite)) : undefined;
  };
  const found = [...cases].flatMap((spec) => {
    const target = nameOf(spec);
    const exact = best("exact", target);
    return learnedNames.flatMap((model) => {
      const own = best(model, target);
      return own === undefined || exact === undefined ? [] : [{ model, target, own, exact }];
    });
  });
  if (found.length === 0) return unknown;
  const low = found.filter(({ own }) => own < USEFUL);
  const words = found.map(({ model, target, own, exact }) => `${model} on ${target} ${short(own)} (exact ${short(exact)})`);
  return {
    agrees: found.every(({ own, exact }) => own < exact) && low.length > found.length / 2,
    words: `best transition below ${USEFUL} in ${low.length} of ${found.length} cases: ${words.join("; ")}`,
  };
}

/** A level whose score is right within 10 % and whose density is worth less than half of its rows. */
const mismatched = ({ density, scoreError }) => scoreError < 0.1 && density < USEFUL;

function logDensity(rows) {
  const found = rows.filter(({ density }) => density);
  if (found.length === 0) return unknown;
  const words = learnedNames.flatMap((model) => {
    const own = found.filter((row) => row.model === model);
    if (own.length === 0) return [];
    const levels = own.flatMap(({ density }) => density);
    const least = Math.min(...levels.map((level) => level.density));
    const count = own.filter(({ density }) => density.some(mismatched)).length;
    return [
      `${model}: least share ${short(least)}, and on ${count} of ${own.length} targets a level whose score is right within 10 % has a density worth less than ${USEFUL}`,
    ];
  });
  return { agrees: found.filter(({ density }) => density.some(mismatched)).length > found.length / 2, words: words.join("; ") };
}

const claims = [
  {
    says: "Perfect model: untuned first-order stochastic steps fail systematically as the dimension grows.",
    dial: "dimension",
    ask: (rows) => falls(rows, "dimension"),
  },
  {
    says: "Perfect model: untuned first-order stochastic steps fail as modes move apart.",
    dial: "separation",
    ask: (rows) => falls(rows, "separation"),
  },
  { says: "Perfect model: steps with the posterior covariance repair most of it.", ask: secondOrder },
  {
    says: "Perfect model: first-order transport maps do better than first-order stochastic steps, and cost more.",
    ask: transport,
  },
  { says: "Learned models: every variant struggles.", ask: struggles },
  { says: "Learned models: the bottleneck is the log-density.", ask: logDensity },
];

/** What the rows say of the paper's statements: of all of them, or on the cases of one dial. @returns [{ says, agrees, words }] */
export function judged(rows, dial) {
  const targets = dial && new Set(dials[dial].cases.map(nameOf));
  const own = targets ? rows.filter(({ target }) => targets.has(target)) : rows;
  return claims.filter((claim) => !dial || !claim.dial || claim.dial === dial).map(({ says, ask }) => ({ says, ...ask(own) }));
}
