/** Step sizes tuned in warm-up to an acceptance, then frozen. */
import { exp, log } from "../core/elementary.js";
import { BnemError } from "../core/errors.js";

/**
 * A step size has collapsed below this share of the coordinates' size (f32 holds 6e-8 of them: near that a step goes nowhere, and is accepted),
 * or where it is hardly ever accepted in the second half of warm-up.
 */
const COLLAPSED = 1e-6;
const HARDLY = 0.1;

/** Gain of Robbins and Monro after move t of warm-up, 0 first. */
export function stepGain(t: number): number {
  return exp(-0.7 * log(1 + t / 20));
}

/**
 * Robbins and Monro 1951 on the logarithm: log s += g (acceptance - target) with g = (1 + t / 20)^-0.7, about 1 at first, so that a start
 * wrong by a factor of 10^4 is mended in 30 moves; what is kept is the mean of log s over the second half of warm-up (Polyak 1990).
 */
export class StepSizes {
  private readonly sums: Float64Array;
  private readonly accepted: Float64Array;
  private counted = 0;

  constructor(
    private readonly name: string,
    private readonly sizes: Float64Array,
    private readonly target: number,
    private readonly warmup: number,
  ) {
    this.sums = new Float64Array(sizes.length);
    this.accepted = new Float64Array(sizes.length);
  }

  /** After move `t` of warm-up, 0 first. */
  update(acceptance: Float64Array, t: number): void {
    const gain = stepGain(t);
    const late = t >= Math.floor(this.warmup / 2);
    if (late) this.counted++;
    this.sizes.forEach((size, group) => {
      const next = log(size) + gain * (acceptance[group] - this.target);
      this.sizes[group] = exp(next);
      if (!late) return;
      this.sums[group] += next;
      this.accepted[group] += acceptance[group];
    });
  }

  /** @param length size of the coordinates @throws BnemError("diverged") where a step size collapsed */
  freeze(length: number, nonFinite: number): void {
    this.sizes.forEach((_, group) => {
      const size = exp(this.sums[group] / this.counted);
      const acceptance = this.accepted[group] / this.counted;
      this.sizes[group] = size;
      if (size > COLLAPSED * length && acceptance > HARDLY * this.target) return;
      const found = `the step size of ${this.name} collapsed to ${size.toPrecision(2)} in warm-up`;
      const rates = `acceptance ${acceptance.toFixed(3)} where ${this.target} is aimed at, ${nonFinite} energies not finite`;
      const advice = "begin where the energy is low, check that its gradient is the gradient of its value, or lengthen warmup";
      throw new BnemError("diverged", `runChains: ${found} (${rates}); ${advice}`);
    });
  }
}
