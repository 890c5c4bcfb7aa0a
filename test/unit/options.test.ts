/** The option schema: defaults, refusals with the nearest known name, the field table and JSON Schema made from it. */
import { describe, expect, it } from "vitest";
import { describeOptions, optionJsonSchema, parseEvaluateOptions, parseTrainOptions } from "../../src/pipeline/options.js";
import { parseSampleOptions } from "../../src/pipeline/sample-options.js";

describe("parseTrainOptions", () => {
  it("fills defaults and keeps what was given", () => {
    const options = parseTrainOptions("train", { steps: 7, mode: "lattice" });
    expect(options).toMatchObject({ method: "bnem", steps: 7, mode: "lattice", mcSamples: 32, loss: "linex", backend: "auto" });
    expect(options.sigmaMax).toBeUndefined();
    expect(parseTrainOptions("train", undefined).steps).toBe(1500);
    expect(parseTrainOptions("train", { steps: undefined }).steps).toBe(1500);
  });

  it("refuses an unknown key with the nearest known one", () => {
    expect(() => parseTrainOptions("train", { stepz: 5 })).toThrow(RangeError);
    expect(() => parseTrainOptions("train", { stepz: 5 })).toThrow(/unknown option "stepz"; did you mean "steps"/);
    expect(() => parseTrainOptions("train", { onprogress: 1 }, ["onProgress"])).toThrow(/did you mean "onProgress"/);
  });

  it("passes over keys that carry live values", () => {
    expect(() => parseTrainOptions("train", { onProgress: () => {} }, ["onProgress"])).not.toThrow();
  });

  it.each([
    [{ method: "bnme" }, RangeError, /unknown method "bnme"; did you mean "bnem"/],
    [{ method: 3 }, TypeError, /method must be a string/],
    [{ steps: 0 }, RangeError, /steps must be an integer in \[1/],
    [{ steps: 1.5 }, RangeError, /steps must be an integer/],
    [{ steps: "10" }, TypeError, /steps must be a number, got "10"/],
    [{ steps: Number.NaN }, RangeError, /steps must be/],
    [{ mcSamples: 0 }, RangeError, /mcSamples must be an integer in \[1/],
    [{ learningRate: 0 }, RangeError, /learningRate must be a finite number above 0/],
    [{ learningRate: Number.POSITIVE_INFINITY }, RangeError, /learningRate must be a finite number/],
    [{ emaDecay: 1.2 }, RangeError, /emaDecay must be in \[0, 1\]/],
    [{ exact: "yes" }, TypeError, /exact must be true or false/],
    [{ seed: -1 }, RangeError, /seed must be an integer/],
    [{ seed: 2 ** 53 }, RangeError, /seed must be an integer/],
    [{ sigmaMin: 2, sigmaMax: 1 }, RangeError, /sigmaMin must be below sigmaMax/],
    [{ mode: "lattice", mcSamples: 33 }, RangeError, /power of two/],
    ["steps", TypeError, /options must be an object/],
    [[], TypeError, /options must be an object/],
    [null, TypeError, /options must be an object/],
  ])("refuses %j", (options, kind, text) => {
    expect(() => parseTrainOptions("train", options)).toThrow(kind);
    expect(() => parseTrainOptions("train", options)).toThrow(text);
  });
});

describe("parseSampleOptions", () => {
  it("refuses path weights where they do not exist", () => {
    expect(() => parseSampleOptions("sample", { integrator: "heun" })).toThrow(/no path weights/);
    // Left open: what training used decides.
    expect(parseSampleOptions("sample", { corrector: 1 }).correction).toBeUndefined();
    expect(parseSampleOptions("sample", { correction: "path" }).correction).toBe("path");
    expect(() => parseSampleOptions("sample", { nu: 0.5, dataStd: 0 })).toThrow(/nu and dataStd both set/);
    expect(() => parseSampleOptions("sample", { nu: 0, integrator: "exponential" })).toThrow(
      /nu is the variance of the "bridge" or "tuned" step/,
    );
    expect(parseSampleOptions("sample", { integrator: "heun", correction: "none" }).integrator).toBe("heun");
  });
});

describe("parseEvaluateOptions", () => {
  it("keeps the floor honest: at least 10 pairs and 3 references", () => {
    expect(() => parseEvaluateOptions("evaluate", { floorPairs: 9 })).toThrow(RangeError);
    expect(() => parseEvaluateOptions("evaluate", { references: 2 })).toThrow(RangeError);
  });
});

describe("the field table", () => {
  it.each(["train", "sample", "evaluate"] as const)("describes every %s option", (verb) => {
    const fields = describeOptions(verb);
    expect(fields.length).toBeGreaterThan(2);
    for (const field of fields) {
      expect(field.description, field.key).not.toBe("");
      expect(field.kind, field.key).not.toBe("text");
      expect(field.key).toMatch(/^[a-z][a-zA-Z]*$/);
    }
  });

  it("carries kinds, ranges, choices and defaults", () => {
    const byKey = new Map(describeOptions("train").map((field) => [field.key, field]));
    expect(byKey.get("steps")).toMatchObject({ kind: "integer", minimum: 1, default: 1500 });
    expect(byKey.get("learningRate")).toMatchObject({ kind: "number", minimum: 0, exclusiveMinimum: true });
    expect(byKey.get("exact")).toMatchObject({ kind: "boolean", default: false });
    expect(byKey.get("mode")).toMatchObject({ kind: "choice", choices: ["iid", "antithetic", "lattice"] });
  });

  it("gives JSON Schema that refuses unknown keys", () => {
    const schema = optionJsonSchema("train") as { additionalProperties: boolean; properties: Record<string, unknown> };
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties.learningRate).toMatchObject({ type: "number", exclusiveMinimum: 0, default: 4e-3 });
    expect(schema.properties.method).toMatchObject({ enum: ["bnem", "nem", "idem", "tweedem", "me-nem", "posterior"] });
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});
