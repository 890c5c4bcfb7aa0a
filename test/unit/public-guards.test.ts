/** Wrong calls of the public surface: each ends in an error of the right kind whose text begins with the call and names the argument. */
import { beforeAll, describe, expect, test } from "vitest";
import * as bnem from "../../src/index.js";

const gmm = bnem.gaussianMixture();
const bowl = bnem.customEnergy({ name: "bowl", dim: 2, evaluate: (x) => x[0] * x[0] + x[1] * x[1] });
const one = { data: Float32Array.of(1, 2), n: 1, dim: 2 };
const key = bnem.keyOf(3);
const ask = { x: one, variance: Float32Array.of(1), mcSamples: 4, mode: "iid", key, quantity: "energy" };
const schedule = bnem.geometricSchedule({ sigmaMin: 0.1, sigmaMax: 5 });
const model = { dim: 2, score: async (x: bnem.Batch) => new Float32Array(2 * x.n) };
const run = { n: 3, key, draws: bnem.normalRows, grid: bnem.edmGrid({ steps: 3, sigmaMin: 0.1, sigmaMax: 5 }) };
const tiny = { steps: 1, batchSize: 8, mcSamples: 2, width: 4, depth: 1, features: 2, backend: "wasm" };
const weights = Float64Array.of(0.5, 0.5);

// biome-ignore lint/suspicious/noExplicitAny: callers without TypeScript are what is tested
const api: any = bnem;

beforeAll(async () => {
  await bnem.init();
});

type Kind = typeof TypeError | typeof RangeError;
type Row = readonly [name: string, call: () => unknown, kind: Kind, text: RegExp];

const streams: readonly Row[] = [
  ["keyOf(-1)", () => api.keyOf(-1), RangeError, /^keyOf: seed must be an integer/],
  ["keyOf(1.5)", () => api.keyOf(1.5), RangeError, /^keyOf: seed/],
  ["keyOf(2^53)", () => api.keyOf(2 ** 53), RangeError, /^keyOf: seed/],
  ['keyOf("1")', () => api.keyOf("1"), TypeError, /^keyOf: seed must be a number/],
  ["keyOf()", () => api.keyOf(), TypeError, /^keyOf: seed/],
  ["keyOf(NaN)", () => api.keyOf(Number.NaN), RangeError, /^keyOf: seed must be an integer/],
  ["derive without key", () => api.derive(undefined, "a"), TypeError, /^derive: key/],
  ["derive(key, 1.5)", () => api.derive(key, 1.5), RangeError, /^derive: word/],
  ["derive(key, {})", () => api.derive(key, {}), TypeError, /^derive: word/],
  ["normals with a seed for a key", () => api.normals(1, 0, 0, 2), TypeError, /^normals: key must be a Key/],
  ["normals without count", () => api.normals(key, 0, 0, 0), RangeError, /^normals: count/],
  ["normalRows past the last row", () => api.normalRows(key, 0, 2 ** 32 - 1, 2, 1), RangeError, /^normalRows: last row/],
  ["uniforms without key", () => api.uniforms(undefined, 0, 0, 1), TypeError, /^uniforms: key/],
  ["bits with count NaN", () => api.bits(key, 0, 0, Number.NaN), RangeError, /^bits: count must be an integer/],
  ["perturb without key", () => api.perturb(one, Float32Array.of(1), 5, 0), TypeError, /^perturb: key/],
];

const estimates: readonly Row[] = [
  ["noised()", () => api.noised(), TypeError, /^noised: energy must be an Energy/],
  ["noised(energy)", () => api.noised(gmm), TypeError, /^noised: request/],
  ["noised(custom)", () => api.noised(bowl), TypeError, /^noised: request/],
  ["noised with a number for a key", () => api.noised(gmm, { ...ask, key: 5 }), TypeError, /^noised: key/],
  ["noised custom, variance -1", () => api.noised(bowl, { ...ask, variance: Float32Array.of(-1) }), RangeError, /variance/],
  ["noised custom, unknown quantity", () => api.noised(bowl, { ...ask, quantity: "scor" }), RangeError, /mean "score"/],
  ["estimate({})", () => api.noisedEnergy().estimate({}), TypeError, /^noised: energy/],
  ["importance of an array", () => api.importance([1]), TypeError, /^importance: logWeights/],
  ["expectation()", () => api.expectation(), TypeError, /^expectation: weights/],
  ["expectation of nothing", () => api.expectation(undefined, weights), TypeError, /^expectation: values/],
  ["resampling nothing", () => api.systematicResample(new Float64Array(0), 3, 0.5), RangeError, /^systematicResample: weights/],
  ["resampling NaN", () => api.systematicResample(Float64Array.of(Number.NaN, 1), 3, 0.5), RangeError, /at row 0/],
  ["resampling unnormalised", () => api.systematicResample(Float64Array.of(5, 5), 3, 0.5), RangeError, /must sum to 1, got 10/],
];

const energies: readonly Row[] = [
  ["std null", () => api.gaussianMixture({ std: null }), TypeError, /^gaussianMixture: std/],
  ["too many means", () => api.gaussianMixture({ components: 2 ** 20, dim: 2 ** 16 }), RangeError, /components \* dim/],
  ["check {}", () => api.customEnergy({ name: "a", dim: 1, evaluate: () => 0, check: {} }), TypeError, /check must be/],
  [
    "check of texts",
    () => api.customEnergy({ name: "a", dim: 1, evaluate: () => 0, check: { x: ["p"] } }),
    TypeError,
    /check\.x\[0\]/,
  ],
  ["convention 5", () => api.customEnergy({ name: "a", dim: 1, evaluate: () => 0, convention: 5 }), TypeError, /convention/],
  ["particles null", () => api.customEnergy({ name: "a", dim: 1, evaluate: () => 0, particles: null }), TypeError, /particles/],
  ["energyByName()", () => api.energyByName(), TypeError, /^energyByName: name/],
];

const training: readonly Row[] = [
  ["init exact as text", () => api.init({ exact: "yes" }), TypeError, /^init: exact/],
  ["train()", () => api.train(), TypeError, /: energy must be an Energy/],
  ["train(energy, null)", () => api.train(gmm, null), TypeError, /: options must be an object/],
  ["half an energy", () => api.train({ energy() {}, energyAndGradient() {} }, tiny), TypeError, /: energy must be an Energy/],
  ["an energy without dim", () => api.train({ ...gmm, dim: undefined }, tiny), TypeError, /energy\.dim/],
  [
    "a recipe that makes no network",
    () => api.train(gmm, { ...tiny, network: () => 1 }),
    TypeError,
    /: network must be a recipe/,
  ],
  [
    "a signal that is none",
    () => api.train(gmm, { ...tiny, signal: 5 }),
    TypeError,
    /^train: signal must be an AbortSignal, got 5/,
  ],
  ["onProgress as text", () => api.train(gmm, { ...tiny, onProgress: "x" }), TypeError, /^train: onProgress/],
  ["sigmaMax 1e30", () => api.train(gmm, { ...tiny, sigmaMax: 1e30 }), RangeError, /^createTrainer: noise must lie in/],
  ["sigmaMax 1e-30", () => api.train(gmm, { ...tiny, sigmaMax: 1e-30 }), RangeError, /^createTrainer: noise must lie in/],
  ["mlp with another output", () => api.mlp()(2, "enrgy"), RangeError, /mean "energy"/],
  ["describeOptions typo", () => api.describeOptions("trian"), RangeError, /mean "train"/],
  ["optionJsonSchema()", () => api.optionJsonSchema(), TypeError, /^optionJsonSchema: verb/],
];

const sampling: readonly Row[] = [
  ["edmGrid 1e200", () => api.edmGrid({ steps: 4, sigmaMin: 1, sigmaMax: 1e200 }), RangeError, /^edmGrid: sigmaMax/],
  ["edmGrid 1e-200", () => api.edmGrid({ steps: 4, sigmaMin: 1e-200, sigmaMax: 1 }), RangeError, /^edmGrid: sigmaMin/],
  ["uniformGrid()", () => api.uniformGrid(), TypeError, /^uniformGrid: schedule/],
  ["reverseSde()", () => api.reverseSde(), TypeError, /^reverseSde: grid/],
  ["no model", () => api.reverseSde(undefined, gmm, schedule, run), TypeError, /^reverseSde: model/],
  [
    "a score too short",
    () => api.reverseSde({ dim: 2, score: async () => new Float32Array(1) }, gmm, schedule, run),
    TypeError,
    /: model\.score/,
  ],
  ["no score", () => api.probabilityFlow({ dim: 2, score: async () => undefined }, run), TypeError, /: model\.score/],
  ["no key", () => api.reverseSde(model, gmm, schedule, { ...run, key: 5 }), TypeError, /: key must be a Key/],
  ["no draws", () => api.reverseSde(model, gmm, schedule, { ...run, draws: 1 }), TypeError, /^reverseSde: draws/],
  ["no schedule", () => api.reverseSde(model, gmm, undefined, run), TypeError, /^reverseSde: schedule/],
  ["corrector 3", () => api.reverseSde(model, gmm, schedule, { ...run, corrector: 3 }), TypeError, /^reverseSde: corrector/],
  ["transition by name", () => api.reverseSde(model, gmm, schedule, { ...run, transition: "bridge" }), TypeError, /: transition/],
  [
    "more rows than addresses",
    () => api.reverseSde(model, gmm, schedule, { ...run, n: 1e15 }),
    RangeError,
    /^reverseSde: n must/,
  ],
  ["probabilityFlow()", () => api.probabilityFlow(), TypeError, /^probabilityFlow: grid/],
  ["memoryEfficientScore()", () => api.memoryEfficientScore(), TypeError, /^memoryEfficientScore: the model/],
];

const x = (n: number, seed: number) => (gmm.exact as NonNullable<typeof gmm.exact>).sample(n, seed);
const scoring: readonly Row[] = [
  ["metrics as text", () => api.evaluate(x(20, 1), gmm, { metrics: "ksd" }), TypeError, /^evaluate: metrics must be an array/],
  ["no metrics", () => api.evaluate(x(20, 1), gmm, { metrics: [] }), RangeError, /^evaluate: metrics must name at least one/],
  ["a signal that is none", () => api.evaluate(x(20, 1), gmm, { signal: {} }), TypeError, /^evaluate: signal/],
];

const files: readonly Row[] = [
  ["writeNpy()", () => api.writeNpy(), TypeError, /^writeNpy: data/],
  ["batchFromArray()", () => api.batchFromArray(), TypeError, /^batchFromArray: array/],
  ["writeNpz()", () => api.writeNpz(), TypeError, /^writeNpz: arrays/],
  ["writeSafetensors()", () => api.writeSafetensors(), TypeError, /^writeSafetensors: tensors/],
];

const tables = { streams, estimates, energies, training, sampling, scoring, files };

describe.each(Object.entries(tables))("%s", (_, rows) => {
  test.each(rows)("%s", async (_name, call, kind, text) => {
    // One shape for calls that throw and calls that reject.
    const error = await (async () => call())().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(text);
  });
});

test("a target that supports none of the metrics asked for is not praised", async () => {
  const { verdict } = await bnem.evaluate(x(40, 1), bowl, { metrics: ["modesCovered"], reference: x(40, 2), seed: 1 });
  expect(verdict[0]).toBe("Sample: none of the metrics asked for can be computed for this target.");
});
