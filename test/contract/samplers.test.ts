/** Every sampler keeps the common promises, and each check rejects a sampler that was broken for it. */
import {
  bridge,
  eulerMaruyama,
  exponential,
  geometricSchedule,
  init,
  keyOf,
  langevin,
  type Path,
  probabilityFlow,
  type ReverseSdeOptions,
  reverseSde,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { type CommonOptions, type SamplerSubject, samplerChecks } from "./sampler-checks.js";

beforeAll(() => init());

const schedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 11 });

const weighted = (more: Partial<ReverseSdeOptions>): SamplerSubject => ({
  run: (model, energy, options) => reverseSde(model, energy, schedule, { ...more, ...options }),
  weighted: true,
});
const raw = (more: Partial<ReverseSdeOptions>): SamplerSubject => ({
  run: (model, _energy, options) => reverseSde(model, undefined, schedule, { ...more, ...options }),
  weighted: false,
});
const flow = (tweedie: boolean): SamplerSubject => ({
  run: (model, _energy, options) => probabilityFlow(model, { tweedie, ...options }),
  weighted: false,
});

const table: readonly (readonly [string, SamplerSubject])[] = [
  ["reverse SDE, bridge", weighted({ transition: bridge({ dataVariance: 1 }) })],
  ["reverse SDE, exponential, Langevin", weighted({ transition: exponential(), corrector: langevin({ steps: 2 }) })],
  ["reverse SDE, Euler-Maruyama", weighted({ transition: eulerMaruyama() })],
  ["reverse SDE, nu = .5, Langevin", weighted({ nu: 0.5, corrector: langevin() })],
  ["reverse SDE, raw", raw({})],
  ["reverse SDE, raw, nu = 1", raw({ nu: 1 })],
  ["reverse SDE, raw, Tweedie", raw({ tweedie: true })],
  ["probability flow", flow(false)],
  ["probability flow, Tweedie", flow(true)],
];
const names = Object.keys(samplerChecks) as (keyof typeof samplerChecks)[];

describe.each(table)("%s", (_name, subject) => {
  test.each(names)("%s", async (name) => {
    expect(await samplerChecks[name](subject)).toEqual([]);
  });
});

const sound = table[1][1];
type Change = (path: Path, options: CommonOptions) => Partial<Path>;
const answering = (change: Change): SamplerSubject => ({
  ...sound,
  run: async (model, energy, options) => {
    const path = await sound.run(model, energy, options);
    return { ...path, ...change(path, options) };
  },
});
const asking = (change: (options: CommonOptions) => Partial<CommonOptions>): SamplerSubject => ({
  ...sound,
  run: (model, energy, options) => sound.run(model, energy, { ...options, ...change(options) }),
});
let asked = 0;
const reused = new Float32Array(180);

const controls: readonly (readonly [string, keyof typeof samplerChecks, SamplerSubject])[] = [
  ["weights left out", "shapes", answering(() => ({ logWeights: undefined }))],
  ["raw output that was not asked for", "shapes", { ...raw({}), weighted: true }],
  ["score calls of one step", "calls are counted exactly", answering((_, { n }) => ({ scoreCalls: n }))],
  ["the chunk left out", "calls are counted exactly", asking(() => ({ chunk: undefined }))],
  ["the key left out", "the key decides", asking(() => ({ key: keyOf(0) }))],
  ["a call counter in the key", "the key decides", asking(() => ({ key: keyOf(asked++) }))],
  [
    "streams that start anew with every chunk",
    "rows do not depend on chunk or n",
    asking(({ draws }) => ({ draws: (key, step, _first, n, dim) => draws(key, step, 0, n, dim) })),
  ],
  [
    "a grid that is scaled in place",
    "inputs and results stay",
    asking(({ grid }) => {
      grid[0] *= 1.0001;
      return {};
    }),
  ],
  [
    "one array for all results",
    "inputs and results stay",
    answering(({ x }) => {
      reused.set(x.data.subarray(0, 180));
      return { x: { ...x, data: reused } };
    }),
  ],
  ["lost rows not counted", "lost rows", answering(() => ({ nonFinite: 0 }))],
  ["lost rows at the origin", "lost rows", answering(({ x }) => ({ x: { ...x, data: x.data.map((v) => v || 0) } }))],
  ["the signal left out", "abort", asking(() => ({ signal: undefined }))],
  [
    "reports from the first chunk only",
    "progress",
    asking(({ onProgress }) => ({ onProgress: (r) => r.rows === 0 && onProgress?.(r) })),
  ],
  [
    "unknown options passed over",
    "refusals",
    {
      ...sound,
      run: (model, energy, { n, key, draws, grid, chunk, maxNonFinite }) =>
        sound.run(model, energy, { n, key, draws, grid, chunk, maxNonFinite }),
    },
  ],
];

describe("controls: broken samplers are rejected", () => {
  test.each(controls)('%s fails "%s"', async (_what, name, subject) => {
    expect(await samplerChecks[name](subject)).not.toEqual([]);
  });

  test("every check has one", () => {
    expect(names.filter((name) => !controls.some(([, checked]) => checked === name))).toEqual([]);
  });
});
