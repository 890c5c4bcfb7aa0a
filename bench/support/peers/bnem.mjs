/**
 * This package's own rows. The estimator is the public one of the built bundle; the training step is reached inside (bundle-inside.mjs
 * says why).
 */

import { importInside } from "../bundle-inside.mjs";
import { adam, layerShapes } from "../plain-network.mjs";

const inside = `
export { reshape } from "@tensorflow/tfjs-core";
export { initKernels } from "./kernels/load.js";
export { startBackend } from "./networks/backend.js";
export { dense } from "./networks/ops/dense.js";
export { silu } from "./networks/ops/silu.js";
export { threadsOf } from "./pipeline/threads.js";
export { setKernelMode } from "./networks/wasm/kernel-mode.js";
export { makeLearner } from "./training/make-learner.js";
`;

/** The peers' network as the package's networks are written: a pure function of its pieces. */
function plainNetwork(lib, shapes, dim, parameterCount) {
  const forward = (pieces, x) => {
    let h = x;
    for (let at = 0; at < pieces.length; at += 2) {
      const z = lib.dense(h, pieces[at], pieces[at + 1]);
      h = at + 2 === pieces.length ? z : lib.silu(z);
    }
    return lib.reshape(h, [-1]);
  };
  return { name: "plain", options: {}, output: "energy", dim, shapes, parameterCount, forward };
}

/**
 * start({ inputs, width, depth, batch, loss, parameters, x, target }) -> { step(): the loss before the step, profile() }: what a run of
 * training does with a batch once its targets are there. `kernels`: "bnem" or "tfjs"; `exact`: the plain-SIMD build;
 * `workers`: threads that share the blocks of a step.
 */
async function start(theCase) {
  const { inputs, width, depth, batch, loss, parameters, x, target, kernels = "bnem", exact = false, workers = 1 } = theCase;
  const lib = await importInside(inside);
  await lib.initKernels();
  lib.setKernelMode(kernels);
  await lib.startBackend("wasm");
  const shapes = layerShapes(inputs, width, depth).flatMap(([rows, columns]) => [[rows, columns], [columns]]);
  const double = loss === "double";
  const network = plainNetwork(lib, shapes, inputs, parameters.length);
  const zeros = () => new Float32Array(parameters.length);
  const learner = await lib.makeLearner(
    {
      network,
      estimator: { kind: double ? "score" : "energy" },
      loss: { name: "squared" },
      knobs: { gradientClip: Infinity, emaDecay: 0.999, exact },
      pool: lib.threadsOf("bench", workers).pool,
    },
    { parameters, ema: parameters.slice(), adam: { m: zeros(), v: zeros(), step: 0 } },
  );
  // The package compares scores, -grad_x E: the target's sign is turned, the loss is the same.
  const goal = double ? target.map((value) => -value) : target;
  const rows = { x, variance: new Float32Array(batch).fill(1), target: goal, weight: new Float32Array(batch).fill(1 / batch) };
  const step = async () => (await learner.step(rows, adam.rate, true)).loss;
  return { step, profile: () => profileOf(learner, batch) };
}

/** Milliseconds of one step by kernel, each call of the recorded program timed by itself (some 50 ns of clock included); null on tfjs. */
function profileOf(learner, batch) {
  const { machine } = learner;
  if (!machine) return null;
  const { instructions } = machine.program;
  const blocks = batch / machine.view("variance").length;
  const repeats = 200;
  const byKernel = new Map();
  for (let repeat = -20; repeat < repeats; repeat++) {
    machine.calls.forEach(({ call, args }, at) => {
      const start = performance.now();
      call(...args);
      const spent = performance.now() - start;
      const entry = byKernel.get(instructions[at].call) ?? { calls: 0, ms: 0 };
      byKernel.set(instructions[at].call, entry);
      if (repeat >= 0) {
        entry.calls += blocks / repeats;
        entry.ms += (spent * blocks) / repeats;
      }
    });
  }
  const rows = [...byKernel].map(([kernel, { calls, ms }]) => ({
    kernel,
    calls: Math.round(calls),
    ms: Number(ms.toPrecision(3)),
  }));
  return rows.sort((a, b) => b.ms - a.ms);
}

export async function trainingStep(theCase) {
  const { kernels = "bnem", exact = false, workers = 1 } = theCase;
  const version = `this tree, kernels ${kernels}${exact ? ", plain SIMD" : ""}, workers ${workers}`;
  return { version, ...(await start(theCase)) };
}

/** `target.noised` on fixed points with fresh keys. `build`: relaxed (where the engine has it) or plain; `workers`: on all cores. */
export async function estimator({ rows, mcSamples, sigma, means, points, mode, build, seed, workers = 1 }) {
  const { gaussianMixture, init, keyOf, noisedOnAllCores, version } = await import("bnem");
  await init();
  const target = gaussianMixture({ components: means.length / 2, seed: 0 });
  const x = { data: points, n: rows, dim: 2 };
  const variance = new Float32Array(rows).fill(sigma * sigma);
  let count = 0;
  const step = async () => {
    const key = keyOf(seed * 100_000 + count++);
    const request = { x, variance, mcSamples, mode, key, quantity: "energy", exact: build === "plain" };
    const result = workers === 1 ? target.noised(request) : await noisedOnAllCores(target, request, { workers });
    return result.energy;
  };
  return { version: `bnem ${version}, ${build}, workers ${workers}`, step };
}

/** One public score evaluation of a sampler's model, features included. */
export async function score({ batch, preset, x, sigma, workers = 1 }) {
  const { createTrainer, gaussianMixture, init, presets, startBackend, version } = await import("bnem");
  await init({ workers });
  await startBackend("wasm");
  const trainer = await createTrainer(gaussianMixture({ components: 40, seed: 0 }), {
    ...presets.gmm40[preset],
    seed: 1,
    steps: 1,
  });
  for await (const _ of trainer.steps());
  const sampler = await trainer.sampler();
  const rows = { data: x.subarray(0, 2 * batch), n: batch, dim: 2 };
  const variance = new Float32Array(batch).fill(sigma * sigma);
  const step = async () => {
    const values = await sampler.scoreModel.score(rows, variance);
    let sum = 0;
    for (const value of values) sum += value * value;
    return Math.sqrt(sum / values.length);
  };
  return { version: `bnem ${version}, workers ${workers}`, step };
}

const metricsInside = `
export { initKernels } from "./kernels/load.js";
export { energyDistance } from "./metrics/energy-distance.js";
export { steinDiscrepancy } from "./metrics/ksd.js";
export { transportCosts } from "./metrics/wasserstein.js";
`;

/** The functions behind the metrics of `evaluate`, which itself computes floors as well. */
export async function metric({ metric: name, rows, dim, a, b, gradient, energiesA, energiesB, bandwidth }) {
  const lib = await importInside(metricsInside);
  await lib.initKernels();
  const batch = (data) => ({ data, n: rows, dim });
  const steps = {
    positionW2: () => Math.sqrt(lib.transportCosts(batch(a), batch(b), [2])[0]),
    energyW2: () => lib.energyDistance(energiesA, energiesB),
    ksd: () => lib.steinDiscrepancy(batch(a), gradient, bandwidth),
  };
  return { version: "this tree", step: steps[name] };
}
