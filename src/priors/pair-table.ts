/**
 * The noised pair energy u_sigma(r) = -log E exp(-u(|r e + sqrt(2) sigma eps|)) as a table over r^2 and the noise, smooth (C1) in both, in
 * the layout of assembly/priors/pair-table.ts. The coordinate of the noise is c = log sqrt(sigma^2 + a^2), a = unit / 100: its first level is
 * sigma = 0, the pair energy itself. Value, derivative by r and derivative by log sigma are those of one interpolant.
 *
 * r runs from unit / 16 to 16 units, beyond which the energy goes on along its tangent in r^2; above sigma = 16 units it stands still.
 */
import { exp, log } from "../core/elementary.js";
import { PairNoise } from "./noised-pair.js";
import type { PairCurve } from "./pair-scale.js";

/** Intervals of r^2: 32 an octave. */
const INTERVALS = 512;
const FRACTION_BITS = 18;
const REACH = 16;
const LEVELS = 56;
/** Of the noise below which the levels stand close, in units. */
const OFFSET = 0.01;

/** Numbers of a level: per interval the cubics of energy and of its derivative by c. */
const LEVEL_FLOATS = 8 * INTERVALS;

export interface PairTable {
  readonly unit: number;
  readonly intervals: number;
  /** First and last r^2 inside, f32. */
  readonly least: number;
  readonly most: number;
  /** [levels][intervals][8]. */
  readonly levels: readonly Float32Array[];
  /** c of the first level, and from one to the next. */
  readonly start: number;
  readonly step: number;
}

interface Nodes {
  readonly energy: Float64Array;
  /** Derivatives by r^2, by c, and by both. */
  readonly slope: Float64Array;
  readonly noise: Float64Array;
  readonly both: Float64Array;
}

/** r^2 of the nodes: consecutive floats with only five bits of mantissa. */
function squaresOf(unit: number): Float64Array {
  const words = new Int32Array(Float32Array.of((unit * unit) / (REACH * REACH)).buffer);
  const first = words[0] >> FRACTION_BITS;
  const bits = Int32Array.from({ length: INTERVALS + 1 }, (_, i) => (first + i) << FRACTION_BITS);
  return Float64Array.from(new Float32Array(bits.buffer));
}

/** Derivatives of f at its nodes by the polynomial through five neighbors (Lagrange). */
function derivatives(x: Float64Array, f: Float64Array): Float64Array {
  const n = x.length;
  return f.map((_, i) => {
    const first = Math.min(Math.max(0, i - 2), n - 5);
    let sum = 0;
    for (let j = first; j < first + 5; j++) {
      if (j === i) continue;
      // Derivative at x_i of Lagrange's polynomial j; that of polynomial i follows from their sum being 1.
      let weight = 1 / (x[j] - x[i]);
      for (let k = first; k < first + 5; k++) if (k !== i && k !== j) weight *= (x[i] - x[k]) / (x[j] - x[k]);
      sum += weight * (f[j] - f[i]);
    }
    return sum;
  });
}

/** sigma = 0: the pair energy, and the heat equation for what noise will make of it. */
function firstLevel(curve: PairCurve, spatialDim: number, squares: Float64Array, offset: number): Nodes {
  const energy = new Float64Array(squares.length);
  const slope = new Float64Array(squares.length);
  const noise = new Float64Array(squares.length);
  squares.forEach((square, i) => {
    const r = Math.sqrt(square);
    const { first, second } = curve.slope(r);
    energy[i] = curve.energy(r);
    slope[i] = first / (2 * r);
    // u_v = u + v / 2 (u'' + (d - 1) u' / r - u'^2) + ..., v = 2 sigma^2, d sigma^2 / dc = 2 a^2.
    noise[i] = 2 * offset * offset * (second + ((spatialDim - 1) * first) / r - first * first);
  });
  return { energy, slope, noise, both: derivatives(squares, noise) };
}

function noisedLevel(pairs: PairNoise, squares: Float64Array, c: number, offset: number): Nodes {
  const energy = new Float64Array(squares.length);
  const slope = new Float64Array(squares.length);
  const noise = new Float64Array(squares.length);
  const whole = exp(2 * c);
  const variance = 2 * (whole - offset * offset);
  squares.forEach((square, i) => {
    const r = Math.sqrt(square);
    const at = pairs.at(r, variance);
    energy[i] = at.energy;
    slope[i] = at.slope / (2 * r);
    noise[i] = 4 * whole * at.variance;
  });
  return { energy, slope, noise, both: derivatives(squares, noise) };
}

/**
 * On a wall the first level's derivative holds over a small part of the interval only; limited to what leaves the cubic monotone
 * (Fritsch and Carlson 1980).
 */
function limited(first: Nodes, second: Nodes, squares: Float64Array, step: number): Nodes {
  const noise = first.noise.map((value, i) => {
    const most = (3 * (second.energy[i] - first.energy[i])) / step;
    return value * most <= 0 ? value : Math.sign(value) * Math.min(Math.abs(value), Math.abs(most));
  });
  return { ...first, noise, both: derivatives(squares, noise) };
}

/** Hermite's cubic on each interval as powers of the position in [0, 1). */
function cubics(squares: Float64Array, values: Float64Array, slopes: Float64Array, out: Float32Array, offset: number): void {
  for (let i = 0; i < INTERVALS; i++) {
    const width = squares[i + 1] - squares[i];
    const a = slopes[i] * width;
    const b = slopes[i + 1] * width;
    const rise = values[i + 1] - values[i];
    out.set([values[i], a, 3 * rise - 2 * a - b, a + b - 2 * rise], 8 * i + offset);
  }
}

/** Deterministic, the same bits on every runtime; 57 levels of 513 distances in about 0.4 s. */
export function pairTable(curve: PairCurve, spatialDim: 2 | 3): PairTable {
  const { unit } = curve;
  const squares = squaresOf(unit);
  const offset = OFFSET * unit;
  const start = log(offset);
  const step = log(REACH / OFFSET) / LEVELS;
  const noise = new PairNoise(curve, spatialDim);
  const nodes = Array.from({ length: LEVELS + 1 }, (_, level) =>
    level === 0 ? firstLevel(curve, spatialDim, squares, offset) : noisedLevel(noise, squares, start + level * step, offset),
  );
  nodes[0] = limited(nodes[0], nodes[1], squares, step);
  const levels = nodes.map((level) => {
    const records = new Float32Array(LEVEL_FLOATS);
    cubics(squares, level.energy, level.slope, records, 0);
    cubics(squares, level.noise, level.both, records, 4);
    return records;
  });
  const words = new Int32Array(Float32Array.of(squares[INTERVALS]).buffer);
  words[0]--;
  return { unit, intervals: INTERVALS, least: squares[0], most: new Float32Array(words.buffer)[0], levels, start, step };
}

/** Where a noise stands among the levels: weights as `collapsePairs` takes them. */
export interface LevelPlace {
  readonly low: number;
  readonly weights: Float32Array;
}

export function placeOf({ start, step, levels, unit }: PairTable, variance: number): LevelPlace {
  const offset = OFFSET * unit;
  const whole = variance + offset * offset;
  const place = (0.5 * log(whole) - start) / step;
  const last = levels.length - 1;
  if (place >= last) return { low: last - 1, weights: Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0) };
  const low = Math.min(last - 1, Math.max(0, Math.floor(place)));
  const t = Math.max(0, place - low);
  const rate = variance / whole / step;
  const rise = 6 * t * (1 - t) * rate;
  const weights = Float32Array.of(
    (1 + 2 * t) * (1 - t) * (1 - t),
    t * t * (3 - 2 * t),
    step * t * (1 - t) * (1 - t),
    step * t * t * (t - 1),
    -rise,
    rise,
    step * (1 - t) * (1 - 3 * t) * rate,
    step * t * (3 * t - 2) * rate,
  );
  return { low, weights };
}
