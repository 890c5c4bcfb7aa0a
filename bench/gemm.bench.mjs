/**
 * How fast are the matrix products of the kernels, beside the same blocking in C at 128 bits? GFLOP/s on one thread of the four ways
 * the factors can lie (nn, nt, tn, tt), interleaved rounds; speeds from least times, which a busy machine disturbs least, and ratios
 * within a round with their quartiles. Targets: every way at most 1.25 x the time of C (relaxed build), and at most 1.3 x the time of
 * the fastest way.
 */
import { readFileSync } from "node:fs";
import { startDense } from "./support/c-dense.mjs";
import { C_FLAGS } from "./support/c-program.mjs";
import { loadAverage, median, quantile, quick } from "./support/interleave.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();

const ROUNDS = quick ? 5 : 41;
/** A sample is about this long: 1 ms at 30 GFLOP/s. */
const FLOPS = 3e7;
const WAYS = ["nn", "nt", "tn", "tt"];
const SHAPES = [
  { m: 512, n: 128, k: 128, batch: 1 },
  { m: 128, n: 64, k: 64, batch: 1 },
  { m: 2048, n: 256, k: 256, batch: 1 },
  { m: 22, n: 24, k: 64, batch: 64 },
];
const nameOf = ({ m, n, k, batch }) => `${batch > 1 ? `${batch} of ` : ""}${m}x${n}x${k}`;
const flopsOf = ({ m, n, k, batch }) => 2 * m * n * k * batch;

/** One build in a memory of its own: factors at `a` and `b`. */
async function startKernels(name) {
  const bytes = readFileSync(new URL(`../dist/${name}.wasm`, import.meta.url));
  if (!WebAssembly.validate(bytes)) return { missing: "this engine has no relaxed SIMD" };
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 32768 });
  const { exports } = (await WebAssembly.instantiate(bytes, { env: { memory } })).instance;
  const most = (sizes) => Math.max(...SHAPES.map(sizes));
  const a = exports.reserve(4 * most(({ m, k, batch }) => m * k * batch));
  const b = exports.reserve(4 * most(({ n, k, batch }) => n * k * batch));
  const c = exports.reserve(4 * most(({ m, n, batch }) => m * n * batch));
  const scratch = exports.reserve(most(({ m, n, k }) => exports.gemmScratch(m, n, k)));
  const numbers = new Float32Array(memory.buffer, a, (c - a) / 4);
  for (let i = 0; i < numbers.length; i++) numbers[i] = Math.sin(i);
  return {
    measure(mode, { m, n, k, batch }, repeats) {
      const start = performance.now();
      for (let r = 0; r < repeats; r++) {
        if (batch === 1) exports.gemm(mode, a, b, 0, c, m, n, k, 0, scratch);
        else exports.gemmBatched(mode, a, m * k, b, k * n, c, m * n, batch, m, n, k, scratch);
      }
      return ((performance.now() - start) * 1e6) / repeats;
    },
  };
}

const program = startDense();
const peers = { relaxed: await startKernels("kernels-relaxed"), plain: await startKernels("kernels"), C: program };
if (!program.missing) {
  program.measure = async (mode, { m, n, k, batch }, repeats) => (await program.gemm(mode, m, n, k, batch, repeats)).ns;
}
const present = Object.keys(peers).filter((name) => !peers[name].missing);
const times = {};
const loadBefore = loadAverage();
for (let round = -10; round < ROUNDS; round++) {
  for (const shape of SHAPES) {
    const repeats = Math.max(1, Math.round(FLOPS / flopsOf(shape)));
    for (let mode = 0; mode < 4; mode++) {
      // Rotated: the same neighbour before a peer in every round would leave it the same cache and clock.
      for (let i = 0; i < present.length; i++) {
        const name = present[(i + round + 10) % present.length];
        const ns = await peers[name].measure(mode, shape, repeats);
        times[name] ??= {};
        times[name][`${nameOf(shape)} ${WAYS[mode]}`] ??= [];
        if (round >= 0) times[name][`${nameOf(shape)} ${WAYS[mode]}`].push(ns);
      }
    }
  }
}
if (!program.missing) program.stop();

const round2 = (value) => Math.round(value * 100) / 100;
const least = (name, key) => Math.min(...times[name][key]);
const rows = SHAPES.map((shape) => {
  const flops = flopsOf(shape);
  const ways = WAYS.map((way) => {
    const key = `${nameOf(shape)} ${way}`;
    const row = { way };
    for (const name of present) {
      row[name] = { gflops: round2(flops / least(name, key)), medianGflops: round2(flops / median(times[name][key])) };
      if (name === "C" || program.missing) continue;
      const ratios = times[name][key].map((ns, i) => ns / times.C[key][i]);
      row[name].overC = round2(least(name, key) / least("C", key));
      row[name].overCByRound = [0.25, 0.5, 0.75].map((share) => round2(quantile(ratios, share)));
    }
    return row;
  });
  const slowestOverFastest = Object.fromEntries(
    present.map((name) => {
      const speeds = ways.map((row) => row[name].gflops);
      return [name, round2(Math.max(...speeds) / Math.min(...speeds))];
    }),
  );
  return { shape: nameOf(shape), ways, slowestOverFastest };
});

for (const { shape, ways, slowestOverFastest } of rows) {
  console.error(`${shape}, GFLOP/s (time over that of C)`);
  for (const name of present) {
    const figures = ways.map(
      ({ way, [name]: { gflops, overC } }) => `${way} ${gflops.toFixed(1).padStart(5)}${overC ? ` (${overC.toFixed(2)})` : ""}`,
    );
    console.error(`  ${name.padEnd(8)} ${figures.join("   ")}   slowest over fastest ${slowestOverFastest[name]}`);
  }
}
for (const name of Object.keys(peers)) if (peers[name].missing) console.error(`${name}: ${peers[name].missing}`);
console.log(
  JSON.stringify({
    question: "GFLOP/s of matrix products in f32, four ways the factors can lie, one thread; C at the same blocking and 128 bits",
    rounds: ROUNDS,
    quick,
    loadBefore,
    loadAfter: loadAverage(),
    c: program.missing ? { missing: program.missing } : { compiler: program.compiler, flags: C_FLAGS.join(" ") },
    rows,
    targets: { relaxedOverC: 1.25, slowestOverFastest: 1.3 },
  }),
);
