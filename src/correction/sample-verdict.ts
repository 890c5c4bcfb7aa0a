/**
 * One line that says whether a sample can be used raw, with its weights, or not, and why. Every rule is a row of `RULES`, every threshold a
 * number in `verdictThresholds`.
 */
import { checkInteger, checkNumber } from "../core/check.js";
import { exp } from "../core/elementary.js";
import type { EffectiveSize, GroupedSize } from "./islands.js";
import type { RawShift } from "./raw-shift.js";
import type { SplitHalves } from "./split-halves.js";

/** What is known of a sample; plain numbers. Absent, null and NaN figures are not judged, and keys that are not named here are not read. */
export interface SampleFacts {
  /** Rows. */
  readonly n: number;
  /** Rows that came out non-finite on the way, of n. */
  readonly nonFinite: number;
  readonly islands: number;
  /** Kish effective size of the rows' own weights. */
  readonly ess: EffectiveSize;
  /** Largest normalised weight. */
  readonly maxWeight: number;
  /** Rows at the noisiest level that the rows descend from: n without resampling. */
  readonly uniqueAncestors: number;
  /** N_eff from the variance over islands, or over rows that are independent; needed where rows share ancestors. */
  readonly effective?: Pick<GroupedSize, "value" | "fraction" | "limitedBy"> & Partial<Pick<GroupedSize, "over">>;
  /** Kish effective size of weights of whole paths without resampling: these rows', or the pilot's. */
  readonly pathEss?: EffectiveSize;
  /** The same of paths from target samples. */
  readonly forwardEss?: EffectiveSize;
  /** Share of n target samples whose paths weigh more than rows * Z, or rows^2 * Z where rows were resampled on the way: `unseenShare`. */
  readonly unseen?: { readonly share: number; readonly n: number };
  /** Standard deviation, kT, of the semigroup residual accumulated from the exact energy up to the last level that decides about rows, and to the lowest level. */
  readonly accumulatedResidual?: { readonly trusted?: number; readonly lowest?: number };
  readonly splitHalves?: SplitHalves;
  /** Pareto shape of the weights of independent rows. */
  readonly kHat?: number;
  /** What leaving out the weights does to the means of these rows: `rawShift`. */
  readonly rawShift?: RawShift;
  /** Rows that were then drawn by weight, where they are what is used. */
  readonly drawn?: number;
  /** Steps under a transport map that cannot be inverted there. */
  readonly notInvertible?: number;
}

/** Answer of `sampleVerdict`. */
export interface SampleVerdict {
  readonly use: "raw" | "weights" | "no";
  readonly line: string;
  /** Names of the rules that were broken, gravest first; empty unless use is "no". */
  readonly broken: readonly string[];
}

/**
 * Where the rules draw their lines. Held against 388 samples of mixtures with known truth (`npm run bench -- verdict`), which decided `rawShift`,
 * `rawShare`, `unseen` and `missingMode`, and left the others where they were: `splitHalves` (at most 3.7 there) and `residual` (at most .7) stopped nothing,
 * and without `kHat` three more samples pass, all usable.
 */
export const verdictThresholds = {
  /** Fewer rows cannot be judged, and fewer effective rows give means to worse than 14 % of a standard deviation. 100 would stop 12 more usable samples. */
  rows: 50,
  effective: 50,
  /** Least effective share of n: below, the tail of the weights has hardly been seen. */
  effectiveFraction: 0.01,
  /** Largest share of all weight on one row. */
  maxWeight: 0.1,
  /** Least ancestors, and their least share of n. */
  ancestors: 50,
  ancestorsFraction: 0.01,
  /** Largest share of rows that may fail: they count as weight zero, which is only right where the target has nothing. 3 of 24 between 1 and 20 % were wrong. */
  nonFiniteFraction: 0.01,
  /** Above it n must be at least 10^(1 / (1 - k)). */
  kHat: 0.7,
  /**
   * Largest share of target samples that the rows hardly see: all 19 samples that pass otherwise and lack a mode are above it. And, where it is not known, the largest ratio of
   * reverse to forward path ESS; one of 2 stopped 92 samples by itself, 74 of them usable, because a single weight rules the forward one.
   */
  unseen: 0.02,
  missingMode: 100,
  /** Largest disagreement of split halves, in standard errors: 7 of 6,000 comparisons of 8 against 8 islands of one sampler are above 4. */
  splitHalves: 4,
  /** Largest residual, kT, of a level that decides about rows. */
  residual: 3,
  /**
   * Largest bias of a raw mean, in its own standard errors, and the least effective share at which means tell it. Of 59, 86, 100 and 110 samples called raw
   * at 1, 1.5, 2 and 3, and not short of a mode, 0, 1, 4 and 7 were not.
   */
  rawShift: 1.5,
  rawShare: 0.5,
} as const;

interface Rule {
  readonly name: string;
  /** What is wrong, its figure and its threshold; undefined where nothing is. */
  check(facts: SampleFacts): string | undefined;
}

/** Four digits at most, as few as needed. */
function short(x: number): string {
  return Number.isFinite(x) ? String(Number(x.toPrecision(3))) : String(x);
}

function percent(fraction: number): string {
  return `${short(100 * fraction)} %`;
}

/** Recorded figures that are NaN or Infinity come back from JSON as null. */
function known(x: number | null | undefined): x is number {
  return typeof x === "number" && !Number.isNaN(x);
}

/** No row is the copy of another: then the rows' own weights tell what they are worth. */
function independent({ n, nonFinite, uniqueAncestors }: SampleFacts): boolean {
  return uniqueAncestors >= n - nonFinite;
}

/** The smallest of the effective sizes that hold for these rows, and its name. */
function effectiveSize({ n, ess, effective, islands }: SampleFacts): EffectiveSize & { readonly of: string } {
  const kish = { value: ess.value, n, fraction: ess.value / n, of: "Kish ESS of the weights" };
  if (!known(effective?.value) || effective.value > ess.value) return kish;
  const { value, limitedBy, over } = effective;
  const what = { logZ: "log Z", energy: "mean energy", position: "mean position" }[limitedBy];
  const groups = over === "rows" ? "independent rows" : `${islands} islands`;
  return { value, n, fraction: value / n, of: `N_eff, by the spread of ${what} over ${groups}` };
}

/** n from which means under weights of that Pareto shape can be trusted. */
function neededRows(kHat: number): number {
  return kHat < 1 ? exp(Math.LN10 / (1 - kHat)) : Infinity;
}

const LIMITS = verdictThresholds;

/** By the share of the target that is unseen where it is known; else by the effective sizes, which one weight can set far apart. */
function unseenMode(facts: SampleFacts): string | undefined {
  const { ess, unseen, forwardEss: forward } = facts;
  if (known(unseen?.share)) {
    if (unseen.share <= LIMITS.unseen) return undefined;
    const share = `${percent(unseen.share)} of ${unseen.n} target samples have paths that hardly a row took`;
    return `a part of the target is missing: ${share}, at most ${percent(LIMITS.unseen)} allowed`;
  }
  if (!independent(facts) || !known(forward?.fraction)) return undefined;
  const reverse = ess.value / facts.n;
  if (reverse <= LIMITS.missingMode * forward.fraction) return undefined;
  const figures = `reverse path ESS ${percent(reverse)} of ${facts.n}, forward ${percent(forward.fraction)} of ${forward.n}`;
  return `a part of the target is missing: ${figures}, and they may differ by a factor of ${LIMITS.missingMode}`;
}

/** Gravest first: the line names them in this order. */
const RULES: readonly Rule[] = [
  {
    name: "map",
    check: ({ notInvertible }) =>
      known(notInvertible) && notInvertible > 0
        ? `${notInvertible} steps met a transport map that cannot be inverted there, so its weights are wrong`
        : undefined,
  },
  {
    name: "rows",
    check: ({ n }) => (n < LIMITS.rows ? `n = ${n} rows are too few to judge, at least ${LIMITS.rows} needed` : undefined),
  },
  {
    name: "non-finite",
    check: ({ n, nonFinite }) =>
      nonFinite > LIMITS.nonFiniteFraction * n
        ? `${nonFinite} of ${n} rows came out non-finite, at most ${percent(LIMITS.nonFiniteFraction)} may`
        : undefined,
  },
  {
    name: "ancestors",
    check: ({ n, uniqueAncestors }) => {
      const least = Math.max(LIMITS.ancestors, LIMITS.ancestorsFraction * n);
      if (uniqueAncestors >= least) return undefined;
      const who = uniqueAncestors === 1 ? "a single ancestor" : `${uniqueAncestors} ancestors`;
      return `all ${n} rows descend from ${who}, at least ${short(least)} needed`;
    },
  },
  {
    name: "unknown",
    check: (facts) =>
      independent(facts) || known(facts.effective?.value)
        ? undefined
        : `rows share ancestors, and ${facts.islands} islands are too few to tell how many rows are independent: at least 8 needed`,
  },
  {
    name: "effective",
    check: (facts) => {
      const { value, fraction, of } = effectiveSize(facts);
      if (value >= LIMITS.effective && fraction >= LIMITS.effectiveFraction) return undefined;
      const least = `at least ${LIMITS.effective} and ${percent(LIMITS.effectiveFraction)} needed`;
      return `${short(value)} effective rows of ${facts.n} (${percent(fraction)}; ${of}), ${least}`;
    },
  },
  {
    name: "max-weight",
    check: ({ maxWeight, n }) =>
      maxWeight > LIMITS.maxWeight
        ? `one row of ${n} has ${percent(maxWeight)} of all weight, at most ${percent(LIMITS.maxWeight)} may`
        : undefined,
  },
  { name: "missing-mode", check: (facts) => unseenMode(facts) },
  {
    name: "tail",
    check: ({ kHat, n }) =>
      known(kHat) && kHat > LIMITS.kHat && n < neededRows(kHat)
        ? `the weights' tail is too heavy for n = ${n}: Pareto k-hat ${short(kHat)}, above ${LIMITS.kHat}, needs n >= ${short(neededRows(kHat))}`
        : undefined,
  },
  {
    name: "split-halves",
    check: ({ splitHalves, islands }) => {
      const { logZ, energy } = splitHalves ?? {};
      const worst = Math.max(known(logZ) ? logZ : 0, known(energy) ? energy : 0);
      if (worst <= LIMITS.splitHalves) return undefined;
      const what = worst === energy ? "mean energy" : "log Z";
      return `halves of the ${islands} islands disagree in ${what} by ${short(worst)} standard errors, at most ${LIMITS.splitHalves} allowed`;
    },
  },
  {
    name: "residual",
    check: (facts) => {
      const residual = facts.accumulatedResidual?.trusted;
      if (independent(facts) || !known(residual) || residual <= LIMITS.residual) return undefined;
      return `rows were chosen by learned energies that are off by ${short(residual)} kT, at most ${LIMITS.residual} allowed`;
    },
  },
];

function checkSize(call: string, name: string, size: EffectiveSize | null | undefined): void {
  if (size === null || typeof size !== "object") throw new TypeError(`${call}: ${name} must be { value, n, fraction }`);
  checkNumber(call, `${name}.value`, size.value, 0);
}

function checkFacts(call: string, facts: SampleFacts): void {
  if (facts === null || typeof facts !== "object") throw new TypeError(`${call}: facts must be an object`);
  checkInteger(call, "n", facts.n, 1);
  checkInteger(call, "nonFinite", facts.nonFinite, 0);
  checkInteger(call, "islands", facts.islands, 1);
  checkInteger(call, "uniqueAncestors", facts.uniqueAncestors, 0);
  checkNumber(call, "maxWeight", facts.maxWeight, 0, 1 + 1e-9);
  checkSize(call, "ess", facts.ess);
}

const MEANS = { energy: "the mean energy", coordinate: "the mean of a coordinate", square: "the mean square of a coordinate" };

/**
 * Bias of raw means in their own standard errors, n rows being independent or N_eff where they share ancestors, and what it is known from. The
 * means that `rawShift` looked at tell it where at least half of the rows are effective: their noise is then below one standard error. Without them
 * there is a bound. Leaving the weights out shifts the mean of any f by Cov(w, f) / mean w, at most sqrt(CV^2(w)) standard deviations of f (Cauchy
 * and Schwarz), CV^2 = n / ESS - 1; but it charges the noise that a path adds to its weight, which is no bias.
 */
function leftOut(facts: SampleFacts): { readonly shift: number; readonly what: string } {
  const { n, nonFinite, ess, forwardEss, rawShift } = facts;
  const own = independent(facts);
  const forward = own && known(forwardEss?.fraction) ? forwardEss.fraction : 1;
  const share = Math.min(ess.value / n, forward);
  const rows = own ? n - nonFinite : effectiveSize(facts).value;
  const bound = Math.sqrt(rows * Math.max(0, 1 / share - 1));
  const seen = known(rawShift?.value) && ess.value >= LIMITS.rawShare * n ? rawShift.value * Math.sqrt(rows) : Infinity;
  return rawShift && seen < bound
    ? { shift: seen, what: `${MEANS[rawShift.of]} is` }
    : { shift: bound, what: "some mean may be" };
}

/** The part that the lines of usable samples share. */
function worth(facts: SampleFacts): string {
  const { value, n, fraction, of } = effectiveSize(facts);
  const kin = independent(facts) ? "" : `, ${facts.uniqueAncestors} ancestors`;
  return `${short(value)} effective rows of ${n} (${percent(fraction)}; ${of}${kin})`;
}

/** What is said of a sample that breaks no rule. */
function usable(facts: SampleFacts): Pick<SampleVerdict, "use" | "line"> {
  const { drawn } = facts;
  if (known(drawn)) return { use: "raw", line: `Can be used raw: ${drawn} rows were drawn by weight; ${worth(facts)}.` };
  const { shift, what } = leftOut(facts);
  const by = `${what} off by ${short(shift)} of its standard errors, at most ${LIMITS.rawShift} allowed`;
  return shift <= LIMITS.rawShift
    ? { use: "raw", line: `Can be used raw: without weights ${by}; ${worth(facts)}.` }
    : { use: "weights", line: `Use with its weights: ${worth(facts)}; without them ${by}.` };
}

/**
 * Whether a sample can be used raw, with its weights, or not.
 *
 * "no": a rule is broken; the line names all that are, with figure, n and threshold. "raw": no mean that was looked at moves by more than
 * `verdictThresholds.rawShift` of its own standard errors when the weights are left out. "weights": everything else.
 *
 * Modes that no row, no pilot and no target sample has seen stay unseen: without `forwardEss` a verdict is about what was sampled.
 *
 * @throws TypeError / RangeError where n, nonFinite, islands, ess, maxWeight or uniqueAncestors is missing or impossible
 */
export function sampleVerdict(facts: SampleFacts): SampleVerdict {
  checkFacts("sampleVerdict", facts);
  const found = RULES.map(({ name, check }) => ({ name, why: check(facts) })).filter(({ why }) => why !== undefined);
  if (found.length === 0) return { ...usable(facts), broken: [] };
  const line = `Do not use this sample: ${found.map(({ why }) => why).join("; ")}.`;
  return { use: "no", line, broken: found.map(({ name }) => name) };
}
