/** What a reference set says about itself: agreement of its chains, averages with their errors, and what it cost. */
import { freeDimension } from "../core/subspace.js";
import { Pace } from "../core/task.js";
import type { Batch, Energy, Json } from "../core/types.js";
import type { CallCounts, ChainRun } from "../mcmc/chains.js";
import { type ChainDiagnostic, chainDiagnostic } from "../mcmc/diagnostics.js";
import { worstOf } from "../mcmc/observables.js";
import { virials } from "../metrics/virial.js";

/** One observable over all rows made; null what cannot be said. Standard errors are corrected for autocorrelation. */
export interface ObservedMean {
  readonly mean: number;
  readonly std: number;
  readonly standardError: number | null;
  readonly splitRhat: number | null;
  /** Effective number of independent rows. */
  readonly ess: number | null;
  /** In rows of a chain. */
  readonly autocorrelationTime: number | null;
}

/** How good a reference set is, and what it cost: plain data, which its file holds. */
export interface ReferenceDiagnostics {
  /** Rows the numbers are of: those asked for, and the few more that equally long chains make. */
  readonly rows: number;
  /** "energy", and "pairDistance" for particles or "x0", "x1", ... for anything else. */
  readonly observables: { readonly [name: string]: ObservedMean };
  /** E[x . grad E] and the number of degrees of freedom, which it is for the true density. */
  readonly virial: ObservedMean & { readonly exact: number };
  /** Var E, kT^2: the heat capacity of the configurations in units of k. */
  readonly heatCapacity: { readonly value: number; readonly standardError: number | null };
  /** Largest of the observables, null where it is infinite, which `notice` says; and the smallest effective number of rows. */
  readonly splitRhat: number | null;
  readonly ess: number | null;
  /** Null for exact draws. */
  readonly acceptance: number | null;
  /** What the move says of itself: temperatures and swap rates, depths and divergences. */
  readonly details: { readonly [name: string]: Json };
  /** Chains that never moved after warm-up, and proposals refused because their energy was not finite. */
  readonly stuckChains: number;
  readonly nonFinite: number;
  /** Energies computed, alone and with gradient. */
  readonly calls: {
    readonly pilot: CallCounts;
    readonly warmup: CallCounts;
    readonly sampling: CallCounts;
    readonly checks: CallCounts;
  };
  readonly notice: string | null;
}

/** Above this split R-hat chains are said to disagree. */
const LARGE_RHAT = 1.05;
const CHUNK = 1024;
const NONE: CallCounts = { plain: 0, gradient: 0 };

/** The chains behind rows. */
export interface ChainsBehind {
  readonly run: ChainRun;
  readonly pilot?: ChainRun;
}

/** Who watches a long look at rows: energies computed so far go with it. */
export interface Watcher {
  readonly signal?: AbortSignal;
  readonly told: (done: number, total: number, energyCalls: number) => void;
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);

function observed({ mean, std, standardError, splitRhat, ess, autocorrelationTime }: ChainDiagnostic): ObservedMean {
  return {
    mean,
    std,
    standardError: known(standardError),
    splitRhat: known(splitRhat),
    ess: known(ess),
    autocorrelationTime: known(autocorrelationTime),
  };
}

/** Of independent rows. */
function independent(values: ArrayLike<number>): ObservedMean {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i] / n;
  let square = 0;
  for (let i = 0; i < n; i++) square += (values[i] - mean) ** 2;
  const std = Math.sqrt(square / Math.max(1, n - 1));
  const standardError = n > 1 ? std / Math.sqrt(n) : null;
  return { mean, std, standardError, splitRhat: null, ess: n, autocorrelationTime: 1 };
}

/** Energies [n] and x . grad E [n] of all rows. */
async function evaluated(energy: Energy, x: Batch, { signal, told }: Watcher, spent: number) {
  const { n, dim } = x;
  const pace = new Pace(signal);
  const energies = new Float32Array(n);
  const virial = new Float64Array(n);
  for (let from = 0; from < n; from += CHUNK) {
    await pace.breathe();
    const to = Math.min(n, from + CHUNK);
    const rows: Batch = { data: x.data.slice(from * dim, to * dim), n: to - from, dim };
    const found = energy.energyAndGradient(rows);
    energies.set(found.energy, from);
    virial.set(virials({ x: rows, energies: found.energy }, found.gradient, energy), from);
    told(to, n, spent + to);
  }
  return { energies, virial };
}

function sameRow({ data, dim }: Batch, a: number, b: number): boolean {
  for (let k = 0; k < dim; k++) if (data[a * dim + k] !== data[b * dim + k]) return false;
  return true;
}

/** Chains that are where they were at their first draw. Energies alone do not tell: on a plateau they are equal everywhere. */
function stuckOf({ x, energy, chains, draws }: ChainRun): number {
  let stuck = 0;
  for (let c = 0; c < chains; c++) {
    let d = 1;
    while (d < draws && energy[d * chains + c] === energy[c] && sameRow(x, d * chains + c, c)) d++;
    if (d === draws) stuck++;
  }
  return stuck;
}

function noticeOf({ run, pilot }: ChainsBehind, stuck: number): string | undefined {
  const advice = "lengthen warmup, raise targetAcceptance, or take another move";
  if (stuck > 0) return `reference: ${stuck} of ${run.chains} chains never moved after warm-up; ${advice}`;
  const said = [run, pilot].map((each) => each?.notice).find((notice) => notice && !notice.startsWith("runChains:"));
  if (said) return said;
  const worst = worstOf(run.diagnostics);
  if (!worst || worst.splitRhat <= LARGE_RHAT) return undefined;
  return `reference: the chains disagree (split R-hat of ${worst.name} is ${worst.splitRhat.toFixed(3)}, effective size ${worst.ess.toFixed(0)}); use a longer warmup and a larger thin, or the move "tempering" with more replicas`;
}

function withoutChains(energies: Float32Array, virial: Float64Array, exact: number): ReferenceDiagnostics {
  const found = independent(energies);
  const square = independent(Float64Array.from(energies, (value) => (value - found.mean) ** 2));
  return {
    rows: energies.length,
    observables: { energy: found },
    virial: { ...independent(virial), exact },
    heatCapacity: { value: found.std ** 2, standardError: square.standardError },
    splitRhat: null,
    ess: energies.length,
    acceptance: null,
    details: {},
    stuckChains: 0,
    nonFinite: 0,
    calls: { pilot: NONE, warmup: NONE, sampling: NONE, checks: { plain: 0, gradient: energies.length } },
    notice: null,
  };
}

const added = (a: CallCounts, b: CallCounts): CallCounts => ({ plain: a.plain + b.plain, gradient: a.gradient + b.gradient });

/**
 * Diagnostics of rows in the order of their chains (row d chains + c is draw d of chain c), or of independent rows where there are none, and their
 * energies.
 */
export async function referenceDiagnostics(energy: Energy, x: Batch, chains: ChainsBehind | undefined, watcher: Watcher) {
  const spent = (chains?.run.energyCalls ?? 0) + (chains?.pilot?.energyCalls ?? 0);
  const { energies, virial } = await evaluated(energy, x, watcher, spent);
  const exact = freeDimension(energy);
  if (!chains) return { energies, diagnostics: withoutChains(energies, virial, exact) };
  const { run, pilot } = chains;
  const { mean, std } = run.diagnostics[0];
  const squares = chainDiagnostic(
    Float64Array.from(run.energy, (value) => (value - mean) ** 2),
    run.chains,
  );
  const stuckChains = stuckOf(run);
  const least = Math.min(...run.diagnostics.map(({ ess }) => ess).filter(Number.isFinite));
  const diagnostics: ReferenceDiagnostics = {
    rows: x.n,
    observables: Object.fromEntries(run.diagnostics.map((each) => [each.name, observed(each)])),
    virial: { ...observed(chainDiagnostic(virial, run.chains)), exact },
    heatCapacity: { value: std ** 2, standardError: known(squares.standardError) },
    splitRhat: known(worstOf(run.diagnostics)?.splitRhat ?? Number.NaN),
    ess: known(least),
    acceptance: run.acceptance,
    details: run.details,
    stuckChains,
    nonFinite: run.nonFinite + (pilot?.nonFinite ?? 0),
    calls: {
      pilot: pilot ? added(pilot.calls.warmup, pilot.calls.sampling) : NONE,
      ...run.calls,
      checks: { plain: 0, gradient: x.n },
    },
    notice: noticeOf(chains, stuckChains) ?? null,
  };
  return { energies, diagnostics };
}
