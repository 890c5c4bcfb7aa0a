/**
 * What do Lennard-Jones energies, gradients and the fused noised estimator cost, beside the same algorithm in C at 128 bits and scalar JavaScript? One
 * thread, the kernels called directly, interleaved rounds; ratios from least times, which a busy machine disturbs least. Targets: fused estimators (relaxed)
 * at most 1.15 x C and 9 x faster than JavaScript, energy with gradient at most 1.2 x C, the plain build at most 1.4 x.
 */
import { readFileSync } from "node:fs";
import { energyByName, init, keyOf, perturb } from "bnem";
import { C_FLAGS, startProgram } from "./support/c-program.mjs";
import { loadAverage, median, quick } from "./support/interleave.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";
import { pairEnergy, pairEstimator } from "./support/scalar-pairs.mjs";

relaxedSimd();
await init();

const ROUNDS = quick ? 5 : 61;
const SIGMA = 0.05;
/** Rows, draws, and calls per sample: about 1 ms, a tenth of that in JavaScript's way of counting. */
const CASES = [
  { count: 13, n: 16, mcSamples: 256, rows: 512 },
  { count: 55, n: 8, mcSamples: 64, rows: 64 },
];
const WHAT = ["noisedEnergy", "noisedScore", "energy", "energyAndGradient"];

/** Configurations about the lattice of the energy's check point. */
function configurations(count, n) {
  const { check, dim } = energyByName(`lj${count}`);
  const data = Float32Array.from({ length: n * dim }, (_, i) => check.x[i % dim]);
  return perturb({ data, n, dim }, new Float32Array(n).fill(1e-3), keyOf(3), 0).data;
}

/** One build on a memory of its own; measure(what) -> ns per evaluation and the first row's energy. */
async function startKernels(name, { count, n, mcSamples, rows }, x) {
  const bytes = readFileSync(new URL(`../dist/${name}.wasm`, import.meta.url));
  if (!WebAssembly.validate(bytes)) return { missing: "this engine has no relaxed SIMD" };
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 32768 });
  const { exports } = (await WebAssembly.instantiate(bytes, { env: { memory } })).instance;
  const dim = 3 * count;
  const at = exports.reserve(4 * x.length);
  const energy = exports.reserve(4 * rows);
  const vector = exports.reserve(4 * rows * dim);
  const variance = exports.reserve(4 * n);
  const scratch = exports.reserve(Math.max(exports.noisedScratch(dim), exports.rowsScratch(dim)));
  const block = exports.reserve(64);
  const request = exports.reserve(64);
  const floats = new Float32Array(memory.buffer);
  const words = new Int32Array(memory.buffer);
  floats.set(x, at / 4);
  floats.fill(SIGMA * SIGMA, variance / 4, variance / 4 + n);
  // Overlay of assembly/pairs.ts: factor 2, slope -24, trap 1, rm^2 = 1.
  words.set([count, 3], block / 4);
  floats.set([2, -24, 1, 1, 0, 0, 0], block / 4 + 2);
  const calls = {
    noisedEnergy: () => exports.lennardJonesNoised(block, request, at, variance, n, energy, vector, scratch),
    noisedScore: () => exports.lennardJonesNoised(block, request, at, variance, n, energy, vector, scratch),
    energy: () => exports.lennardJonesRows(block, at, rows, energy, 0, scratch),
    energyAndGradient: () => exports.lennardJonesRows(block, at, rows, energy, vector, scratch),
  };
  return {
    measure(what) {
      words.set([0, what === "noisedScore" ? 1 : 0, mcSamples, 0, 1, 2, 0, 0], request / 4);
      const start = performance.now();
      calls[what]();
      const ms = performance.now() - start;
      return { ns: (ms * 1e6) / (what.startsWith("noised") ? n * mcSamples : rows), first: floats[energy / 4] };
    },
  };
}

function startC(flags, { count, n, mcSamples, rows }, x) {
  const fused = startProgram("pair_energies", flags);
  if (fused.missing) return fused;
  const plain = startProgram("pair_energies", flags);
  const dim = 3 * count;
  fused.tell(`${count} ${n}\n${Array.from(x.subarray(0, n * dim)).join("\n")}`);
  plain.tell(`${count} ${rows}\n${Array.from(x).join("\n")}`);
  return {
    compiler: fused.compiler,
    async measure(what) {
      const program = what.startsWith("noised") ? fused : plain;
      const [ns, first] = (await program.ask(`${WHAT.indexOf(what)} ${SIGMA} ${mcSamples} 1`)).split(" ").map(Number);
      return { ns, first };
    },
    stop() {
      fused.stop();
      plain.stop();
    },
  };
}

/** Scalar JavaScript; a tenth of the draws, for it takes ten times as long. */
function startScalar({ count, n, mcSamples, rows }, x) {
  const dim = 3 * count;
  const out = new Float64Array(n);
  const y = new Float64Array(dim);
  const gradient = new Float64Array(dim);
  const draws = Math.ceil(mcSamples / 8);
  const some = Math.ceil(rows / 8);
  const timed = (work, evaluations) => {
    const start = performance.now();
    const first = work();
    return { ns: ((performance.now() - start) * 1e6) / evaluations, first };
  };
  const all = (into) => () => {
    let first = 0;
    for (let r = some - 1; r >= 0; r--) {
      for (let d = 0; d < dim; d++) y[d] = x[r * dim + d];
      first = pairEnergy(y, count, into);
    }
    return first;
  };
  const measures = {
    noisedEnergy: () => timed(() => pairEstimator(x, n, count, SIGMA, draws, out), n * draws),
    energy: () => timed(all(null), some),
    energyAndGradient: () => timed(all(gradient), some),
  };
  return { measure: (what) => measures[what]?.() };
}

const least = (list) => Math.min(...list.map(({ ns }) => ns));

/** All peers agree on the first row's energy; the draws of kernels and C are the same numbers. */
function checkSame(what, samples) {
  const own = samples.relaxed ?? samples.plain;
  for (const [name, [{ first }]] of Object.entries(samples)) {
    if (name === "scalar" && what.startsWith("noised")) continue;
    const off = Math.abs(first - own[0].first);
    if (!(off < 1e-4 * (1 + Math.abs(first)))) throw new Error(`${what}: ${name} has ${first}, the kernels ${own[0].first}`);
  }
}

async function measureCase(one) {
  const x = configurations(one.count, Math.max(one.rows, one.n));
  const peers = {
    relaxed: await startKernels("kernels-relaxed", one, x),
    plain: await startKernels("kernels", one, x),
    c: startC([], one, x),
    cDividing: startC(["-mno-recip"], one, x),
    scalar: startScalar(one, x),
  };
  const names = Object.keys(peers).filter((name) => !peers[name].missing);
  const rows = {};
  for (const what of WHAT) {
    const samples = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = -20; round < ROUNDS; round++) {
      for (let i = 0; i < names.length; i++) {
        const name = names[(i + round + 20) % names.length];
        const sample = await peers[name].measure(what);
        if (sample && (round >= 0 || round < -15)) samples[name].push(sample);
        if (round === -1) samples[name].length = 0;
      }
    }
    for (const name of names) if (samples[name].length === 0) delete samples[name];
    checkSame(what, samples);
    const nanoseconds = Object.fromEntries(
      Object.entries(samples).map(([name, list]) => [name, { least: least(list), median: median(list.map(({ ns }) => ns)) }]),
    );
    const ratio = (slow, fast) =>
      samples[slow] && samples[fast] ? Number((least(samples[slow]) / least(samples[fast])).toFixed(3)) : null;
    rows[what] = {
      nanoseconds,
      ratios: {
        relaxedOverC: ratio("relaxed", "c"),
        plainOverC: ratio("plain", "c"),
        relaxedOverCDividing: ratio("relaxed", "cDividing"),
        plainOverCDividing: ratio("plain", "cDividing"),
        scalarOverRelaxed: ratio("scalar", "relaxed"),
        scalarOverPlain: ratio("scalar", "plain"),
      },
    };
    const line = Object.entries(nanoseconds).map(([name, { least: low }]) => `${name} ${low.toFixed(1)}`);
    console.error(`LJ-${one.count} ${what}: ${line.join("  ")}  ${JSON.stringify(rows[what].ratios)}`);
  }
  const { compiler, missing } = peers.c;
  for (const name of ["c", "cDividing"]) peers[name].stop?.();
  return { ...one, c: missing ? { missing } : { compiler, flags: C_FLAGS.join(" ") }, rows };
}

const loadBefore = loadAverage();
const cases = [];
for (const one of CASES) cases.push(await measureCase(one));
console.log(
  JSON.stringify({
    question: "ns per evaluation of Lennard-Jones clusters, one thread; noised: with noise and log-mean-exp",
    sigma: SIGMA,
    rounds: ROUNDS,
    load: [loadBefore, loadAverage()],
    note: "c may divide by an approximate reciprocal and Newton's step, as -ffast-math allows; cDividing has -mno-recip",
    cases,
    targets: { fusedOverC: 1.15, gradientOverC: 1.2, plainOverC: 1.4, scalarOverFused: 9 },
  }),
);
