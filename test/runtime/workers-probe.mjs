/**
 * The noised estimator on every core, from nothing but the bundle's namespace: what it computes, what it says, who computed, and how soon
 * an abort is heard. Two threads are asked for by number, so that machines with one core say so and do the rest.
 */

/** Counts workers and their answers by standing in front of the runtime's own class. */
function watchWorkers() {
  const seen = { started: 0, answers: 0 };
  const count = (message) => {
    if (message?.kind === "value") seen.answers++;
  };
  const threads = globalThis.Deno ? undefined : globalThis.process?.getBuiltinModule?.("worker_threads");
  if (threads) {
    const { Worker } = threads;
    threads.Worker = class extends Worker {
      constructor(...parameters) {
        super(...parameters);
        seen.started++;
        this.on("message", count);
      }
    };
  } else if (globalThis.Worker) {
    const { Worker } = globalThis;
    globalThis.Worker = class extends Worker {
      constructor(...parameters) {
        super(...parameters);
        seen.started++;
        this.addEventListener("message", (event) => count(event.data));
      }
    };
  }
  return seen;
}

function requestOf(bnem, n) {
  const target = bnem.gaussianMixture({ components: 40, seed: 0 });
  const x = target.exact.sample(n, 1);
  const variance = Float32Array.from({ length: n }, (_, i) => 0.5 + (i % 7));
  return { target, request: { x, variance, mcSamples: 512, mode: "iid", key: bnem.keyOf(3), quantity: "score" } };
}

const equal = (a, b) => a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

async function abortAfter(bnem, milliseconds) {
  const { target, request } = requestOf(bnem, 100_000);
  const stop = new AbortController();
  const reason = { reason: "enough" };
  let aborted = 0;
  setTimeout(() => {
    aborted = performance.now();
    stop.abort(reason);
  }, milliseconds);
  try {
    await bnem.noisedOnAllCores(target, request, { signal: stop.signal, workers: 2 });
    return { own: false, took: 0 };
  } catch (error) {
    return { own: error === reason, took: performance.now() - aborted };
  }
}

export async function probe(bnem) {
  const seen = watchWorkers();
  await bnem.init();
  const { target, request } = requestOf(bnem, 3000);
  const expected = target.noised(request);
  const notices = [];
  let same = true;
  // The first call ends, perhaps, before the workers have started.
  for (let round = 0; round < 5; round++) {
    const result = await bnem.noisedOnAllCores(target, request, { workers: 2 });
    same &&= equal(result.energy, expected.energy) && equal(result.score, expected.score);
    notices.push(result.notice ?? "");
  }
  return { same, ...seen, notice: notices.at(-1), abort: await abortAfter(bnem, 100) };
}
