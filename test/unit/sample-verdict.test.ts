/** The verdict on samples, rule by rule: which use, which rule, and that the line carries figure, n and threshold. */
import { describe, expect, test } from "vitest";
import { keyOf, uniformAt } from "../../src/core/random.js";
import { summarizeIslands } from "../../src/correction/islands.js";
import { type SampleFacts, sampleVerdict, verdictThresholds } from "../../src/correction/sample-verdict.js";

const size = (value: number, n: number) => ({ value, n, fraction: value / n });

/** Paths of a good model, not resampled. */
const paths: SampleFacts = {
  n: 2000,
  nonFinite: 0,
  islands: 16,
  ess: size(1200, 2000),
  pathEss: size(1200, 2000),
  maxWeight: 0.003,
  uniqueAncestors: 2000,
  kHat: 0.2,
};
/** Rows of sequential Monte Carlo. */
const resampled: SampleFacts = {
  n: 2000,
  nonFinite: 3,
  islands: 16,
  ess: size(1900, 2000),
  maxWeight: 0.001,
  uniqueAncestors: 700,
  effective: { ...size(900, 2000), limitedBy: "energy" },
  pathEss: size(3, 512),
  splitHalves: { logZ: 0.8, energy: 1.9 },
  accumulatedResidual: { trusted: 0.5, lowest: 0.3 },
};
const all = (rows: number, island: number) => ({ ...resampled, n: rows, ess: size(rows, rows), islands: island });

type Case = readonly [name: string, facts: SampleFacts, use: string, broken: readonly string[], text: RegExp];

const cases: readonly Case[] = [
  [
    "good paths",
    paths,
    "weights",
    [],
    /^Use with its weights: 1200 effective rows of 2000 \(60 %; Kish.*some mean may be off by 36\.5 of.*at most 1\.5/,
  ],
  [
    "good resampled rows",
    resampled,
    "weights",
    [],
    /^Use with its weights: 900 effective rows of 2000 \(45 %; N_eff.*mean energy over 16 islands, 700/,
  ],
  [
    "nearly equal weights",
    { ...paths, ess: size(1999.9, 2000) },
    "raw",
    [],
    /^Can be used raw: .* 0\.316 of its standard errors, at most 1\.5/,
  ],
  ["weights that vary at 3 standard errors", { ...paths, ess: size(1991, 2000) }, "weights", [], /off by 3\.01 of/],
  ["equal weights after resampling", { ...resampled, ess: size(2000, 2000) }, "raw", [], /900 effective rows.*700 ancestors/],
  [
    "equal weights, forward ESS .6",
    { ...paths, ess: size(2000, 2000), pathEss: undefined, forwardEss: size(600, 1000) },
    "weights",
    [],
    /off by/,
  ],
  ["independent rows in one island", { ...paths, islands: 1, pathEss: undefined, kHat: undefined }, "weights", [], /Kish/],
  [
    "one row",
    { ...paths, n: 1, ess: size(1, 1), maxWeight: 1, uniqueAncestors: 1 },
    "no",
    ["rows", "ancestors", "effective", "max-weight"],
    /n = 1 rows are too few.*single ancestor/,
  ],
  [
    "thirty exact rows",
    { ...paths, n: 30, ess: size(30, 30), maxWeight: 1 / 30, uniqueAncestors: 30 },
    "no",
    ["rows", "ancestors", "effective"],
    /^Do not use this sample: n = 30 rows are too few to judge, at least 50 needed;/,
  ],
  [
    "a single surviving ancestor",
    { ...resampled, uniqueAncestors: 1 },
    "no",
    ["ancestors"],
    /all 2000 rows descend from a single ancestor, at least 50 needed/,
  ],
  [
    "few ancestors",
    { ...all(20_000, 16), uniqueAncestors: 120, effective: { ...size(900, 20_000), limitedBy: "logZ" } },
    "no",
    ["ancestors"],
    /from 120 ancestors, at least 200/,
  ],
  [
    "all weight on one row",
    { ...paths, ess: size(1, 2000), maxWeight: 1 },
    "no",
    ["effective", "max-weight"],
    /one row of 2000 has 100 % of all weight/,
  ],
  [
    "few effective rows by the energy",
    { ...resampled, effective: { ...size(31, 2000), limitedBy: "energy" } },
    "no",
    ["effective"],
    /31 effective rows of 2000 \(1\.55 %; N_eff.*mean energy over 16 islands\), at least 50 and 1 % needed/,
  ],
  [
    "few effective rows by log Z",
    { ...resampled, effective: { ...size(31, 2000), limitedBy: "logZ" } },
    "no",
    ["effective"],
    /log Z over 16/,
  ],
  [
    "a small share",
    { ...paths, n: 20_000, uniqueAncestors: 20_000, ess: size(150, 20_000) },
    "no",
    ["effective"],
    /150 effective rows of 20000 \(0\.75 %/,
  ],
  [
    "resampled in 4 islands",
    { ...resampled, islands: 4, effective: undefined, splitHalves: undefined },
    "no",
    ["unknown"],
    /4 islands are too few/,
  ],
  ["failed rows", { ...resampled, nonFinite: 90 }, "no", ["non-finite"], /90 of 2000 rows came out non-finite, at most 1 %/],
  [
    "a missing mode",
    { ...paths, forwardEss: size(2, 1000) },
    "no",
    ["missing-mode"],
    /reverse path ESS 60 % of 2000, forward 0\.2 % of 1000/,
  ],
  [
    "a part that hardly a row saw",
    { ...paths, forwardEss: size(900, 1000), unseen: { share: 0.03, n: 1000 } },
    "no",
    ["missing-mode"],
    /a part of the target is missing: 3 % of 1000 target samples .* at most 2 % allowed/,
  ],
  [
    "one target sample with a huge weight",
    { ...paths, forwardEss: size(2, 1000), unseen: { share: 0.001, n: 1000 } },
    "weights",
    [],
    /Use with/,
  ],
  ["forward above reverse", { ...paths, forwardEss: size(900, 1000), pathEss: size(400, 2000) }, "weights", [], /Use with/],
  ["a heavy tail, few rows", { ...paths, kHat: 0.8 }, "no", ["tail"], /k-hat 0\.8, above 0\.7, needs n >= 100000/],
  [
    "a heavy tail, many rows",
    { ...paths, n: 200_000, uniqueAncestors: 200_000, ess: size(9000, 200_000), kHat: 0.8 },
    "weights",
    [],
    /Use/,
  ],
  ["no mean at all", { ...paths, kHat: 1.2 }, "no", ["tail"], /needs n >= Infinity/],
  [
    "halves disagree in log Z",
    { ...resampled, splitHalves: { logZ: 7.2, energy: 1 } },
    "no",
    ["split-halves"],
    /disagree in log Z by 7\.2 standard errors, at most 4/,
  ],
  [
    "halves disagree in energy",
    { ...resampled, splitHalves: { logZ: 1, energy: Infinity } },
    "no",
    ["split-halves"],
    /mean energy by Infinity/,
  ],
  [
    "untrusted levels chose rows",
    { ...resampled, accumulatedResidual: { trusted: 3.4 } },
    "no",
    ["residual"],
    /off by 3\.4 kT, at most 3/,
  ],
  ["a residual that chose nothing", { ...paths, accumulatedResidual: { trusted: 3.4 } }, "weights", [], /Use/],
  ["a map that cannot be inverted", { ...paths, notInvertible: 2 }, "no", ["map"], /2 steps/],
];

describe("sampleVerdict", () => {
  test.each(cases)("%s", (_, facts, use, broken, text) => {
    const verdict = sampleVerdict(facts);
    expect(verdict.use).toBe(use);
    expect(verdict.broken).toEqual(broken);
    expect(verdict.line).toMatch(text);
    expect(verdict.line).not.toContain("\n");
    expect(verdict.line).toMatch(/\.$/);
  });

  test("figures that JSON could not hold are not judged", () => {
    const recorded = JSON.parse(
      JSON.stringify({ ...paths, kHat: Number.NaN, splitHalves: { logZ: Number.NaN }, effective: null }),
    );
    expect(recorded.kHat).toBeNull();
    expect(sampleVerdict(recorded).use).toBe("weights");
  });

  test("all thresholds are finite numbers", () => {
    for (const value of Object.values(verdictThresholds)) expect(value).toBeGreaterThan(0);
  });

  test.each(["n", "nonFinite", "islands", "ess", "maxWeight", "uniqueAncestors"])("needs %s", (name) => {
    expect(() => sampleVerdict({ ...paths, [name]: undefined })).toThrow(new RegExp(`^sampleVerdict: ${name}`));
  });

  test("takes what summarizeIslands returns", () => {
    const logWeights = Float64Array.from({ length: 1600 }, (_, i) => uniformAt(keyOf(1), i));
    const summary = summarizeIslands({ logWeights, sizes: new Array(16).fill(100), energy: logWeights });
    expect(sampleVerdict({ ...summary, nonFinite: 0, uniqueAncestors: 1600 }).use).toBe("weights");
    expect(() => sampleVerdict(undefined as never)).toThrow(TypeError);
    expect(() => sampleVerdict({ ...paths, maxWeight: 2 })).toThrow(RangeError);
    expect(() => sampleVerdict({ ...paths, ess: { ...paths.ess, value: Number.NaN } })).toThrow(/ess\.value/);
  });
});

/**
 * The bound behind "raw": rows of q with weights w = 1 + c f, f = +-1, mean 1: CV^2 = c^2, and the mean of f itself is shifted by exactly c
 * standard deviations. 400 sets of 2,500 rows at c = .02 (1 standard error) and .1 (5).
 */
test("raw means are off by what the verdict allows, and no more", () => {
  const shiftOf = (c: number) => {
    const n = 2500;
    let sum = 0;
    for (let seed = 0; seed < 400; seed++) {
      let mean = 0;
      for (let i = 0; i < n; i++) mean += uniformAt(keyOf(seed), i) < 0.5 ? -1 : 1;
      sum += (mean / n - c) ** 2 * n;
    }
    const { use } = sampleVerdict({ ...paths, n, uniqueAncestors: n, ess: size(n / (1 + c * c), n), pathEss: undefined });
    return { use, meanSquare: sum / 400 };
  };
  // Squared error in squared standard errors: 1 of noise and 1 of bias; its mean over 400 sets is known to .13.
  const near = shiftOf(0.02);
  expect(near.use).toBe("raw");
  expect(near.meanSquare).toBeLessThan(2.8);
  const far = shiftOf(0.1);
  expect(far.use).toBe("weights");
  expect(far.meanSquare).toBeGreaterThan(20);
});
