/** Temperatures of parallel tempering, and how warm-up moves them. */
import { checkNumber } from "../core/check.js";
import { exp, log } from "../core/elementary.js";

/** 1 = t_0 < t_1 < ... geometrically to the hottest. */
export function geometricLadder(replicas: number, hottest: number): Float64Array {
  return Float64Array.from({ length: replicas }, (_, i) => exp((log(hottest) * i) / (replicas - 1)));
}

/** @throws TypeError / RangeError unless 1 = t_0 < t_1 < ... < infinity, two at least */
export function checkLadder(call: string, temperatures: readonly number[]): Float64Array {
  if (!Array.isArray(temperatures) || temperatures.length < 2) {
    throw new TypeError(`${call}: temperatures must be an array of two numbers or more, such as [1, 1.6, 2.5]`);
  }
  temperatures.forEach((value, i) => {
    checkNumber(call, `temperatures[${i}]`, value, 1, Number.MAX_VALUE);
    if (i === 0 && value !== 1) throw new RangeError(`${call}: temperatures must begin with 1, the target's own, got ${value}`);
    if (i > 0 && value <= temperatures[i - 1]) {
      const pair = `${temperatures[i - 1]} is followed by ${value}`;
      throw new RangeError(`${call}: temperatures must increase, but ${pair}; sort them and leave out doubles`);
    }
  });
  return Float64Array.from(temperatures);
}

/**
 * Temperatures between which, by linear interpolation of the refusals summed along the ladder, swaps are refused equally often; the ends
 * stay. Interpolated in log temperature.
 *
 * @param rates mean swap probability of each pair, [count - 1]
 * @see Syed et al. 2022, arXiv:1905.02939 (communication barrier)
 */
export function equalized(temperatures: Float64Array, rates: Float64Array): Float64Array {
  const count = temperatures.length;
  const barrier = new Float64Array(count);
  // A pair that is never refused still has a length, or the ladder would have no place for it.
  for (let i = 1; i < count; i++) barrier[i] = barrier[i - 1] + Math.max(1e-3, 1 - rates[i - 1]);
  const result = temperatures.slice();
  for (let i = 1, pair = 0; i < count - 1; i++) {
    const wanted = (barrier[count - 1] * i) / (count - 1);
    while (barrier[pair + 1] < wanted) pair++;
    const share = (wanted - barrier[pair]) / (barrier[pair + 1] - barrier[pair]);
    const [low, high] = [log(temperatures[pair]), log(temperatures[pair + 1])];
    result[i] = exp(low + share * (high - low));
  }
  return result;
}
