/** What every run along a path is given: levels in order, and where the reference is. */
import { checkNumber, checkPositive } from "../core/check.js";
import type { Particles } from "../core/types.js";
import { intervalOf, type Level } from "./levels.js";

/** @throws TypeError / RangeError unless two levels or more of increasing noise, of which only the first may have none */
export function checkLevels(call: string, levels: unknown): readonly Level[] {
  if (!Array.isArray(levels)) throw new TypeError(`${call}: levels must be an array; make one with explodingLevels(grid)`);
  if (levels.length < 2) throw new RangeError(`${call}: levels must hold at least 2, got ${levels.length}`);
  levels.forEach((level: Level, k) => {
    checkPositive(call, `levels[${k}].scale`, level?.scale);
    checkNumber(call, `levels[${k}].variance`, level.variance, k === 0 ? 0 : Number.MIN_VALUE, 1e36);
    if (k > 0 && !(intervalOf(level, levels[k - 1]).noise > 0)) {
      throw new RangeError(`${call}: level ${k} must be noisier than the one below it; pass variances in ascending order`);
    }
  });
  return levels;
}

/** Mean of the reference, where it is given. @throws TypeError / RangeError unless dim numbers and no particles */
export function checkMean(call: string, mean: unknown, dim: number, particles: Particles | undefined): Float64Array | undefined {
  if (mean === undefined) return undefined;
  if (particles) throw new RangeError(`${call}: priorMean is not for particles, whose center of mass is 0; leave it out`);
  if (!Array.isArray(mean) && !(mean instanceof Float64Array))
    throw new TypeError(`${call}: priorMean must be an array of numbers`);
  if (mean.length !== dim) throw new RangeError(`${call}: priorMean must have dim = ${dim} numbers, got ${mean.length}`);
  return Float64Array.from(mean, (value, i) => checkNumber(call, `priorMean[${i}]`, value, -1e18, 1e18));
}
