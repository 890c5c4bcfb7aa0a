/** Part "calls": energy calls per effective row of trained samplers and of Markov chains, and the n from which the training is paid back. */
import { evaluate, hmc, mala, runChains, tempering } from "bnem";
import { short } from "../support/report/columns.mjs";
import { targets } from "../tasks/targets.mjs";
import { figuresOf, orError } from "./figures.mjs";
import { energyOf, modelOf } from "./models.mjs";

export const about = "Energy calls per effective row, and the n at which the trained sampler pays";

/** Energy calls that a kind of chain may take before it is called stuck. */
const most = { gmm40: 2.5e7, gmm16: 1e8, dw4: 2e7, lj13: 2e7, lj55: 1.3e7, manywell32: 2.5e7 };
const CHAINS = 64;
/** Moves kept, and in warm-up; both and the thinning grow by GROWTH until the chains agree. */
const MOVES = { warmup: 400, steps: 800 };
const GROWTH = 4;
/** Chains agree below this split R-hat; what they then say of their own correlation is worth something. */
const AGREED = 1.05;

/** The moves of the equal-budget tables, and the calls of a step of one chain. */
const moves = {
  mala: (options) => ({ move: mala(options), cost: 1 }),
  hmc: ({ leapfrogs, leapfrogsOdd = leapfrogs, ...rest }) => ({
    move: hmc({ leapfrogs, leapfrogsOdd, ...rest }),
    cost: (leapfrogs + leapfrogsOdd) / 2,
  }),
  tempering: ({ leapfrogs, ...rest }) => ({
    move: tempering({ move: hmc({ leapfrogs, targetAcceptance: 0.8 }), ...rest }),
    cost: leapfrogs * rest.swapEvery * rest.replicas,
  }),
};

const callsOf = ({ plain, gradient }) => plain + gradient;

/** Modes that rows of all chains have reached: chains that all stay where they began agree too. */
async function covered(energy, { x }) {
  if (!energy.modes) return {};
  const each = Math.max(1, Math.floor(x.n / 4000));
  const n = Math.floor(x.n / each);
  const data = new Float32Array(n * x.dim);
  for (let row = 0; row < n; row++) data.set(x.data.subarray(row * each * x.dim, (row * each + 1) * x.dim), row * x.dim);
  const { metrics } = await evaluate({ data, n, dim: x.dim }, energy, { metrics: ["modesCovered"], seed: 4_711 });
  return { modes: metrics.modesCovered.value, ofModes: metrics.modesCovered.total };
}

async function chainCost(task, name, { quick }) {
  const energy = energyOf(task);
  const { move, cost } = moves[name](targets[task].chains[name]);
  for (let scale = 1; ; scale *= GROWTH) {
    const plan = { warmup: MOVES.warmup * scale, steps: MOVES.steps * scale, thin: scale };
    const began = performance.now();
    const run = await runChains(energy, { move, chains: CHAINS, ...plan, seed: 800 });
    const seconds = (performance.now() - began) / 1000;
    const known = run.diagnostics.filter(({ ess }) => Number.isFinite(ess));
    const least = known.reduce((a, b) => (a.ess <= b.ess ? a : b));
    const worstRhat = Math.max(...known.map(({ splitRhat }) => splitRhat));
    const found = await covered(energy, run);
    const mixed = worstRhat < AGREED && (found.modes ?? 0) === (found.ofModes ?? 0);
    const next = GROWTH * scale * (MOVES.warmup + MOVES.steps) * CHAINS * cost;
    if (!mixed && next <= most[task] && !quick) continue;
    const { calls, acceptance } = run;
    const sampling = callsOf(calls.sampling);
    return {
      ...{ mixed, worstRhat, ...found, limitedBy: least.name, ess: least.ess, draws: run.x.n, acceptance, ...plan },
      ...{ chains: CHAINS, warmupCalls: callsOf(calls.warmup), samplingCalls: sampling, perRow: sampling / least.ess, seconds },
    };
  }
}

async function samplerCost(task, { quick }) {
  const { sampler, training } = await modelOf(task, 1, quick);
  const sample = await sampler.sample(quick ? 256 : 2000, { seed: 900, ...(quick && { steps: 8 }) });
  const figures = figuresOf(sample);
  const effective = figures.effective?.value ?? Number.NaN;
  return { ...figures, training, perRow: figures.energyCalls / effective };
}

export function pieces() {
  return Object.keys(most).flatMap((task) => [
    ...Object.keys(moves).map((name) => ({ task, name, seed: 1, make: (run) => chainCost(task, name, run) })),
    { task, name: "trained sampler", seed: 1, make: (run) => orError(() => samplerCost(task, run)) },
  ]);
}

const trainCalls = ({ plain, gradient }) => plain + gradient;

function chainLine(row) {
  const modes = row.ofModes === undefined ? "" : `, ${row.modes} of ${row.ofModes} modes`;
  const words = `split R-hat ${row.worstRhat.toFixed(3)}${modes}, ESS ${short(row.ess)} (${row.limitedBy})`;
  return [
    row.task,
    row.name,
    row.mixed ? short(row.perRow) : `stuck (> ${short(row.warmupCalls + row.samplingCalls)} calls)`,
    "",
    short(row.warmupCalls),
    "0",
    row.mixed ? short((1000 * row.seconds * row.samplingCalls) / (row.samplingCalls + row.warmupCalls) / row.ess) : "",
    words,
  ];
}

/** training calls / (calls per effective row of the best chain - calls per effective row of the sampler) */
function payback(row, chains) {
  const mixed = chains.filter((chain) => chain.mixed);
  if (mixed.length === 0) return "pays: no chain mixes";
  const best = mixed.reduce((a, b) => (a.perRow <= b.perRow ? a : b));
  const gain = best.perRow - row.perRow;
  return gain > 0 ? `pays from n = ${short(trainCalls(row.training.calls) / gain)} (${best.name})` : `never pays (${best.name})`;
}

function samplerLine(row, chains) {
  if (row.error) return [row.task, row.name, "", "", "", "", "", row.error];
  const { training, perRow, effective, networkCalls, seconds } = row;
  const paid = trainCalls(training.calls);
  const network = networkCalls / effective.value;
  return [
    row.task,
    row.name,
    short(perRow),
    short(perRow + paid / effective.value),
    short(paid),
    short(network),
    short((1000 * seconds) / effective.value),
    `N_eff ${short(effective.value)} of ${row.rows}; ${payback(row, chains)}`,
  ];
}

export function lines(rows) {
  const head = [
    "task",
    "method",
    "calls per effective row",
    "with training, n = 2000",
    "training or warm-up calls",
    "network rows per effective row",
    "ms per effective row",
    "",
  ];
  const all = Object.keys(most).flatMap((task) => {
    const own = rows.filter((row) => row.task === task);
    const chains = own.filter(({ name }) => moves[name]);
    return [...chains.map(chainLine), ...own.filter(({ name }) => !moves[name]).map((row) => samplerLine(row, chains))];
  });
  return [head, ...all];
}
