/** The command on particles: `bnem train` of its presets at tiny sizes, frames of .xyz out and in, runs that diverge, and files that do not fit. */
import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Batch, energyByName, init, loadReference, readExtxyz, readNpz, writeExtxyz, writeNpy } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { commandIn } from "../support/command.js";
import { parseMarkup } from "../support/well-formed.js";

const LABEL = "learns from MCMC chains; discovers no modes of its own";
/** A second of training. */
const tiny = [
  ...["--steps", "12", "--batch-size", "16", "--warmup-steps", "1", "--seed", "1", "-n", "32"],
  ...["--chains", "64", "--chain-moves", "60", "--mc-samples", "8", "--buffer-refill", "8", "--buffer-steps", "4"],
];

const { folder, bnem, bnemJson, read, tensorsOf } = commandIn("particles");
beforeAll(() => init());

const isThere = (name: string) =>
  access(join(folder, name)).then(
    () => true,
    () => false,
  );

/** The first rows of the LJ-13 set that ships, with something done to them. */
async function rowsOf(n: number, change: (data: Float32Array) => void = () => undefined): Promise<Batch> {
  const { x } = await loadReference(await readFile("references/lj13.npz"), energyByName("lj13"));
  const data = x.data.slice(0, n * 39);
  change(data);
  return { data, n, dim: 39 };
}

async function writeRows(name: string, { data, n, dim }: Batch): Promise<void> {
  await writeFile(join(folder, name), writeNpy({ data, shape: [n, dim] }));
}

describe("bnem train", () => {
  test("lj13 without a method takes the target's first preset, labels it, and writes everything beside the shipped reference", async () => {
    const argv = ["train", "lj13", ...tiny, "--output-dir", "out", "--progress", "json"];
    const { code, data, stderr } = await bnemJson(...argv);
    expect(code, stderr).toBe(0);
    expect(data).toMatchObject({ energy: "lj13", method: "posterior", label: LABEL, steps: 12, notice: null });
    expect(data.samples.unweighted).toMatch(/^raw samples only: the energy of the moreau prior jumps/);
    expect(data.samples.ess).toBeNull();
    for (const name of ["energyW2", "pairDistanceTv", "alignedW2", "virialError"]) {
      expect(data.metrics[name].floor, name).toBeGreaterThan(0);
    }
    const phases = new Set(
      stderr
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).phase),
    );
    for (const phase of ["bringing chains to the target", "training", "sampling, raw"]) expect(phases).toContain(phase);
    expect((await readdir(join(folder, "out"))).sort()).toEqual(["model.safetensors", "report.html", "samples.npz"]);
    expect([...(await readNpz(await read("out/samples.npz"))).keys()].sort()).toEqual([
      ...["energy", "energy_calls", "network_calls", "non_finite", "pilot_calls", "seed", "x"],
    ]);
    const report = (await read("out/report.html")).toString();
    parseMarkup(report);
    expect(report).toContain(LABEL);
    for (const figure of [
      "Distances between particles",
      "Radial distribution",
      "Energy W2 while training",
      "Pair-distance TV while training",
    ]) {
      expect(report, figure).toContain(figure);
    }
  });

  test("the summary says what the method is and why there are no weights; frames of .xyz come out where they are asked for", async () => {
    const { code, stdout } = await bnem("train", "dw4", ...tiny, "--samples", "dw4.xyz", "--no-evaluate", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toContain(`posterior ${LABEL}\nraw samples only: `);
    const { x, energy } = readExtxyz((await read("dw4.xyz")).toString(), { count: 4, spatialDim: 2 });
    expect([x.n, x.dim]).toEqual([32, 8]);
    expect(energy).toEqual(energyByName("dw4").energy(x));
  });

  test("weighted presets weigh; methods of the papers feed their buffer themselves and have no label", async () => {
    const weighted = await bnemJson("train", "lj13", "--preset", "weighted", ...tiny, "--no-evaluate", "--quiet");
    expect(weighted.data).toMatchObject({ method: "posterior", label: LABEL, samples: { unweighted: null } });
    expect(weighted.data.samples.ess.n).toBe(32);
    const nem = await bnemJson("train", "lj13", "--method", "nem", ...tiny, "--no-evaluate", "--quiet");
    expect(nem.data).toMatchObject({ method: "nem", label: null, nonFinite: 0, samples: { unweighted: null } });
  });
});

describe("bnem sample and bnem evaluate", () => {
  test("frames of .xyz from a checkpoint, scored against the set that ships", async () => {
    const { code, data } = await bnemJson("sample", "out/model.safetensors", "-n", "40", "--seed", "3", "-o", "x.xyz");
    expect(code).toBe(0);
    expect(data).toMatchObject({ n: 40, correction: { method: "none" }, label: LABEL, ess: null });
    const scored = await bnemJson("evaluate", "x.xyz", "--energy", "lj13", "--reference", "builtin");
    expect(scored.code).toBe(0);
    expect(scored.data.metrics.energyW2.floor).toBeGreaterThan(0);
    // Without weights an array alone will do; with them it will not.
    expect((await bnem("sample", "out/model.safetensors", "-n", "4", "-o", "x.npy")).code).toBe(0);
    const weights = await bnemJson("sample", "out/model.safetensors", "-n", "4", "-o", "x.npy", "--correction", "path");
    expect(weights.data.error).toMatchObject({ exitCode: 2, message: expect.stringMatching(/cannot hold the weights/) });
  });
});

describe("runs that diverge", () => {
  /** A bowl of two particles whose energy is NaN after so many calls. */
  const failing = (after: number) => `
    let calls = 0;
    export default {
      name: "failing", dim: 6, particles: { count: 2, spatialDim: 3 }, check: { x: [-0.5, 0, 0, 0.5, 0, 0] },
      evaluate(x, gradient) {
        let e = 0;
        for (let i = 0; i < 6; i++) { e += 0.5 * x[i] * x[i]; if (gradient) gradient[i] = x[i]; }
        return ++calls > ${after} ? NaN : e;
      },
    };`;
  const argv = ["--method", "posterior", "--prior", "gaussian", "--architecture", "descriptor", "--chains", "32"];
  const more = ["--chain-moves", "40", "--chain-leapfrogs", "3", "--batch-size", "8", "--posterior-moves", "2", "--seed", "1"];
  const rest = ["--no-evaluate", "-n", "10", "--quiet", "--checkpoint-every", "5"];

  test("energies that turn NaN: the step, the cause, and the last good checkpoint in place", async () => {
    await writeFile(join(folder, "later.mjs"), failing(15_000));
    const { code, data } = await bnemJson(
      "train",
      "later.mjs",
      ...argv,
      ...more,
      ...rest,
      "--steps",
      "400",
      "-o",
      "later.safetensors",
    );
    expect(code).toBe(1);
    expect(data.error.code).toBe("diverged");
    const said =
      /^train: every energy was not finite for 10 steps in a row at step (\d+); check the energy .*; later\.safetensors holds the run as it was after step (\d+)$/;
    expect(data.error.message).toMatch(said);
    const [, step, stored] = data.error.message.match(said).map(Number);
    expect([stored % 5, stored < step - 9]).toEqual([0, true]);
    expect(stored).toBeGreaterThan(0);
    const { data: facts } = await bnemJson("info", "later.safetensors");
    expect(facts.step).toBe(stored);
    // Its chains are in it: with an energy that holds, the run ends in the bits of one that was left alone.
    await writeFile(join(folder, "later.mjs"), failing(1e9));
    const whole = ["train", "later.mjs", ...argv, ...more, ...rest, "--steps", "400", "-o"];
    expect((await bnem(...whole, "later.safetensors", "--resume")).code).toBe(0);
    expect((await bnem(...whole, "whole.safetensors")).code).toBe(0);
    expect(await tensorsOf("later.safetensors")).toEqual(await tensorsOf("whole.safetensors"));
  });

  test("NaN on the way to the target: the step size collapses, and nothing is written", async () => {
    await writeFile(join(folder, "sooner.mjs"), failing(1000));
    const { code, data } = await bnemJson(
      "train",
      "sooner.mjs",
      ...argv,
      ...more,
      ...rest,
      "--steps",
      "20",
      "-o",
      "sooner.safetensors",
    );
    expect(code).toBe(1);
    expect(data.error).toMatchObject({
      code: "diverged",
      message: expect.stringMatching(/^train: the step size of hmc collapsed to .* chainMoves/),
    });
    expect(await isThere("sooner.safetensors")).toBe(false);
  });

  test("a learning rate that is too high: what to lower, and the checkpoint before it went wrong", async () => {
    const high = [
      "--learning-rate",
      "1e30",
      "--steps",
      "100",
      "--checkpoint-every",
      "1",
      "--no-evaluate",
      "--quiet",
      "-o",
      "high.safetensors",
    ];
    const { code, data } = await bnemJson("train", "lj13", ...tiny, ...high);
    expect(code).toBe(1);
    expect(data.error.code).toBe("diverged");
    expect(data.error.message).toMatch(
      /^train: the (loss|gradient of the loss) was not finite for 10 steps in a row at step \d+; lower learningRate/,
    );
    expect(await isThere("high.safetensors")).toBe(/holds the run as it was/.test(data.error.message));
  });
});

describe("chains that do not mix", () => {
  test("a ladder that never swaps is told by train, in its own options", async () => {
    const ladder = ["--chain-move", "tempering", "--temperatures", "2", "--temperature-max", "1e6", "--chain-moves", "20"];
    const { code, data } = await bnemJson("train", "lj13", ...tiny, ...ladder, "--no-evaluate", "--quiet");
    expect(code).toBe(0);
    expect(data.notice).toMatch(/never swapped in \d+ attempts.*\(options temperatures, temperatureMax, chainMoves\)$/);
  });

  test("and by reference", async () => {
    const ladder = ["--move", "tempering", "--hottest", "1e6", "--replicas", "2", "--warmup", "20", "--pilot-steps", "30"];
    const { code, data } = await bnemJson("reference", "lj13", "-n", "64", "--seed", "1", "--chains", "32", ...ladder);
    expect(code).toBe(0);
    expect(data.notice).toMatch(/never swapped in \d+ attempts.*use more replicas, a lower `hottest`/);
  });
});

describe("files that do not fit", () => {
  test("coincident particles are counted, and so is what they do to the metrics", async () => {
    await writeRows("same.npy", await rowsOf(50, (data) => data.copyWithin(3, 0, 3)));
    const energies = await bnemJson("energy", "lj13", "-i", "same.npy");
    expect([energies.code, energies.data.nonFinite]).toEqual([0, 1]);
    expect((await bnem("energy", "lj13", "-i", "same.npy")).stderr).toMatch(
      /^1 of 50 energies are not finite: particles that lie on each other/m,
    );
    const scored = await bnemJson("evaluate", "same.npy", "--energy", "lj13", "--reference", "builtin");
    expect(scored.code).toBe(0);
    expect(scored.data.verdict.join("\n")).toMatch(/1 of 50 rows have an energy that is not finite .* leave those rows out/);
  });

  test("NaN coordinates are refused by energy, counted by evaluate", async () => {
    const nan = await rowsOf(50, (data) => data.fill(Number.NaN, 40, 41));
    await writeRows("nan.npy", nan);
    const { code, data } = await bnemJson("energy", "lj13", "-i", "nan.npy");
    expect([code, data.error.message]).toEqual([
      1,
      "nan.npy: 1 of 50 rows are not finite, first row 1 (from 0) with NaN as coordinate 1; leave them out",
    ]);
    const scored = await bnemJson("evaluate", "nan.npy", "--energy", "lj13", "--reference", "builtin");
    expect(scored.data.verdict.join("\n")).toMatch(/1 of 50 rows came out non-finite and were left out/);
  });

  test("a dimension or a number of particles of another target, and count lines that are wrong", async () => {
    await writeFile(join(folder, "eight.npy"), writeNpy({ data: new Float32Array(80), shape: [10, 8] }));
    const frames = writeExtxyz({ x: await rowsOf(20) }, { count: 13, spatialDim: 3 });
    const lines = frames.split("\n");
    await writeFile(join(folder, "good.xyz"), frames);
    await writeFile(join(folder, "few.xyz"), ["12", ...lines.slice(1)].join("\n"));
    await writeFile(join(folder, "text.xyz"), ["thirteen", ...lines.slice(1)].join("\n"));
    await writeFile(join(folder, "cut.xyz"), lines.slice(0, 40).join("\n"));
    await writeFile(join(folder, "nan.xyz"), frames.replace(/Ar \S+/, "Ar nan"));
    const cases: [string, string, RegExp][] = [
      ["eight.npy", "lj13", /^eight\.npy: its rows have 8 coordinates, lj13 takes 39/],
      ["good.xyz", "dw4", /line 1: frame 1 has 13 particles, expected 4; choose the energy that fits the file/],
      ["good.xyz", "gmm40", /gmm40 is no energy of particles; use \.npz or \.npy/],
      ["few.xyz", "lj13", /line 1: frame 1 has 12 particles, expected 13/],
      ["text.xyz", "lj13", /line 1: expected the count of frame 1 alone on its line, got "thirteen"/],
      ["cut.xyz", "lj13", /the file ends after 8 of the 13 particles of frame 3; it was cut off, or its count is wrong/],
      ["nan.xyz", "lj13", /line 3: x is nan; coordinates must be finite, leave this frame out/],
    ];
    for (const [file, energy, text] of cases) {
      const { code, data } = await bnemJson("evaluate", file, "--energy", energy);
      expect(code, file).toBeGreaterThan(0);
      expect(data.error.message, file).toMatch(text);
    }
  });
});
