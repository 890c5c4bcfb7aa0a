/** One half of the islands against the other: two estimates that share nothing must agree within their own standard errors. */
import { log } from "../core/elementary.js";

/** Rows that share nothing with the rows of other groups: their number, sum of weights, and sum of weight times energy. */
export interface Group {
  readonly size: number;
  readonly mass: number;
  readonly moment: number;
}

/** |difference of two halves| over sqrt(e_1^2 + e_2^2), e the halves' jackknife standard errors. Near 1 where both are right. */
export interface SplitHalves {
  /** Infinity where one half has no weight at all. */
  readonly logZ: number;
  /** Of the mean energy, where energies were given. */
  readonly energy?: number;
}

type Statistic = (sums: Group) => number;

function total(groups: readonly Group[]): Group {
  const sum = { size: 0, mass: 0, moment: 0 };
  for (const { size, mass, moment } of groups) {
    sum.size += size;
    sum.mass += mass;
    sum.moment += moment;
  }
  return sum;
}

/** A statistic of all groups, and its variance (g - 1) / g sum (without group i - their mean)^2; infinite where one group is all there is. */
function jackknife(groups: readonly Group[], statistic: Statistic): { value: number; variance: number } {
  const count = groups.length;
  // Summed afresh: taking a group off the total would leave rounding where nothing is left.
  const without = groups.map((_, i) => statistic(total(groups.filter((_, other) => other !== i))));
  const mean = without.reduce((sum, value) => sum + value, 0) / count;
  const variance = ((count - 1) / count) * without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { value: statistic(total(groups)), variance: Number.isFinite(mean) ? variance : Infinity };
}

function disagreement(one: readonly Group[], other: readonly Group[], statistic: Statistic): number {
  const a = jackknife(one, statistic);
  const b = jackknife(other, statistic);
  if (!Number.isFinite(a.value) || !Number.isFinite(b.value)) return Infinity;
  const difference = Math.abs(a.value - b.value);
  return difference === 0 ? 0 : difference / Math.sqrt(a.variance + b.variance);
}

/** Islands of even number against islands of odd number: log Z, and with `energies` the mean energy. At least 4 islands. */
export function splitHalves(islands: readonly Group[], energies: boolean): SplitHalves {
  const even = islands.filter((_, i) => i % 2 === 0);
  const odd = islands.filter((_, i) => i % 2 === 1);
  const logZ = disagreement(even, odd, ({ mass, size }) => log(mass / size));
  return energies ? { logZ, energy: disagreement(even, odd, ({ moment, mass }) => moment / mass) } : { logZ };
}
