/** Every estimator obeys the interface, and each check rejects an estimator that was broken for it. */
import {
  bootstrapped,
  type DrawMode,
  type EstimateRequest,
  type EstimateResult,
  type Estimator,
  init,
  keyOf,
  noisedEnergy,
  noisedScore,
  tweedie,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { type EstimatorSubject, estimatorChecks } from "./estimator-checks.js";

beforeAll(() => init());

type Make = EstimatorSubject["make"];

const table: readonly (readonly [string, Make, { readonly probes: true }?])[] = [
  ["noisedEnergy", noisedEnergy],
  ["noisedScore", noisedScore],
  ["noisedScore with a clip", (options) => noisedScore({ scoreClip: 30, ...options })],
  ["tweedie", tweedie],
  ["bootstrapped, before it begins", (options) => bootstrapped({ levels: 5, bootstrapFrom: 1, ...options })],
  [
    "bootstrapped, with an exact teacher",
    (options) => bootstrapped({ levels: 5, bootstrapFrom: 0, rejection: "none", ...options }),
  ],
  ["noisedEnergy, shifted", (options) => noisedEnergy({ proposal: "shifted", ...options }), { probes: true }],
  // Half of the draws from the noise: at the largest sigma the mode that Laplace's Gaussian has found is not the others.
  ["noisedEnergy, laplace", (options) => noisedEnergy({ proposal: "laplace", defensive: 0.5, ...options }), { probes: true }],
  ["noisedScore, shifted", (options) => noisedScore({ proposal: "shifted", ...options }), { probes: true }],
  ["noisedScore, laplace", (options) => noisedScore({ proposal: "laplace", defensive: 0.5, ...options }), { probes: true }],
  ["tweedie, laplace", (options) => tweedie({ proposal: "laplace", defensive: 0.5, ...options }), { probes: true }],
  [
    "bootstrapped, laplace",
    (options) => bootstrapped({ levels: 5, bootstrapFrom: 1, proposal: "laplace", defensive: 0.5, ...options }),
    { probes: true },
  ],
];

const names = Object.keys(estimatorChecks) as (keyof typeof estimatorChecks)[];

describe.each(table.map(([title, make, facts]) => ({ title, subject: { make, ...facts } })))("$title", ({ subject }) => {
  test.each(names)("%s", async (name) => {
    expect(await estimatorChecks[name](subject)).toEqual([]);
  });
});

test("the table has an estimator of each kind, and the teacher is really asked", async () => {
  const made = table.map(([, make]) => make({ mcSamples: 4, mode: "iid" }));
  expect(new Set(made.map((estimator) => estimator.kind))).toEqual(new Set(["energy", "score"]));
  expect(made.filter((estimator) => estimator.needsTeacher).map(({ name }) => name)).toEqual(Array(3).fill("bootstrapped"));
});

type Ask = (estimate: Estimator["estimate"], request: EstimateRequest) => Promise<EstimateResult>;

/** `base` with its estimate replaced. */
const altered =
  (ask: Ask, base: Make = noisedEnergy): Make =>
  (options) => {
    const sound = base(options);
    return { ...sound, estimate: (request) => ask(sound.estimate, request) };
  };

/** The result of `base` with members replaced. */
const answering = (change: (result: EstimateResult, request: EstimateRequest) => Partial<EstimateResult>, base?: Make) =>
  altered(async (estimate, request) => {
    const result = await estimate(request);
    return { ...result, ...change(result, request) };
  }, base);

const noTeacher = table[5][1];
const keep = new Float32Array(24);

const controls: readonly (readonly [string, keyof typeof estimatorChecks, Make])[] = [
  ["a score under the kind of an energy", "shapes", (options) => ({ ...noisedScore(options), kind: "energy" })],
  ["flags of another length", "shapes", answering(() => ({ excluded: new Uint8Array(3) }))],
  ["one call a row", "calls are counted exactly", answering((_, { x }) => ({ energyCalls: x.n }))],
  ["the teacher's calls left out", "calls are counted exactly", answering(() => ({ networkCalls: 0 }), noTeacher)],
  ["a teacher that is not declared", "calls are counted exactly", (options) => ({ ...noTeacher(options), needsTeacher: false })],
  [
    "a target moved by the teacher's presence",
    "no teacher where none is declared",
    answering(({ target }, { teacher }) => ({ target: teacher ? target.map((v) => v + 1) : target })),
  ],
  [
    "plain calls of its own",
    "a noised that is given",
    altered((estimate, request) => estimate({ ...request, noised: undefined })),
  ],
  ["the key left out", "the key decides", altered((estimate, request) => estimate({ ...request, key: keyOf(1) }))],
  [
    "a call counter in the draws",
    "the key decides",
    (() => {
      let count = 0;
      return altered((estimate, request) => estimate({ ...request, key: keyOf(count++) }));
    })(),
  ],
  ["the mode left out", "draw modes differ", ({ mcSamples }) => noisedEnergy({ mcSamples, mode: "iid" as DrawMode })],
  [
    "variances clipped in place",
    "ownership",
    altered((estimate, request) => {
      request.variance[0] = 1;
      return estimate(request);
    }),
  ],
  [
    "one array for all targets",
    "ownership",
    answering(({ target }) => {
      keep.set(target.subarray(0, 24));
      return { target: keep };
    }),
  ],
  ["NaN not counted", "NaN and +inf energies", answering(() => ({ nonFinite: 0 }))],
  ["rows without an energy trained on", "NaN and +inf energies", answering(() => ({ excluded: undefined }), tweedie)],
  [
    "options that leave the mode out",
    "options rebuild it",
    ({ mcSamples = 8, mode = "iid" }) => ({ ...noisedEnergy({ mcSamples, mode }), options: { mcSamples } }),
  ],
  ["misspelt options passed over", "options rebuild it", ({ mcSamples, mode }) => noisedEnergy({ mcSamples, mode })],
  [
    "the force for the score",
    "close to the closed form",
    answering(({ target }) => ({ target: target.map((v) => -v) }), noisedScore),
  ],
  [
    "the standard deviation for the variance",
    "close to the closed form",
    altered((estimate, request) => estimate({ ...request, variance: request.variance.map(Math.sqrt) })),
  ],
];

describe("controls: broken estimators are rejected", () => {
  test.each(controls)('%s fails "%s"', async (_what, name, make) => {
    expect(await estimatorChecks[name]({ make })).not.toEqual([]);
  });

  test("every check has one", () => {
    expect(names.filter((name) => !controls.some(([, checked]) => checked === name))).toEqual([]);
  });
});
