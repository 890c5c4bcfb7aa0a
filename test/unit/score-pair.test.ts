/** A floor is made of independent calls on plain data: in any order, from copies, on any thread that has the energy. */
import { beforeAll, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { initKernels } from "../../src/kernels/load.js";
import { exactDraws } from "../../src/metrics/draws.js";
import { evaluate } from "../../src/metrics/evaluate.js";
import { medianDistance } from "../../src/metrics/ksd.js";
import { type PairRequest, scorePair } from "../../src/metrics/score-pair.js";
import { metricNames as allNames, metricTable } from "../../src/metrics/table.js";

const SEED = 3;
const PAIRS = 10;
const energy = gaussianMixture();
const exact = energy.exact as NonNullable<Energy["exact"]>;
const metricNames = allNames.filter((name) => metricTable[name].supports(energy));
let sample: Batch;

beforeAll(async () => {
  await initKernels();
  sample = exact.sample(120, 1);
});

function floorRequests(): PairRequest[] {
  const key = keyOf(SEED);
  const draws = exactDraws(exact, sample.n, 3, key, undefined);
  const bandwidth = medianDistance(draws.references[0]);
  return Array.from({ length: PAIRS }, (_, k) => {
    const [a, b] = draws.pair(k, sample.n);
    return { metrics: metricNames, sample: a, reference: b, key, bandwidth };
  });
}

test("the floors of evaluate are the means over pairs made backwards, from copies, with an energy made again", async () => {
  const { metrics } = await evaluate(sample, energy, { seed: SEED, floorPairs: PAIRS });
  const values: number[][] = [];
  for (const request of floorRequests().reverse()) {
    values.unshift(await scorePair(gaussianMixture(), structuredClone(request)));
  }
  metricNames.forEach((name, i) => {
    const mean = values.reduce((sum, pair) => sum + pair[i] / PAIRS, 0);
    expect(metrics[name]?.floor, name).toBe(mean);
  });
});

test("the rows of exact pairs travel as a seed; other pairs have other rows", async () => {
  const [first, second] = floorRequests();
  expect(Object.keys(first.sample)).toEqual(["seed", "n"]);
  expect(await scorePair(energy, first)).toEqual(await scorePair(energy, first));
  expect(await scorePair(energy, second)).not.toEqual(await scorePair(energy, first));
});

test("breathes after each metric and passes on what that throws", async () => {
  let breaths = 0;
  const [request] = floorRequests();
  const stop = new Error("stop");
  const breathe = async () => {
    if (++breaths === 3) throw stop;
  };
  await expect(scorePair(energy, request, breathe)).rejects.toBe(stop);
});
