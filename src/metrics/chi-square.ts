/** Quantiles of the chi-square distribution, for radii in d dimensions. */
import { exp, log } from "../core/elementary.js";

/** ln Gamma(a) for a multiple of 1/2, by the recursion from Gamma(1) = 1 or Gamma(1/2) = sqrt(pi). */
function logGammaOfHalves(a: number): number {
  let at = Number.isInteger(a) ? 1 : 0.5;
  let sum = at === 1 ? 0 : 0.5 * log(Math.PI);
  for (; at < a; at++) sum += log(at);
  return sum;
}

/** P(chi^2_d > x): one minus the series of the incomplete gamma function, or its continued fraction where that is small. */
export function chiSquareTail(x: number, d: number): number {
  if (x <= 0) return 1;
  const a = d / 2;
  const z = x / 2;
  const front = exp(a * log(z) - z - logGammaOfHalves(a));
  return z < a + 1 ? 1 - (front * series(a, z)) / a : front * continuedFraction(a, z);
}

function series(a: number, z: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= z / (a + k);
    sum += term;
  }
  return sum;
}

/** Lentz's evaluation of 1 / (z + 1 - a - 1 (1 - a) / (z + 3 - a - ...)). */
function continuedFraction(a: number, z: number): number {
  let b = z + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let k = 1; k < 10_000; k++) {
    const numerator = -k * (k - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return value;
}

/** x with P(chi^2_d > x) = tail, by bisection; relative error below 1e-12. d = 2 gives -2 ln(tail). */
export function chiSquareQuantile(tail: number, d: number): number {
  let low = 0;
  let high = d + 10;
  while (chiSquareTail(high, d) > tail) high *= 2;
  for (let k = 0; k < 100; k++) {
    const middle = (low + high) / 2;
    if (chiSquareTail(middle, d) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
