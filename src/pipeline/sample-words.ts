/** What a sample is worth, in words: the same lines on a terminal, on a page and in a report. */
import { formatNumber } from "../report/text.js";
import type { CorrectionReport, SampleResult } from "./sample-result.js";

/** What there is to say about weights. */
export interface SampleWords {
  /** One line: whether to use it, and why. */
  readonly verdict: string;
  /** Names and texts, every effective size with what it is of and its n. */
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly notices: readonly string[];
}

type Size = { readonly value: number; readonly n: number; readonly fraction: number };

function outOf({ value, n, fraction }: Size): string {
  return `${formatNumber(value < 10 ? value : Math.round(value))} of ${formatNumber(n)} (${formatNumber(100 * fraction, 3)} %)`;
}

function methodOf({ method, transition, levels, rows, islands, resamplings }: CorrectionReport): string {
  if (method === "replica-exchange")
    return `${method}, ${transition} transition, ${levels} levels, ${formatNumber(rows)} rows of ${islands} chains`;
  const groups = islands === 1 ? "one island" : `${formatNumber(islands)} islands`;
  const resampled = method === "smc" ? `, ${formatNumber(resamplings, 3)} resamplings per island` : "";
  return `${method}, ${transition} transition, ${levels} levels, ${formatNumber(rows)} rows in ${groups}${resampled}`;
}

const LIMITS = { logZ: "log Z", energy: "the mean energy", position: "the mean position" };

function effectiveOf({ method, effective, islands }: CorrectionReport): string {
  if (method === "replica-exchange" && effective) return `${outOf(effective)}, from the autocorrelation of ${islands} chains`;
  if (!effective) return `not known from ${islands === 1 ? "one island" : `${islands} islands`}, 8 are needed`;
  const { over, groups, relativeError, limitedBy } = effective;
  const spread =
    over === "islands"
      ? `the variance over ${groups} islands, ± ${formatNumber(100 * relativeError, 2)} %`
      : "the variance over rows, which are independent";
  return `${outOf(effective)}, from ${spread}, limited by ${LIMITS[limitedBy]}`;
}

function pathEssOf({ pathEss, resamplings, pilot }: CorrectionReport): string | undefined {
  if (!pathEss) return undefined;
  return `${outOf(pathEss)}, ${resamplings > 0 ? `whole paths of the pilot, ${formatNumber(pilot.n)} rows without resampling` : "whole paths, without resampling"}`;
}

function trustedOf({ method, acceptance, trusted }: CorrectionReport): string | undefined {
  if (method !== "smc" && acceptance === undefined) return undefined;
  if (trusted.sigma === 0) return "no level: its learned energies decided about no row";
  return `σ = ${formatNumber(trusted.sigma)}, accumulated residual ${formatNumber(trusted.residual, 3)} kT`;
}

function splitOf({ splitHalves }: CorrectionReport): string | undefined {
  if (!splitHalves) return undefined;
  const { logZ, energy } = splitHalves;
  const rest = energy === undefined ? "" : `, mean energies ${formatNumber(energy, 2)}`;
  return `log Z ${formatNumber(logZ, 2)} standard errors apart${rest}`;
}

function forwardOf({ forward }: CorrectionReport): string | undefined {
  if (!forward) return undefined;
  const { ess, eubo, unseen } = forward;
  const words = `${outOf(ess)}, paths from draws of the target; mean log weight ${formatNumber(eubo.mean, 4)} ± ${formatNumber(eubo.error, 2)} (at least log Z)`;
  return unseen > 0 ? `${words}; the rows hardly see ${formatNumber(100 * unseen, 2)} % of them` : words;
}

function swapsOf({ exchange }: CorrectionReport): string | undefined {
  if (!exchange) return undefined;
  return `${formatNumber(100 * exchange.leastSwap, 2)} % accepted between the two levels that swap least, ${formatNumber(exchange.roundTrips)} trips down from the reference`;
}

function callsOf(all: number, pilot: number): string {
  return `${formatNumber(all)} rows${pilot > 0 ? `, ${formatNumber(pilot)} of them in the pilot` : ""}`;
}

/** What to say of a weighted sample; undefined for raw ones. */
export function sampleWords(sample: SampleResult): SampleWords | undefined {
  const { correction, verdict, ess, logZ, networkCalls, pilotCalls, energyCalls } = sample;
  if (!correction || !verdict || !ess) return undefined;
  const { ancestors, acceptance, pilot, essOf, notices } = correction;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["correction", methodOf(correction)],
    ["log Z", logZ && `${formatNumber(logZ.value)} ± ${formatNumber(logZ.standardError, 2)}`],
    ["N_eff", effectiveOf(correction)],
    ["path ESS", pathEssOf(correction)],
    ["forward ESS", forwardOf(correction)],
    ["ESS of the weights", essOf === "draws of chains" ? undefined : `${outOf(ess)}, Kish, ${essOf}`],
    ["unique ancestors", `${formatNumber(ancestors.unique)} of ${formatNumber(ancestors.n)}`],
    ["trusted up to", trustedOf(correction)],
    ["split halves", splitOf(correction)],
    ["swaps", swapsOf(correction)],
    ["acceptance of moves", acceptance === undefined || Number.isNaN(acceptance) ? undefined : formatNumber(acceptance, 3)],
    ["network calls", callsOf(networkCalls, pilotCalls)],
    ["energy calls", callsOf(energyCalls, pilot.energyCalls)],
  ];
  return {
    verdict: verdict.line,
    facts: facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined),
    notices,
  };
}

/** The same as lines of text; none for raw samples. */
export function sampleLines(sample: SampleResult): string[] {
  const words = sampleWords(sample);
  if (!words) return [];
  return [
    words.verdict,
    ...words.facts.map(([name, text]) => `${name}: ${text}`),
    ...words.notices.map((text) => `Note: ${text}.`),
  ];
}
