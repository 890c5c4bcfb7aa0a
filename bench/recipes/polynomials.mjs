/**
 * Recipe of every polynomial in assembly/: `node bench/recipes/polynomials.mjs` prints coefficients and the largest errors.
 * Remez exchange on a dense grid, in f64. Nothing here is shipped; the printed numbers are copied into simd.ts and lattice.ts.
 */

function solve(a, b) {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let p = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(a[r][i]) > Math.abs(a[p][i])) p = r;
    [a[i], a[p]] = [a[p], a[i]];
    [b[i], b[p]] = [b[p], b[i]];
    for (let r = i + 1; r < n; r++) {
      const f = a[r][i] / a[i][i];
      for (let c = i; c < n; c++) a[r][c] -= f * a[i][c];
      b[r] -= f * b[i];
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let c = i + 1; c < n; c++) b[i] -= a[i][c] * b[c];
    b[i] /= a[i][i];
  }
  return b;
}

const horner = (c, x) => c.reduceRight((s, v) => s * x + v, 0);

/** Minimax of weight(x) * (target(x) - p(x)), p of degree n - 1. Returns [coefficients of powers of x, largest weighted error]. */
function remez(target, weight, low, high, n) {
  const grid = Array.from({ length: 4001 }, (_, i) => (low + high) / 2 - ((high - low) / 2) * Math.cos((Math.PI * i) / 4000));
  let points = Array.from({ length: n + 1 }, (_, i) => grid[Math.round((i * 4000) / n)]);
  const mid = (low + high) / 2;
  const half = (high - low) / 2;
  let scaled = [];
  let worst = 0;
  for (let round = 0; round < 40; round++) {
    const rows = points.map((x, i) => [
      ...Array.from({ length: n }, (_, k) => ((x - mid) / half) ** k),
      (i % 2 ? -1 : 1) / weight(x),
    ]);
    scaled = solve(rows, points.map(target)).slice(0, n);
    const error = grid.map((x) => weight(x) * (target(x) - horner(scaled, (x - mid) / half)));
    const peaks = [];
    for (let i = 0; i < grid.length; i++) {
      const last = peaks[peaks.length - 1];
      if (last !== undefined && Math.sign(error[i]) === Math.sign(error[last])) {
        if (Math.abs(error[i]) > Math.abs(error[last])) peaks[peaks.length - 1] = i;
      } else peaks.push(i);
    }
    while (peaks.length > n + 1) {
      if (Math.abs(error[peaks[0]]) < Math.abs(error[peaks[peaks.length - 1]])) peaks.shift();
      else peaks.pop();
    }
    worst = Math.max(...peaks.map((i) => Math.abs(error[i])));
    if (peaks.length < n + 1) break;
    points = peaks.map((i) => grid[i]);
  }
  // Powers of (x - mid) / half -> powers of x.
  const plain = new Array(n).fill(0);
  let power = [1];
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < power.length; j++) plain[j] += scaled[k] * power[j];
    const next = new Array(power.length + 1).fill(0);
    for (let j = 0; j < power.length; j++) {
      next[j] -= (power[j] * mid) / half;
      next[j + 1] += power[j] / half;
    }
    power = next;
  }
  return [plain, worst];
}

/** Upper tail of the standard normal by Simpson on exp(-t^2/2 - t x); relative error below 1e-11. */
function upperTail(x) {
  const steps = 300;
  const width = 9 / (1 + x / 4);
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const t = (width * i) / steps;
    sum += (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2) * Math.exp(-t * x - (t * t) / 2);
  }
  return (Math.exp((-x * x) / 2) * sum * (width / steps / 3)) / Math.sqrt(2 * Math.PI);
}

/** x with Q(x) = p for p <= 1/2, by Newton. */
function quantile(p) {
  let x = p > 0.4999 ? (0.5 - p) * Math.sqrt(2 * Math.PI) : Math.sqrt(Math.max(0.1, -1.6 * Math.log(2 * p)));
  for (let i = 0; i < 60; i++) {
    const tail = upperTail(x);
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    const step = (Math.log(tail / p) * tail) / density;
    x += step;
    if (Math.abs(step) < 1e-13 * (1 + x)) break;
  }
  return x;
}

function show(name, [c, worst]) {
  console.log(`${name}: largest error ${worst.toExponential(2)}`);
  console.log(`  f64 ${c.map((v) => v.toPrecision(17)).join(", ")}`);
  console.log(`  f32 ${c.map((v) => Math.fround(v).toPrecision(10)).join(", ")}`);
}

const LN2 = Math.LN2;
// 2^f = 1 + f q(f): exp(0) is exactly 1. Relative error.
show(
  "exp2 (1 + f q)",
  remez(
    (f) => (Math.abs(f) < 1e-9 ? LN2 : Math.expm1(f * LN2) / f),
    (f) => Math.abs(f) / 2 ** f + 1e-12,
    -0.5,
    0.5,
    5,
  ),
);
// e^r - 1 = r + r^2 q(r), |r| <= ln 2 / 2 and a little more. Relative error of e^r - 1.
const expRest = (r) => {
  if (Math.abs(r) > 0.02) return (Math.expm1(r) - r) / (r * r);
  let s = 1 / 5040;
  for (const next of [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2]) s = s * r + next;
  return s;
};
show(
  "exp (r + r^2 q)",
  remez(expRest, (r) => Math.abs(r) + 1e-6, -0.3468, 0.3468, 5),
);
// log(1 + f) = f - f^2/2 + f^3 q(f). Relative error.
const logRest = (f) => {
  if (Math.abs(f) > 0.02) return (Math.log1p(f) - f + (f * f) / 2) / f ** 3;
  let s = 0;
  for (let k = 14; k >= 3; k--) s = s * f + (k % 2 ? 1 : -1) / k;
  return s;
};
show(
  "log (f^3 q)",
  remez(logRest, (f) => f * f + 1e-4, Math.SQRT1_2 - 1, Math.SQRT2 - 1, 8),
);
// sin(pi/2 s) = s q(s^2), cos(pi/2 s) = q(s^2), s in [-1, 1]. Absolute error.
const sinRest = (v) => (v < 1e-12 ? Math.PI / 2 : Math.sin((Math.PI / 2) * Math.sqrt(v)) / Math.sqrt(v));
show(
  "sin",
  remez(sinRest, (v) => Math.sqrt(v) + 1e-3, 0, 1, 5),
);
show(
  "cos",
  remez(
    (v) => Math.cos((Math.PI / 2) * Math.sqrt(v)),
    () => 1,
    0,
    1,
    5,
  ),
);
// Phi^-1(p) = q P(w), q = 2p - 1, w = -log(4 p (1 - p)); beyond w = 6: in sqrt(w). Relative error.
const fromW = (w) => {
  const q = Math.sqrt(-Math.expm1(-w));
  return w < 1e-9 ? Math.sqrt(Math.PI / 2) : quantile(Math.exp(-w) / 2 / (1 + q)) / q;
};
show(
  "normal quantile, w < 6",
  remez(fromW, (w) => 1 / (1.25 + w / 4), 0, 6, 12),
);
show(
  "normal quantile, sqrt(w)",
  remez(
    (r) => fromW(r * r),
    (r) => 1 / r,
    Math.sqrt(6),
    5.6,
    11,
  ),
);
