/** Part "unbalanced": mode fractions of learned mixtures with their standard errors, raw and weighted. A sampler that is short of training has raw fractions that are off. */
import { evaluate } from "bnem";
import { short } from "../support/report/columns.mjs";
import { figuresOf, orError } from "./figures.mjs";
import { modelOf } from "./models.mjs";

export const about = "Unbalanced mixtures: mode fractions, raw and weighted (2/3, 1/3, and GMM-40 with weights 1 to 40)";
const TASKS = ["two-modes", "two-modes-short", "gmm40-graded", "gmm40-graded-short"];
const SEED = 4_711;
/** Enough for an error of .004 in a fraction of 2/3. */
const ROWS = 16_000;

const kinds = {
  raw: { correction: "none" },
  weighted: {},
};

const plain = ({ modes, largest, chiSquare, n, effectiveSize, clusters }) => ({
  ...{ n, effectiveSize, clusters, largest, chiSquare },
  modes: modes.map(({ value, standardError, expected, z }) => ({ value, standardError, expected, z })),
});

async function fractions(task, seed, kind, { quick }) {
  const { sampler, energy, training } = await modelOf(task, seed, quick);
  const sample = await sampler.sample(quick ? 256 : ROWS, { ...(quick && { steps: 8 }), seed: 400 + seed, ...kinds[kind] });
  const { modeFractions } = await evaluate(sample, energy, { metrics: ["modesCovered"], seed: SEED });
  const found = plain(modeFractions.weighted ?? modeFractions.raw);
  return { training, fractions: found, ...(sample.correction && figuresOf(sample)) };
}

export function pieces({ seeds = [1] }) {
  return TASKS.flatMap((task) =>
    seeds.flatMap((seed) =>
      Object.keys(kinds).map((name) => ({ task, name, seed, make: (run) => orError(() => fractions(task, seed, name, run)) })),
    ),
  );
}

const passed = (ok) => (ok ? "reached" : "NOT REACHED");

function lineOf({ task, name, seed, training, fractions: found, error }) {
  if (error) return [task, name, String(seed), "", "", "", "", error];
  const { modes, largest, chiSquare, effectiveSize } = found;
  const worst = modes.findIndex(({ z }) => Math.abs(z) === largest);
  const { value, expected } = modes[worst];
  const isRaw = name === "raw";
  return [
    task,
    name,
    String(seed),
    short(training.seconds),
    short(effectiveSize),
    `${short(value)} for ${short(expected)}: ${short(largest)} errors`,
    `${short(chiSquare.value)} on ${chiSquare.degrees}, tail ${short(chiSquare.tail)}`,
    isRaw ? (largest > 5 ? "off by > 5" : "not off by 5") : `tail >= .01 ${passed(chiSquare.tail >= 0.01)}`,
  ];
}

export function lines(rows) {
  return [["task", "rows", "seed", "train s", "Kish", "worst mode", "chi-square", "bar"], ...rows.map(lineOf)];
}
