/** Guard of the variance array that goes beside a Batch. */

/** @throws TypeError / RangeError unless a Float32Array [n] of finite variances >= 0, or > 0 where `positive`. */
export function checkVariance(call: string, variance: Float32Array, n: number, positive = false): void {
  if (!(variance instanceof Float32Array)) throw new TypeError(`${call}: variance must be a Float32Array [n]`);
  if (variance.length !== n) throw new RangeError(`${call}: variance must have one entry per row (${n}), got ${variance.length}`);
  for (let i = 0; i < n; i++) {
    const h = variance[i];
    if (!(h >= 0 && h < Infinity) || (positive && h === 0)) {
      throw new RangeError(`${call}: variance must be finite and ${positive ? "above 0" : ">= 0"}, got ${h} at row ${i}`);
    }
  }
}
