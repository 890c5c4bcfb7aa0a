/** Part "cost": weighted sampling beside raw sampling at as many levels, in turns, so that what else the machine does falls on all of them alike. */
import { median, short } from "../support/report/columns.mjs";
import { modelOf } from "./models.mjs";

export const about = "Cost of smc without moves at 64 levels, beside raw sampling at 64 steps (medians of interleaved rounds)";
const TASKS = ["gmm40", "dw4"];
const SIZES = [2000, 16_000];
const ROUNDS = 9;
const LIMIT = 1.5;

const ways = {
  smc: { correction: "smc" },
  path: { correction: "path" },
  raw: { correction: "none" },
  "raw, no corrector": { correction: "none", corrector: 0 },
};

async function timed(task, n, { quick }) {
  const { sampler } = await modelOf(task, 1, quick);
  const names = Object.keys(ways);
  const ms = Object.fromEntries(names.map((name) => [name, []]));
  const networkRows = {};
  for (let round = -1; round < (quick ? 1 : ROUNDS); round++) {
    // Rotated: the same neighbor before one of them in every round would leave it the same cache.
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + Math.max(0, round)) % names.length];
      const began = performance.now();
      const { networkCalls } = await sampler.sample(quick ? 64 : n, {
        steps: 64,
        seed: 1000 + round + 1,
        ...ways[name],
      });
      networkRows[name] = networkCalls;
      // The first round warms up.
      if (round >= 0) ms[name].push(performance.now() - began);
    }
  }
  return { n, ms, networkRows };
}

export function pieces() {
  return TASKS.flatMap((task) => SIZES.map((n) => ({ task, name: `n = ${n}`, seed: 1, make: (run) => timed(task, n, run) })));
}

const passed = (ok) => (ok ? "reached" : "NOT REACHED");

/** Ratios within a round before their median is taken. */
const ratio = (ms, name) => median(ms.smc.map((value, round) => value / ms[name][round]));

function lineOf({ task, name, ms, networkRows }) {
  const [all, plain] = [ratio(ms, "raw"), ratio(ms, "raw, no corrector")];
  const rows = networkRows.smc / networkRows["raw, no corrector"];
  return [
    task,
    name,
    ...Object.keys(ways).map((way) => short(median(ms[way]))),
    `${short(all)} x raw ${passed(all <= LIMIT)}`,
    `${short(plain)} x raw, no corrector ${passed(plain <= LIMIT)}`,
    short(rows),
  ];
}

export function lines(rows) {
  const head = [
    "task",
    "rows",
    ...Object.keys(ways).map((way) => `${way}, ms`),
    `<= ${LIMIT}`,
    `<= ${LIMIT}`,
    "network rows, ratio",
  ];
  return [head, ...rows.map(lineOf)];
}
