/**
 * How does the noised estimator scale with threads, beside a plain arithmetic loop on the same threads in the same minute? GMM-40,
 * 4,096 rows of 1,024 draws. Every round times each on 1, 2, ... threads, in turn; a scaling is formed within its round, medians over
 * the rounds. Shared machines give the control itself 1.2 to 2 on two threads. Target: at least 0.9 of the control's scaling.
 */
import { availableParallelism } from "node:os";
import { gaussianMixture, init, keyOf, noisedOnAllCores } from "bnem";
import { Control } from "./support/control-threads.mjs";
import { loadAverage, quick, summary } from "./support/interleave.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();
await init();

const ROUNDS = quick ? 5 : 31;
const N = 4096;
const K = 1024;
const cores = availableParallelism();
const counts = [1, 2, 4, 8, 16].filter((threads) => threads <= cores);
if (!counts.includes(cores) && cores <= 16) counts.push(cores);

const target = gaussianMixture({ components: 40, seed: 0 });
const request = {
  x: target.exact.sample(N, 1),
  variance: Float32Array.from({ length: N }, (_, i) => [0.0025, 0.25, 1.7, 25, 225, 2500][i % 6]),
  mcSamples: K,
  mode: "iid",
  key: keyOf(1),
  quantity: "energy",
  exact: false,
};

async function estimator(threads) {
  const start = performance.now();
  await noisedOnAllCores(target, request, { workers: threads });
  return performance.now() - start;
}

function direct() {
  const start = performance.now();
  target.noised(request);
  return performance.now() - start;
}

const control = new Control();
for (let warm = 0; warm < 4; warm++) {
  for (const threads of counts) {
    await estimator(threads);
    await control.milliseconds(threads, 50);
  }
}
/** As long as the estimator on one thread. */
const pieces = Math.round((50 * direct()) / (await control.milliseconds(1, 50)));

const times = { direct: [], estimator: new Map(counts.map((c) => [c, []])), control: new Map(counts.map((c) => [c, []])) };
for (let round = 0; round < ROUNDS; round++) {
  times.direct.push(direct());
  for (let i = 0; i < counts.length; i++) {
    const threads = counts[(i + round) % counts.length];
    times.control.get(threads).push(await control.milliseconds(threads, pieces));
    times.estimator.get(threads).push(await estimator(threads));
  }
}
await control.end();

/** From an abort in the middle of a call to its end, in ms. */
const aborts = [];
for (let i = 0; i < (quick ? 3 : 20); i++) {
  const stop = new AbortController();
  const work = noisedOnAllCores(target, request, { workers: cores, signal: stop.signal }).catch(() => performance.now());
  await new Promise((resolve) => setTimeout(resolve, 20));
  const start = performance.now();
  stop.abort();
  aborts.push((await work) - start);
}

const scaling = (what, threads) => times[what].get(1).map((alone, i) => alone / times[what].get(threads)[i]);
const rows = counts.map((threads) => {
  const own = scaling("estimator", threads);
  const given = scaling("control", threads);
  return {
    threads,
    estimatorMs: summary(times.estimator.get(threads)),
    controlMs: summary(times.control.get(threads)),
    scaling: summary(own),
    controlScaling: summary(given),
    share: summary(own.map((value, i) => value / given[i])),
  };
});
for (const { threads, estimatorMs, scaling: own, controlScaling, share } of rows) {
  console.error(
    `${String(threads).padStart(2)} threads  ${estimatorMs.median.toFixed(1).padStart(7)} ms   x ${own.median.toFixed(2)}   control x ${controlScaling.median.toFixed(2)}   share ${share.median.toFixed(2)}`,
  );
}
const result = {
  question: "noised energies of GMM-40 on all cores, against a plain arithmetic loop on the same threads",
  rows: N,
  mcSamples: K,
  rounds: ROUNDS,
  loadAverage: loadAverage(),
  oneCallMs: summary(times.direct),
  abortMs: { ...summary(aborts), most: Math.max(...aborts) },
  threads: rows,
  target: { share: 0.9 },
};
console.log(JSON.stringify(result));
