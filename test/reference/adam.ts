/** f64 twin of one step of the Adam kernel. */

export interface AdamNumbers {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly correction: number;
  readonly shrink: number;
  readonly emaDecay: number;
}

/** One parameter's numbers. */
export interface AdamLane {
  readonly p: number;
  readonly m: number;
  readonly v: number;
  readonly ema: number;
}

export function adamLane(lane: AdamLane, g: number, numbers: AdamNumbers): AdamLane {
  const { rate, beta1, beta2, epsilon, correction, shrink, emaDecay } = numbers;
  const m = beta1 * lane.m + (1 - beta1) * shrink * g;
  const v = beta2 * lane.v + (1 - beta2) * (shrink * g) ** 2;
  const p = lane.p - (rate * m) / (Math.sqrt(v * correction) + epsilon);
  return { p, m, v, ema: emaDecay * lane.ema + (1 - emaDecay) * p };
}
