/** What a sample is worth, in words: every effective size says what it is of and its n. */
import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/metrics/evaluate.js";
import type { ModeFractions } from "../../src/metrics/mode-fractions.js";
import { modeSentences, modeTable } from "../../src/pipeline/mode-table.js";
import type { CorrectionReport, SampleResult } from "../../src/pipeline/sample-result.js";
import { sampleLines, sampleWords } from "../../src/pipeline/sample-words.js";
import { modeFractionTable } from "../../src/report/tables.js";
import { parseMarkup } from "../support/well-formed.js";

const correction: CorrectionReport = {
  ...{ method: "smc", transition: "tuned", levels: 65, rows: 2000, islands: 16, resamplings: 2.5, acceptance: 0.8125 },
  essOf: "paths since the last resampling",
  pathEss: { value: 64, n: 256, fraction: 0.25 },
  effective: {
    value: 1234.4,
    n: 2000,
    fraction: 0.6172,
    limitedBy: "energy",
    logZ: 1500,
    over: "islands",
    groups: 16,
    relativeError: 0.365,
  },
  ancestors: { unique: 900, n: 2000 },
  trusted: { sigma: 2.5, residual: 0.5 },
  splitHalves: { logZ: 0.41, energy: 1.2 },
  pilot: { n: 256, networkCalls: 4096, energyCalls: 1024 },
  notices: ["the reference is narrow"],
};
const sample: SampleResult = {
  x: { data: new Float32Array(2), n: 1, dim: 2 },
  energy: new Float32Array(1),
  logWeights: new Float64Array(1),
  ess: { value: 1900, n: 2000, fraction: 0.95 },
  logZ: { value: -0.0123, standardError: 0.0045 },
  correction,
  verdict: { use: "weights", line: "Use with its weights: why.", broken: [] },
  ...{ seed: 1, energyCalls: 3024, networkCalls: 132096, pilotCalls: 4096, nonFinite: 0, seconds: 1 },
};

describe("words of a sample", () => {
  it("says what each size is of, and out of how many", () => {
    expect(sampleLines(sample)).toEqual([
      "Use with its weights: why.",
      "correction: smc, tuned transition, 65 levels, 2,000 rows in 16 islands, 2.5 resamplings per island",
      "log Z: \u22120.0123 \u00b1 0.0045",
      "N_eff: 1,234 of 2,000 (61.7 %), from the variance over 16 islands, \u00b1 37 %, limited by the mean energy",
      "path ESS: 64 of 256 (25 %), whole paths of the pilot, 256 rows without resampling",
      "ESS of the weights: 1,900 of 2,000 (95 %), Kish, paths since the last resampling",
      "unique ancestors: 900 of 2,000",
      "trusted up to: \u03c3 = 2.5, accumulated residual 0.5 kT",
      "split halves: log Z 0.41 standard errors apart, mean energies 1.2",
      "acceptance of moves: 0.813",
      "network calls: 132,096 rows, 4,096 of them in the pilot",
      "energy calls: 3,024 rows, 1,024 of them in the pilot",
      "Note: the reference is narrow.",
    ]);
  });

  it("says what is not known, and leaves out what there is not", () => {
    const { effective: _e, splitHalves: _s, acceptance: _a, ...known } = correction;
    const few = {
      ...known,
      method: "path",
      islands: 2,
      resamplings: 0,
      essOf: "whole paths",
      notices: [],
      trusted: { sigma: 0, residual: 0 },
    } as const;
    const facts = new Map(sampleWords({ ...sample, correction: few, pilotCalls: 0 })?.facts);
    expect(facts.get("correction")).toBe("path, tuned transition, 65 levels, 2,000 rows in 2 islands");
    expect(facts.get("N_eff")).toBe("not known from 2 islands, 8 are needed");
    expect(facts.get("path ESS")).toBe("64 of 256 (25 %), whole paths, without resampling");
    expect(facts.get("network calls")).toBe("132,096 rows");
    for (const name of ["trusted up to", "split halves", "acceptance of moves"]) expect(facts.has(name), name).toBe(false);
    const smc = { ...few, method: "smc" } as const;
    expect(new Map(sampleWords({ ...sample, correction: smc })?.facts).get("trusted up to")).toMatch(/^no level/);
  });

  it("has none for raw samples", () => {
    const { correction: _c, verdict: _v, ...raw } = sample;
    expect([sampleWords(raw), sampleLines(raw)]).toEqual([undefined, []]);
  });
});

describe("words of modes", () => {
  const fractions = (count: number, z: (k: number) => number, tail: number): ModeFractions => ({
    modes: Array.from({ length: count }, (_, k) => ({ value: 0.25, standardError: 0.01, expected: 0.2, z: z(k) })),
    ...{ largest: 12.34, chiSquare: { value: 512.3, degrees: count - 1, tail }, n: 2000, effectiveSize: 1200.4, clusters: 900 },
  });
  const evaluation = (raw: ModeFractions, weighted?: ModeFractions) =>
    ({ modeFractions: { raw, weighted } }) as unknown as Evaluation;

  it("says of raw and weighted rows how far they are off, and whether a chi-square is passed", () => {
    const both = evaluation(
      fractions(3, () => 5, 0),
      fractions(3, () => 1, 0.4),
    );
    expect(modeSentences(both)).toEqual([
      "Raw mode fractions (2,000 rows, effective size by Kish 1,200, 900 ancestors): off by at most 12 standard errors; chi-square 512 at 2 degrees of freedom, probability less than 1e-6: fails at 1 %.",
      "Weighted mode fractions (2,000 rows, effective size by Kish 1,200, 900 ancestors): off by at most 12 standard errors; chi-square 512 at 2 degrees of freedom, probability 0.4: passes at 1 %.",
    ]);
    const few = { ...fractions(3, () => 1, 1), chiSquare: { value: 0, degrees: 0, tail: 1 } };
    expect(modeSentences(evaluation(few))[0]).toMatch(
      /off by at most 12 standard errors; too few effective rows for a chi-square\.$/,
    );
    const table = modeTable(both);
    expect(table?.head).toEqual(["mode", "target", "raw", "z", "weighted", "z"]);
    expect(table?.rows[2]).toEqual(["3", "0.2", "0.25 \u00b1 0.01", "5", "0.25 \u00b1 0.01", "1"]);
    parseMarkup(`<div>${modeFractionTable(table as NonNullable<typeof table>)}</div>`);
    expect(modeTable(evaluation(fractions(3, () => 5, 0)))?.head).toEqual(["mode", "target", "raw", "z"]);
    expect([modeTable({} as Evaluation), modeSentences({} as Evaluation)]).toEqual([undefined, []]);
  });

  it("shows the forty modes that are farthest off, in their order", () => {
    const many = modeTable(evaluation(fractions(60, (k) => (k % 3 === 0 ? 0 : -k - 1), 0)));
    expect(many?.rows.map(([mode]) => Number(mode))).toEqual(
      Array.from({ length: 60 }, (_, k) => k + 1).filter((k) => k % 3 !== 1),
    );
    expect(many?.notes.at(-1)).toBe("The 40 of 60 modes that are farthest off.");
  });
});
