/** Central differences of a function of one configuration, in f64. */

/**
 * d f / d x_j at x by (f(x + s) - f(x - s)) / 2s, s = step * max(1, |x_j|). x is restored. Error about s^2 f''' / 6 plus
 * rounding of f over s.
 */
export function centralDifference(f: (x: Float64Array) => number, x: Float64Array, j: number, step: number): number {
  const at = x[j];
  const s = step * Math.max(1, Math.abs(at));
  const above = at + s;
  const below = at - s;
  x[j] = above;
  const high = f(x);
  x[j] = below;
  const low = f(x);
  x[j] = at;
  return (high - low) / (above - below);
}

/** One coordinate where a gradient and the differences disagree. */
export interface GradientFault {
  readonly coordinate: number;
  readonly given: number;
  readonly differences: number;
}

/**
 * Compares a gradient with differences at two steps; their own disagreement (curvature, f32 rounding inside f) widens the
 * tolerance, so that only a wrong gradient fails. Returns the worst coordinate, or undefined.
 */
export function compareGradient(
  f: (x: Float64Array) => number,
  x: Float64Array,
  gradient: Float64Array,
): GradientFault | undefined {
  let worst: GradientFault | undefined;
  let excess = 1;
  for (let j = 0; j < x.length; j++) {
    const fine = centralDifference(f, x, j, 1e-4);
    const coarse = centralDifference(f, x, j, 2e-4);
    if (!Number.isFinite(fine) || !Number.isFinite(coarse)) continue;
    const tolerance = 1e-3 * (Math.abs(fine) + 1e-3) + 5 * Math.abs(fine - coarse);
    const ratio = Math.abs(gradient[j] - fine) / tolerance;
    if (!(ratio <= excess)) {
      excess = ratio;
      worst = { coordinate: j, given: gradient[j], differences: fine };
    }
  }
  return worst;
}
