/** Flags made from the option schema, numbers as typed, configuration files, presets. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addOptionFlags, configSettings, parseNumber, progressModeOf, typedSettings } from "../../src/cli/flags.js";
import { UsageError } from "../../src/cli/outcome.js";
import { hasRelaxedSimd } from "../../src/cli/relaxed-simd.js";
import { presetOf } from "../../src/cli/train-plan.js";
import { describeOptions } from "../../src/pipeline/options.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bnem-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function parse(verb: "train" | "sample" | "evaluate", argv: string[]) {
  const command = addOptionFlags(new Command().exitOverride().configureOutput({ writeErr: () => {} }), verb);
  command.parse(argv, { from: "user" });
  return typedSettings(verb, command.opts());
}

describe("flags", () => {
  it("gives every option of the schema one flag, in kebab-case", () => {
    const flags = addOptionFlags(new Command(), "train").options.map((option) => [option.long, option.attributeName()]);
    expect(flags.map(([, key]) => key)).toEqual(describeOptions("train").map(({ key }) => key));
    for (const [long] of flags) expect(long).toMatch(/^--[a-z]+(-[a-z]+)*$/);
  });

  it("passes on only what was typed, as numbers, names and booleans", () => {
    expect(parse("train", [])).toEqual({});
    expect(parse("train", ["--mc-samples", "64", "--learning-rate", "1e-3", "--mode", "lattice", "--exact"])).toEqual({
      mcSamples: 64,
      learningRate: 0.001,
      mode: "lattice",
      exact: true,
    });
  });

  it("refuses what is no flag and what is no number", () => {
    expect(() => parse("train", ["--mcsamples", "3"])).toThrow(/unknown option/);
    expect(() => parse("train", ["--steps", "12abc"])).toThrow(/must be a number/);
    expect(() => parse("train", ["--steps"])).toThrow(/argument missing/);
  });

  it.each(["", " ", "0x10", "1_000", "NaN", "Infinity", "1e", "--1", "1,5"])("refuses %j as a number", (text) => {
    expect(() => parseNumber(text)).toThrow(/must be a number/);
  });

  it.each([
    ["12", 12],
    ["-3.5", -3.5],
    [".5", 0.5],
    ["2.", 2],
    ["1E-3", 0.001],
  ])("reads %j", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it("lets --quiet win over --progress", () => {
    expect(progressModeOf({ progress: "json", quiet: true })).toBe("none");
    expect(progressModeOf({ progress: "json" })).toBe("json");
    expect(progressModeOf({})).toBe("auto");
  });
});

describe("--config", () => {
  it("reads an object, and says what is wrong otherwise", async () => {
    const path = join(folder, "config.json");
    await writeFile(path, '{"steps": 7}');
    expect(await configSettings(path)).toEqual({ steps: 7 });
    expect(await configSettings(undefined)).toEqual({});
    for (const text of ["[1]", "3", "null", '{"steps": 7', ""]) {
      await writeFile(path, text);
      await expect(configSettings(path), text).rejects.toThrow(UsageError);
    }
    await expect(configSettings(join(folder, "absent.json"))).rejects.toThrow(UsageError);
  });
});

describe("--preset", () => {
  it("is by default the one of target and method", () => {
    expect(presetOf(undefined, ["gmm40"], "bnem").method).toBe("bnem");
    expect(presetOf(undefined, ["gmm40"], "me-nem").method).toBe("me-nem");
    expect(presetOf(undefined, ["ring"], "bnem")).toEqual({});
    expect(presetOf(undefined, ["lj13", "lennard-jones"], "nem").method).toBe("nem");
    expect(presetOf(undefined, ["lennard-jones", "lj13"], "nem")).toEqual(presetOf("lj13.nem", ["ring"]));
  });

  it("is the target's first where no method is asked for", () => {
    expect(presetOf(undefined, ["gmm40"]).method).toBe("bnem");
    expect(presetOf(undefined, ["dw4"]).method).toBe("posterior");
    expect(presetOf(undefined, ["ring"])).toEqual({});
  });

  it("can be named, with or without its target, or be none", () => {
    expect(presetOf("gmm40.nem", ["ring"], "bnem").method).toBe("nem");
    expect(presetOf("nem", ["gmm40"], "bnem").method).toBe("nem");
    expect(presetOf("none", ["gmm40"], "bnem")).toEqual({});
    expect(() => presetOf("gmm40.nme", ["gmm40"], "bnem")).toThrow(/unknown preset "gmm40.nme".*gmm40.nem/);
  });
});

describe("the relaxed SIMD probe", () => {
  it("is a module every engine can judge", () => {
    expect(typeof hasRelaxedSimd()).toBe("boolean");
  });
});
