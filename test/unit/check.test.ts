/** The guards of the public edge that no other file exercises. */
import { describe, expect, test } from "vitest";
import { checkKey, nearest } from "../../src/core/check.js";
import { keyOf } from "../../src/core/random.js";

describe("checkKey", () => {
  test("takes keys and refuses everything else by name", () => {
    expect(() => checkKey("noised", keyOf(1))).not.toThrow();
    for (const wrong of [undefined, null, 7, "seed", {}, { a: 1 }, { a: "1", b: "2" }]) {
      expect(() => checkKey("noised", wrong)).toThrow(/^noised: key must be a Key, made by keyOf/);
    }
  });
});

describe("nearest", () => {
  test.each([
    ["bacth", ["width", "batchSize", "batch"], "batch"],
    ["gmm4", ["gmm40", "gaussian-mixture"], "gmm40"],
    ["STEPS", ["steps", "seed"], "steps"],
    ["sede", ["steps", "seed"], "seed"],
  ])("%s", (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });
});
