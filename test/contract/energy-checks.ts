/** What the interface `Energy` promises, as checks that return problems. */
import { type Batch, type Energy, energyByName, keyOf, normalRows } from "bnem";
import { type Checks, Problems, rowsOf, sameBits } from "../support/contract.js";
import { zOfMean } from "../support/z-scores.js";

export interface EnergySubject {
  readonly energy: Energy;
  /** Random points where the energy is finite and smooth. */
  readonly points: Batch;
  /** Bound of the f32 error of an energy of this size. */
  readonly roundoff: (energy: number) => number;
  /** Step of the differences; 1/32 unless the energy bends over less. */
  readonly step?: number;
  /** Draws of a known density near the target's, `widening` times as wide; by default made of its modes. */
  readonly proposal?: (widening: number, seed: number, n: number) => Proposal;
}

export interface Proposal {
  readonly x: Batch;
  readonly logDensity: (x: ArrayLike<number>, from: number) => number;
}

const doors = ["energy", "energyAndGradient"] as const;

function shapes({ energy, points }: EnergySubject): string[] {
  const p = new Problems();
  for (const n of [1, 2, points.n]) {
    const x = rowsOf(points, 0, n);
    const alone = energy.energy(x);
    const both = energy.energyAndGradient(x);
    p.say(alone instanceof Float32Array && alone.length === n, `energy of ${n} rows is no Float32Array [${n}]`);
    p.say(both.energy instanceof Float32Array && both.energy.length === n, `energyAndGradient: energy of ${n} rows`);
    p.say(both.gradient instanceof Float32Array && both.gradient.length === n * energy.dim, `gradient of ${n} rows`);
  }
  return p.list;
}

function description({ energy }: EnergySubject): string[] {
  const p = new Problems();
  p.say(energy.name.length > 0, "no name");
  p.say(Number.isInteger(energy.dim) && energy.dim > 0, `dim ${energy.dim}`);
  p.say(energy.convention.trim().length > 10 && /kT|unit/.test(energy.convention), `convention "${energy.convention}"`);
  return p.list;
}

function checkValue({ energy, roundoff }: EnergySubject): string[] {
  const { x, energy: stated } = energy.check;
  if (x.length !== energy.dim || !Number.isFinite(stated)) return [`check of ${x.length} coordinates, energy ${stated}`];
  const { energy: found, gradient } = energy.energyAndGradient({ data: Float32Array.from(x), n: 1, dim: energy.dim });
  // The batch holds the check's coordinates rounded to f32.
  const moved = x.reduce((sum, value, d) => sum + Math.abs(gradient[d] * (value - Math.fround(value))), 0);
  const off = Math.abs(found[0] - stated);
  return off <= roundoff(stated) + 2 * moved ? [] : [`check energy ${stated}, energy() says ${found[0]}`];
}

function sameEnergies({ energy, points }: EnergySubject): string[] {
  const p = new Problems();
  const all = energy.energy(points);
  const { energy: again, gradient } = energy.energyAndGradient(points);
  p.say(sameBits(all, again), "energy and energyAndGradient disagree in bits");
  p.say(sameBits(all, energy.energy(points)), "a second call gives other bits");
  for (const row of [0, 5, points.n - 1]) {
    const one = energy.energyAndGradient(rowsOf(points, row, row + 1));
    const own = gradient.subarray(row * energy.dim, (row + 1) * energy.dim);
    p.say(one.energy[0] === all[row] && sameBits(one.gradient, own), `row ${row} alone has other bits`);
  }
  return p.list;
}

/** Central differences of fourth order, all rows at once; step s in every coordinate. */
function differences(energy: Energy, x: Batch, d: number, s: number): Float64Array {
  const at = [-2, -1, 1, 2].map((k) => energy.energy({ ...x, data: x.data.map((v, i) => (i % x.dim === d ? v + k * s : v)) }));
  return Float64Array.from({ length: x.n }, (_, r) => (8 * (at[2][r] - at[1][r]) - (at[3][r] - at[0][r])) / (12 * s));
}

/**
 * Differences at steps s and 2 s differ by 15 times the finer one's truncation; roundings of E enter with weights of 1.5 / s and 0.75 / s,
 * f32 steps themselves with 2^-23 |x| / s of the slope.
 */
function gradients({ energy, points, roundoff, step: s = 1 / 32 }: EnergySubject): string[] {
  const p = new Problems();
  const { energy: e, gradient } = energy.energyAndGradient(points);
  for (let d = 0; d < energy.dim; d++) {
    const fine = differences(energy, points, d, s);
    const coarse = differences(energy, points, d, 2 * s);
    for (let r = 0; r < points.n; r++) {
      const i = r * energy.dim + d;
      const steps = (Math.abs(points.data[i] * gradient[i]) * 2 ** -22) / s;
      const bound = Math.abs(fine[r] - coarse[r]) + (2.5 * roundoff(e[r])) / s + steps + 1e-6 * Math.abs(gradient[i]);
      p.say(Math.abs(gradient[i] - fine[r]) <= bound, `row ${r}, coordinate ${d}: ${gradient[i]}, differences ${fine[r]}`);
    }
  }
  return p.list.slice(0, 3);
}

function refusals({ energy, points }: EnergySubject): string[] {
  const p = new Problems();
  const { dim } = energy;
  const spoiled = (value: number): Batch => ({ ...points, data: points.data.map((v, i) => (i === dim ? value : v)) });
  const wrong: [string, unknown, new (text: string) => Error, RegExp][] = [
    ["another dim", { data: new Float32Array(2 * (dim + 1)), n: 2, dim: dim + 1 }, RangeError, /dim/],
    ["too few numbers", { data: new Float32Array(2 * dim - 1), n: 2, dim }, RangeError, /x\.data/],
    ["no rows", { data: new Float32Array(0), n: 0, dim }, RangeError, /x\.n/],
    ["NaN", spoiled(Number.NaN), RangeError, /row 1, coordinate 0/],
    ["Infinity", spoiled(Infinity), RangeError, /row 1, coordinate 0/],
    ["f64 data", { data: new Float64Array(dim), n: 1, dim }, TypeError, /Float32Array/],
    ["a bare array", Array.from({ length: dim }, () => 0), TypeError, /Batch/],
    ["null", null, TypeError, /Batch/],
  ];
  for (const [what, x, kind, text] of wrong) {
    for (const door of doors) {
      const named = new RegExp(`\\b${door}: .*(?:${text.source})`);
      p.refuses(() => energy[door](x as Batch), kind, named, `${door} of ${what}`);
    }
  }
  return p.list;
}

function ownership({ energy, points }: EnergySubject): string[] {
  const p = new Problems();
  const data = points.data.slice();
  const x = { ...points, data };
  const first = energy.energyAndGradient(x);
  const kept = { energy: first.energy.slice(), gradient: first.gradient.slice() };
  const alone = energy.energy(x);
  const keptAlone = alone.slice();
  p.say(sameBits(data, points.data), "the input was written to");
  const other = { ...points, data: points.data.map((v) => v + 0.25) };
  energy.energy(other);
  energy.energyAndGradient(other);
  const untouched = sameBits(first.energy, kept.energy) && sameBits(first.gradient, kept.gradient) && sameBits(alone, keptAlone);
  p.say(untouched, "a later call wrote to an earlier result");
  first.energy.fill(0);
  p.say(sameBits(energy.energy(x), keptAlone), "writing to a result changes a later one");
  return p.list;
}

function rebuilt({ energy, points }: EnergySubject): string[] {
  if (energy.options === null) return [];
  const p = new Problems();
  const again = energyByName(energy.name, JSON.parse(JSON.stringify(energy.options)));
  p.say(again.name === energy.name && again.dim === energy.dim, `rebuilt as ${again.name} of dim ${again.dim}`);
  p.say(JSON.stringify(again.check) === JSON.stringify(energy.check), "rebuilt with another check value");
  p.say(sameBits(again.energy(points), energy.energy(points)), "rebuilt with other energies");
  return p.list;
}

function exactDraws({ energy }: EnergySubject): string[] {
  if (!energy.exact) return [];
  const { sample } = energy.exact;
  const p = new Problems();
  const x = sample(64, 5);
  p.say(x.n === 64 && x.dim === energy.dim && x.data.length === 64 * energy.dim, "shape of the draws");
  p.say(sameBits(x.data, sample(64, 5).data), "the same seed gives other draws");
  const rows = (batch: Batch) => Array.from({ length: batch.n }, (_, r) => String(rowsOf(batch, r, r + 1).data));
  const mine = new Set(rows(x));
  p.say(mine.size === 64, "a draw occurs twice");
  for (const seed of [0, 6, 2 ** 32 + 5, 2 ** 53 - 1]) {
    p.say(!rows(sample(64, seed)).some((row) => mine.has(row)), `seed ${seed} shares draws with seed 5`);
  }
  p.say(energy.energy(sample(2000, 7)).every(Number.isFinite), "a draw has no finite energy");
  p.refuses(() => sample(0, 1), RangeError, /sample: n/, "no draws");
  p.refuses(() => sample(2, -1), RangeError, /sample: seed/, "seed -1");
  p.refuses(() => sample(2, "1" as never), TypeError, /sample: seed/, "a seed of text");
  return p.list;
}

/** A proposal made of the target's modes, in f64: draws and log density. Weights alternate, so that wrong mode weights are seen. */
function proposalOfModes(energy: Energy, widening: number, seed: number, n: number): Proposal {
  const modes = energy.modes as NonNullable<Energy["modes"]>;
  const { dim } = energy;
  const { data } = modes.means;
  const tilted = Array.from(modes.weights, (w, k) => w * (k % 2 ? 0.6 : 1.4));
  const total = tilted.reduce((a, b) => a + b, 0);
  const weights = tilted.map((w) => w / total);
  const std = Array.from(modes.std, (s) => widening * s);
  const logDensity = (x: ArrayLike<number>, from: number) => {
    let sum = 0;
    weights.forEach((w, k) => {
      let square = 0;
      for (let d = 0; d < dim; d++) square += (x[from + d] - data[k * dim + d]) ** 2;
      sum += w * Math.exp(-square / (2 * std[k] ** 2)) * (2 * Math.PI * std[k] ** 2) ** (-dim / 2);
    });
    return Math.log(sum);
  };
  const noise = normalRows(keyOf(seed), 0, 0, n, dim).data;
  const x = { data: new Float32Array(n * dim), n, dim };
  for (let r = 0; r < n; r++) {
    // Stratified components: rows of one component are independent, and the mean over all is unbiased.
    let left = (r + 0.5) / n;
    let k = 0;
    while (k < weights.length - 1 && left >= weights[k]) left -= weights[k++];
    for (let d = 0; d < dim; d++) x.data[r * dim + d] = data[k * dim + d] + std[k] * noise[r * dim + d];
  }
  return { x, logDensity };
}

const DRAWS = 20_000;

/** Z = mean of exp(-E) / q over draws of q, whose tails are the wider ones. */
function partition({ energy, proposal }: EnergySubject): string[] {
  if (!energy.exact) return [];
  if (!energy.modes && !proposal) return ["exact draws but no modes: this check needs a proposal"];
  const { x, logDensity } = proposal ? proposal(1.2, 91, DRAWS) : proposalOfModes(energy, 1.2, 91, DRAWS);
  const e = energy.energy(x);
  const { logZ } = energy.exact;
  const z = zOfMean(
    Float64Array.from(e, (value, r) => Math.exp(-value - logZ - logDensity(x.data, r * x.dim))),
    1,
  );
  return Math.abs(z) < 6 ? [] : [`Z is not exp(logZ): z = ${z}`];
}

/** 1 = mean of q / p over the exact draws, q the narrower one. */
function lawOfDraws({ energy, proposal }: EnergySubject): string[] {
  if (!energy.exact) return [];
  const x = energy.exact.sample(DRAWS, 8);
  const { logDensity } = proposal ? proposal(0.85, 0, 1) : proposalOfModes(energy, 0.85, 0, 1);
  const e = energy.energy(x);
  const { logZ } = energy.exact;
  const z = zOfMean(
    Float64Array.from(e, (value, r) => Math.exp(value + logZ + logDensity(x.data, r * x.dim))),
    1,
  );
  return Math.abs(z) < 6 ? [] : [`exact draws do not have the density exp(-E) / Z: z = ${z}`];
}

/** At h = 0 the noised energy is the energy; at h > 0 its Boltzmann factor is the mean over the noise. */
function noisedForm({ energy, points, roundoff }: EnergySubject): string[] {
  if (!energy.noisedExact) return [];
  const p = new Problems();
  const { dim } = energy;
  const zero = energy.noisedExact(points, new Float32Array(points.n));
  const plain = energy.energyAndGradient(points);
  plain.energy.forEach((e, r) => {
    p.say(Math.abs(zero.energy[r] - e) <= 2 * roundoff(e), `h = 0, row ${r}: ${zero.energy[r]}, energy ${e}`);
  });
  const steepest = plain.gradient.reduce((a, g) => Math.max(a, Math.abs(g)), 0);
  const off = plain.gradient.map((g, i) => Math.abs(zero.score[i] + g));
  p.say(Math.max(...off) <= 1e-4 * (1 + steepest), "h = 0: the score is not minus the gradient");
  // A fifth of the narrowest length: in ten dimensions exp(-E) still varies by less than its mean.
  const h = 0.04 * Math.min(...(energy.modes?.std ?? [1])) ** 2;
  const K = 4096;
  for (const row of [1, 4]) {
    const at = rowsOf(points, row, row + 1);
    const truth = energy.noisedExact(at, Float32Array.of(h)).energy[0];
    const noise = normalRows(keyOf(row), 3, 0, K, dim).data;
    const y = { data: noise.map((eps, i) => at.data[i % dim] + Math.sqrt(h) * eps), n: K, dim };
    const z = zOfMean(
      Float64Array.from(energy.energy(y), (e) => Math.exp(truth - e)),
      1,
    );
    p.say(Math.abs(z) < 6, `h = ${h}, row ${row}: exp(-E_h) is not the mean of exp(-E), z = ${z}`);
  }
  return p.list.slice(0, 3);
}

/** The fused kernel's bookkeeping; that its numbers are those of the slow path is test/parity's. */
function fused({ energy, points }: EnergySubject): string[] {
  if (!energy.noised) return [];
  const p = new Problems();
  const variance = new Float32Array(points.n).fill(0.5);
  for (const quantity of ["energy", "score", "mean"] as const) {
    const ask = { x: points, variance, mcSamples: 8, mode: "iid", key: keyOf(3), quantity } as const;
    const result = energy.noised(ask);
    const vector = quantity === "score" ? result.score : result.mean;
    p.say(result.energy.length === points.n && result.energyCalls === 8 * points.n, `${quantity}: shape or energyCalls`);
    p.say(result.nonFinite === 0, `${quantity}: ${result.nonFinite} energies called non-finite`);
    p.say(quantity === "energy" ? !vector : vector?.length === points.data.length, `${quantity}: the vector`);
    p.say(sameBits(result.energy, energy.noised(ask).energy), `${quantity}: the same key gives other bits`);
    p.say(!sameBits(result.energy, energy.noised({ ...ask, key: keyOf(4) }).energy), `${quantity}: another key, same bits`);
  }
  return p.list;
}

/** A rotation by 1 radian in each plane of two axes, then the reflection of the first axis. */
function turned(v: readonly number[]): number[] {
  const out = [...v];
  for (let a = 0; a + 1 < v.length; a++) {
    const [p, q] = [out[a], out[a + 1]];
    out[a] = Math.cos(1) * p - Math.sin(1) * q;
    out[a + 1] = Math.sin(1) * p + Math.cos(1) * q;
  }
  return [-out[0], ...out.slice(1)];
}

type Move = (particles: number[][]) => number[][];

/** Motions of particles that change no energy, and what they make of a gradient. */
const symmetries: readonly (readonly [string, Move, Move])[] = [
  ["translation", (x) => x.map((v) => v.map((c, a) => c + 0.75 - 0.5 * a)), (g) => g],
  ["rotation and reflection", (x) => x.map(turned), (g) => g.map(turned)],
  ["permutation", (x) => [...x.slice(1), x[0]].reverse(), (g) => [...g.slice(1), g[0]].reverse()],
];

function moved(x: Batch, spatialDim: number, move: Move): Batch {
  const data = new Float32Array(x.data.length);
  for (let from = 0; from < data.length; from += x.dim) {
    const row = Array.from(x.data.subarray(from, from + x.dim));
    const particles = Array.from({ length: x.dim / spatialDim }, (_, i) => row.slice(i * spatialDim, (i + 1) * spatialDim));
    data.set(move(particles).flat(), from);
  }
  return { ...x, data };
}

/** Moved coordinates are rounded to f32, by up to 2^-23 of 8 units, which a gradient turns into energy. */
function particleSymmetries({ energy, points, roundoff }: EnergySubject): string[] {
  if (!energy.particles) return [];
  const p = new Problems();
  const { spatialDim, count } = energy.particles;
  p.say(count * spatialDim === energy.dim, `${count} particles in ${spatialDim} dimensions make no dim ${energy.dim}`);
  const { energy: e, gradient } = energy.energyAndGradient(points);
  const norms = Array.from(e, (_, r) => Math.hypot(...gradient.subarray(r * energy.dim, (r + 1) * energy.dim)));
  const shift = 8 * 2 ** -23 * Math.sqrt(energy.dim);
  for (const [name, move, moveGradient] of symmetries) {
    const found = energy.energyAndGradient(moved(points, spatialDim, move));
    const expected = moved({ ...points, data: gradient }, spatialDim, moveGradient).data;
    for (let r = 0; r < points.n; r++) {
      const bound = 2 * roundoff(e[r]) + 2 * shift * norms[r];
      p.say(Math.abs(found.energy[r] - e[r]) <= bound, `${name}, row ${r}: ${found.energy[r]}, before ${e[r]}`);
      const off = expected.subarray(r * energy.dim, (r + 1) * energy.dim).map((g, d) => g - found.gradient[r * energy.dim + d]);
      p.say(Math.hypot(...off) <= 1e-4 * (1 + norms[r]), `${name}, row ${r}: the gradient does not move along`);
    }
  }
  return p.list.slice(0, 3);
}

export const energyChecks = {
  shapes,
  description,
  "check value": checkValue,
  "same energies everywhere": sameEnergies,
  "gradient by differences": gradients,
  refusals,
  ownership,
  "options rebuild it": rebuilt,
  "exact draws": exactDraws,
  "log Z": partition,
  "law of the exact draws": lawOfDraws,
  "noised closed form": noisedForm,
  "fused kernel": fused,
  "symmetries of particles": particleSymmetries,
} satisfies Checks<EnergySubject>;
