/**
 * Metrics on samples of known quality: the noise floors of GMM-40, and samplers that are wrong in a known way, which must be found
 * out. Closed forms of single metrics are in test/unit/metric-laws.test.ts.
 */
import { type Batch, evaluate, gaussianMixture, init, keyOf, type MetricName, type MetricResult } from "bnem";
import { beforeAll, describe, expect, it } from "vitest";
import { GMM40_MEANS, gmm40, mixtureDraws, mixtureEnergy } from "../reference/mixture.js";

beforeAll(() => init());

const mixture = gmm40();
const target = gaussianMixture({ components: 40, seed: 0 });

describe("noise floors of GMM-40", () => {
  /**
   * Against published or measured floors mean +- sd: |difference| < 6 standard errors, ours from the pairs here and theirs taken as
   * sd / sqrt(10), since they do not state their number of pairs.
   */
  function expectFloor(metric: MetricResult | undefined, value: number, deviation: number): void {
    const { floor, floorStandardError } = metric as MetricResult;
    expect(Math.abs(floor - value)).toBeLessThan(6 * Math.hypot(floorStandardError, deviation / Math.sqrt(10)));
  }

  it("n = 1000: position W1 2.47 +- .45, W2 4.49 +- .61, energy W2 squared .011 +- .007, TV .818 +- .009", async () => {
    const { metrics } = await evaluate(mixtureDraws(mixture, 1000, keyOf(6)), target, {
      seed: 1,
      floorPairs: 30,
      metrics: ["positionW1", "positionW2", "energyW2Paper", "totalVariation"],
    });
    expectFloor(metrics.positionW1, 2.47, 0.45);
    expectFloor(metrics.positionW2, 4.49, 0.61);
    expectFloor(metrics.energyW2Paper, 0.011, 0.007);
    expectFloor(metrics.totalVariation, 0.818, 0.009);
    expect(metrics.positionW2?.floorStandardError).toBeLessThan(0.25);
  });

  it("n = 2000: position W2 3.42 +- .64, mode-weight TV .0554 +- .0068; N_eff = 1000: mode-weight TV .0785", async () => {
    const x = mixtureDraws(mixture, 2000, keyOf(7));
    // Half of the rows weigh nothing: effective size 1000.
    const logWeights = Float32Array.from({ length: 2000 }, (_, i) => (i & 1 ? 0 : -Infinity));
    const result = await evaluate(x, target, { seed: 2, floorPairs: 20, logWeights, metrics: ["positionW2", "modeWeightTv"] });
    expectFloor(result.metrics.positionW2, 3.42, 0.64);
    expectFloor(result.metrics.modeWeightTv, 0.0554, 0.0068);
    expect(result.weighted?.effectiveSize).toBeCloseTo(1000, 6);
    expectFloor(result.weighted?.metrics.modeWeightTv, 0.0785, 0.0096);
    expect(result.weighted?.metrics.positionW2?.floor).toBeGreaterThan(result.metrics.positionW2?.floor as number);
  });

  it("control: the floor of n = 1000 is not that of n = 2000", async () => {
    const { metrics } = await evaluate(mixtureDraws(mixture, 1000, keyOf(8)), target, {
      seed: 3,
      floorPairs: 20,
      metrics: ["modeWeightTv"],
    });
    const { floor, floorStandardError } = metrics.modeWeightTv as MetricResult;
    expect((floor - 0.0554) / Math.hypot(floorStandardError, 0.0068 / Math.sqrt(10))).toBeGreaterThan(6);
  });
});

describe("verdicts on samplers of known quality, n = 1000", () => {
  /** How far beyond the floor, in standard deviations of one exact pair. */
  function excess({ value, floor, floorStandardError }: MetricResult, pairs: number): number {
    return (value - floor) / (floorStandardError * Math.sqrt(pairs));
  }

  async function scores(x: Batch, metrics: MetricName[], logWeights?: Float64Array) {
    return evaluate(x, target, { seed: 9, floorPairs: 20, metrics, ...(logWeights && { logWeights }) });
  }

  const cheap: MetricName[] = ["energyW2", "totalVariation", "modeWeightTv", "modesCovered", "stragglers"];

  it("exact draws: nothing lies 6 deviations beyond its floor", async () => {
    const { metrics } = await scores(mixtureDraws(mixture, 1000, keyOf(10)), [...cheap, "positionW2", "slicedW2"]);
    for (const metric of Object.values(metrics)) {
      if (metric.floorStandardError > 0) expect(Math.abs(excess(metric, 20))).toBeLessThan(6);
      else expect(metric.value).toBe(metric.floor);
    }
    expect(metrics.modesCovered).toMatchObject({ value: 40, total: 40, atFloor: true });
    expect(metrics.stragglers).toMatchObject({ value: 0, atFloor: true });
  });

  it("control: twenty modes lost", async () => {
    const half = gmm40(GMM40_MEANS.map((_, k) => (k < 20 ? 0.05 : 0)));
    const result = await scores(mixtureDraws(half, 1000, keyOf(11)), [...cheap, "positionW2"]);
    expect(excess(result.metrics.modeWeightTv as MetricResult, 20)).toBeGreaterThan(11);
    expect(excess(result.metrics.positionW2 as MetricResult, 20)).toBeGreaterThan(6);
    // method.md 8: with 20 true modes the right radius reports 28, neighbours overlapping; another 20 modes may give a few more or less.
    expect(result.metrics.modesCovered?.value).toBeLessThan(33);
    expect(result.metrics.modesCovered?.atFloor).toBe(false);
    expect(result.verdict.join("\n")).toMatch(/not at it: .*position W2.*mode-weight TV/s);
  });

  it("control: modes twice as wide", async () => {
    const wide = { ...mixture, std: 2 * mixture.std };
    const { metrics } = await scores(mixtureDraws(wide, 1000, keyOf(12)), cheap);
    expect(excess(metrics.energyW2 as MetricResult, 20)).toBeGreaterThan(11);
    expect(metrics.stragglers?.value).toBeGreaterThan(0);
  });

  it("control: three rows far away are stragglers; energy W2 sees them, trimmed energy W2 does not", async () => {
    const x = mixtureDraws(mixture, 1000, keyOf(13));
    x.data.set([200, 200, -200, 200, 0, 300]);
    const { metrics } = await scores(x, ["stragglers", "energyW2", "energyW2Trimmed"]);
    expect(metrics.stragglers).toMatchObject({ value: 0.003, atFloor: false });
    expect(metrics.energyW2?.atFloor).toBe(false);
    expect(excess(metrics.energyW2Trimmed as MetricResult, 20)).toBeLessThan(6);
  });

  it("weights repair a sampler with wrong mode weights, and the raw sample is found out", async () => {
    const skew = GMM40_MEANS.map((_, k) => (k < 20 ? 0.04 : 0.01));
    const skewed = gmm40(skew);
    const x = mixtureDraws(skewed, 1000, keyOf(14));
    const proposal = mixtureEnergy(skewed).energy(x);
    const exact = target.energy(x);
    const logWeights = Float64Array.from(proposal, (e, i) => e - exact[i]);
    const { metrics, weighted } = await scores(x, [...cheap, "positionW2"], logWeights);
    expect(excess(metrics.modeWeightTv as MetricResult, 20)).toBeGreaterThan(11);
    expect(weighted?.essFraction).toBeGreaterThan(0.5);
    for (const name of ["energyW2", "modeWeightTv", "positionW2"] as const) {
      expect(Math.abs(excess(weighted?.metrics[name] as MetricResult, 20))).toBeLessThan(6);
    }
  });
});
