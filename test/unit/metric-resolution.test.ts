/** A floor of exactly zero: what n rows cannot show is not held against a sample, one row is. */
import { expect, test } from "vitest";
import { stragglers } from "../../src/metrics/mode-coverage.js";
import { measuredFloor, resultOf } from "../../src/metrics/result.js";

test("stragglers of a weighted sample with a mass of 1e-42 are at the floor; one row of 2,000 is not", () => {
  const floor = measuredFloor(stragglers, new Float64Array(10), 2000);
  expect(resultOf(stragglers, { scores: [1e-42], floor, n: 2000 })).toMatchObject({ atFloor: true, floorLimit: 0.5 / 2000 });
  expect(resultOf(stragglers, { scores: [0], floor, n: 2000 }).atFloor).toBe(true);
  expect(resultOf(stragglers, { scores: [1 / 2000], floor, n: 2000 }).atFloor).toBe(false);
});
