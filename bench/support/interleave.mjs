/**
 * Interleaved rounds: every round gives every peer a slice of time, so that what else the machine does falls on all of them alike.
 * Medians with quartiles, and ratios formed within a round before their median is taken.
 */
import os from "node:os";
import { startPeer } from "./peer.mjs";

export const quick = process.env.BNEM_QUICK === "1";

const sorted = (values) => [...values].sort((a, b) => a - b);

/** Quantile by linear interpolation. */
export function quantile(values, share) {
  const list = sorted(values);
  const at = share * (list.length - 1);
  const low = Math.floor(at);
  return list[low] + (at - low) * ((list[low + 1] ?? list[low]) - list[low]);
}

export const median = (values) => quantile(values, 0.5);

const digits = (value) => Number(value.toPrecision(5));

export function summary(values) {
  return {
    median: digits(median(values)),
    quartiles: [digits(quantile(values, 0.25)), digits(quantile(values, 0.75))],
    least: digits(Math.min(...values)),
    samples: values.length,
  };
}

export const loadAverage = () => os.loadavg().map((load) => Math.round(load * 100) / 100);

/** Resolves to [{ name, label, ... , started }]; a peer that is missing keeps its row. */
async function startAll(peers, folder) {
  const rows = [];
  for (const [name, peer] of Object.entries(peers))
    rows.push({
      name,
      started: await startPeer(peer, folder),
      warmSteps: peer.settings.warmSteps ?? 0,
      ms: [],
      cpuMs: [],
      rounds: [],
    });
  return rows;
}

/** First values of every peer (checked by the caller), then steps until its code is hot and, where it tries things out, until it has chosen. */
async function warm(row, { firstValues, warmMs }) {
  const first = await row.started.run(firstValues);
  row.first = first.values;
  let typical = Math.min(...first.ms);
  let spent = first.ms.reduce((sum, ms) => sum + ms, 0);
  let steps = firstValues;
  while (spent < warmMs || steps < row.warmSteps) {
    const more = await row.started.run(Math.max(1, Math.min(50, Math.round(50 / typical))));
    typical = Math.min(typical, ...more.ms);
    steps += more.ms.length;
    spent += more.ms.reduce((sum, ms) => sum + ms, 0);
  }
  row.typical = typical;
}

/**
 * `peers`: name -> what peer.mjs makes. Options: `rounds`, `sliceMs` (time a peer gets in a round; at least one step), `patienceMs` (a
 * peer whose step is longer than a slice sits rounds out so as not to need more than this in all, but has three), `firstValues`, `warmMs`.
 * Resolves to rows { name, version, note, first, ms, cpuMs, rounds: [median ms | null] } or { name, missing, remedy }.
 */
export async function interleave(peers, folder, options) {
  const { rounds, sliceMs, patienceMs, check, profile } = options;
  const rows = await startAll(peers, folder);
  const present = rows.filter((row) => !row.started.missing);
  try {
    for (const row of present) await warm(row, options);
    check?.(present);
    for (let round = 0; round < rounds; round++) {
      // Rotated: the same neighbour before a peer in every round would leave it the same cache and clock.
      for (let i = 0; i < present.length; i++) {
        const row = present[(i + round) % present.length];
        const allowed = Math.max(Math.min(3, rounds), Math.min(rounds, Math.floor(patienceMs / row.typical)));
        if (Math.floor(((round + 1) * allowed) / rounds) === Math.floor((round * allowed) / rounds)) {
          row.rounds.push(null);
          continue;
        }
        const { ms, cpuMs } = await row.started.run(Math.max(1, Math.min(200, Math.round(sliceMs / row.typical))));
        row.ms.push(...ms);
        row.cpuMs.push(...cpuMs);
        row.rounds.push(median(ms));
      }
    }
    if (profile) for (const row of present) row.profile = await row.started.profile();
  } finally {
    for (const row of present) row.started.stop();
  }
  return rows;
}

/** Rows as they stand in a result: { peers: { name: ... }, ratios: { name: time over that of `own` } }. */
export function report(rows, own) {
  const peers = {};
  for (const { name, started, ms, cpuMs, profile, first } of rows) {
    if (started.missing) peers[name] = { missing: started.missing, remedy: started.remedy };
    else {
      const facts = { version: started.version, ...(started.note ? { note: started.note } : {}) };
      peers[name] = {
        ...facts,
        ms: summary(ms),
        cpuMs: cpuMs.length > 0 ? summary(cpuMs) : null,
        first,
        ...(profile ? { profile } : {}),
      };
    }
  }
  const base = rows.find((row) => row.name === own && !row.started.missing);
  const ratios = {};
  for (const row of rows) {
    if (!base || row === base || row.started.missing) continue;
    const pairs = row.rounds.flatMap((ms, round) =>
      ms === null || base.rounds[round] === null ? [] : [ms / base.rounds[round]],
    );
    ratios[row.name] = {
      ofMedians: digits(median(row.ms) / median(base.ms)),
      // A peer that times itself knows its wall time only.
      ofCpuTimes: row.cpuMs.length > 0 ? digits(median(row.cpuMs) / median(base.cpuMs)) : null,
      byRound: summary(pairs),
    };
  }
  return { peers, ratios };
}

/** One line per peer for the reader of the terminal. */
export function printRows(title, { peers, ratios }) {
  console.error(title);
  for (const [name, row] of Object.entries(peers)) {
    if (row.missing) console.error(`  ${name.padEnd(24)} missing: ${row.missing} (${row.remedy})`);
    else {
      const { median: middle, quartiles } = row.ms;
      const ratio = ratios[name]
        ? `${ratios[name].ofMedians.toFixed(2)} x (cpu ${ratios[name].ofCpuTimes?.toFixed(2) ?? "–"} x)`
        : "";
      console.error(
        `  ${name.padEnd(24)} ${middle.toFixed(3).padStart(11)} ms  [${quartiles.map((q) => q.toFixed(3)).join(" .. ")}]  cpu ${row.cpuMs?.median.toFixed(3) ?? "–"}  ${ratio}`,
      );
    }
  }
}
