/** The command as it ships: dist/cli.js in processes of its own, on tiny settings. What is tested is use, not sampling quality. */
import { spawn } from "node:child_process";
import { access, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { batchFromArray, type Energy, energyByName, init, readNpy, readNpz, version, writeNpy, writeNpz } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { cli, commandIn } from "../support/command.js";
import { parseMarkup } from "../support/well-formed.js";

/** Small enough for a second of training. */
const tiny = [
  ...["--width", "8", "--depth", "1", "--features", "8", "--batch-size", "32", "--mc-samples", "8"],
  ...["--buffer-every", "5", "--buffer-refill", "32", "-n", "64", "--no-evaluate", "--quiet"],
];

const { folder, bnem, bnemJson, read, tensorsOf } = commandIn("cli");
beforeAll(() => init());

describe("usage", () => {
  test("no command, unknown commands and flags end with code 2, and say what is near", async () => {
    expect((await bnem()).code).toBe(2);
    const unknown = await bnem("trian");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("Did you mean train?");
    const flag = await bnem("train", "gmm40", "--stepz", "3");
    expect(flag.code).toBe(2);
    expect(flag.stderr).toContain("Did you mean --steps?");
  });

  test("help and version end with code 0", async () => {
    const help = await bnem("train", "--help");
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("--checkpoint-every <steps>");
    const shown = await bnem("--version");
    expect(shown).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  test.each([
    [["train", "gmm41"], /unknown energy "gmm41"; did you mean "gmm40"/],
    [["train", "gmm40", "--method", "bnme"], /did you mean "bnem"/],
    [["train", "gmm40", "--steps", "0"], /steps must be an integer/],
    [["train", "gmm40", "--steps", "x"], /must be a number/],
    [["train", "gmm40", "-n", "0"], /-n must be a whole number above 0/],
    [["train", "gmm40", "--preset", "gmm40.nme"], /unknown preset/],
    [["train", "gmm40", "--resume"], /need --output/],
    [["train", "gmm40", "-o", "model.bin"], /ending in .safetensors/],
    [["train"], /name an energy/],
    [["sample", "m.safetensors", "--integrator", "heun"], /no path weights/],
    [["evaluate", "x.npz"], /required option '--energy/],
    [["info", "gmm41"], /did you mean "gmm40"/],
  ])("%j is wrong use: one JSON object and code 2", async (argv, text) => {
    const { code, data } = await bnemJson(...argv);
    expect(code).toBe(2);
    expect(Object.keys(data)).toEqual(["error"]);
    expect(data.error).toMatchObject({ name: "UsageError", exitCode: 2 });
    expect(data.error.message).toMatch(text);
  });

  test("a failure ends with code 1, its name and its stable code", async () => {
    const { code, data } = await bnemJson("sample", "absent.safetensors");
    expect(code).toBe(1);
    expect(data.error).toMatchObject({ name: "BnemError", code: "bad-file", exitCode: 1 });
  });
});

describe("info and doctor", () => {
  test("info lists energies and presets, and describes one energy", async () => {
    const all = await bnemJson("info");
    expect(all.data.energies.map(({ name }: { name: string }) => name)).toContain("gmm40");
    expect(all.data.presets).toContain("gmm40.bnem");
    const one = await bnemJson("info", "gmm40");
    expect(one.data).toMatchObject({ energy: "gmm40", dim: 2, modes: 40, logZ: 0, exactSamples: true });
    const schema = await bnemJson("info", "--schema", "train");
    expect(schema.data.properties.steps.type).toBe("integer");
  });

  test("doctor says what there is, and which backend will be used and why", async () => {
    const { code, data } = await bnemJson("doctor");
    expect(code).toBe(0);
    expect(data).toMatchObject({ simd: true, kernels: { healthy: true }, machine: { runtime: `Node ${process.versions.node}` } });
    expect(["wasm", "webgpu"]).toContain(data.backend);
    expect(data.reason.length).toBeGreaterThan(10);
    expect((await bnem("doctor")).stdout).toContain("relaxed SIMD");
  });
});

describe("energy", () => {
  test("evaluates offline, and writes what NumPy reads", async () => {
    const x = { data: new Float32Array([0, 0, 1, 2, -3, 4]), n: 3, dim: 2 };
    await writeFile(join(folder, "x.npy"), writeNpy({ data: x.data, shape: [3, 2] }));
    const { code, data } = await bnemJson("energy", "gmm40", "-i", "x.npy", "-o", "e.npy", "--gradient", "g.npy");
    expect(code).toBe(0);
    expect(data).toMatchObject({ energy: "gmm40", n: 3, nonFinite: 0, output: "e.npy" });
    const expected = energyByName("gmm40").energyAndGradient(x);
    expect(readNpy(await read("e.npy"))).toMatchObject({ shape: [3], data: expected.energy });
    expect(readNpy(await read("g.npy"))).toMatchObject({ shape: [3, 2], data: expected.gradient });
    const printed = await bnem("energy", "gmm40", "-i", "x.npy");
    expect(printed.stdout.trim().split("\n").map(Number)).toEqual([...expected.energy]);
  });

  test("refuses damaged files, wrong shapes and NaN, and keeps what was there", async () => {
    await writeFile(join(folder, "kept.npy"), "old");
    await writeFile(join(folder, "cut.npy"), (await read("x.npy")).subarray(0, 100));
    await writeFile(join(folder, "flat.npy"), writeNpy({ data: new Float32Array(3), shape: [3] }));
    await writeFile(join(folder, "three.npy"), writeNpy({ data: new Float32Array(3), shape: [1, 3] }));
    await writeFile(join(folder, "nan.npy"), writeNpy({ data: new Float32Array([0, Number.NaN]), shape: [1, 2] }));
    for (const file of ["cut", "flat", "three", "nan"]) {
      const { code, data } = await bnemJson("energy", "gmm40", "-i", `${file}.npy`, "-o", "kept.npy");
      expect(code, file).toBe(1);
      expect(data.error.message.length, file).toBeGreaterThan(20);
    }
    expect((await read("kept.npy")).toString()).toBe("old");
  });
});

describe("train, sample, evaluate", () => {
  test("trains, writes checkpoint, samples and report, and ends with one JSON object", async () => {
    const argv = ["train", "gmm40", "--method", "bnem", "--seed", "1", "--steps", "30", "--output-dir", "out"];
    const evaluated = tiny.filter((flag) => flag !== "--no-evaluate");
    const { code, data } = await bnemJson(...argv, ...evaluated);
    expect(code).toBe(0);
    expect(data).toMatchObject({ method: "bnem", seed: 1, steps: 30, energy: "gmm40", backend: { backend: "wasm" } });
    expect(data.energyCalls).toBeGreaterThan(30 * 32);
    for (const name of ["positionW2", "positionW1", "energyW2", "totalVariation", "modeWeightTv"]) {
      expect(typeof data.metrics[name].value, name).toBe("number");
      expect(typeof data.metrics[name].floor, name).toBe("number");
    }
    expect(Number.isInteger(data.metrics.modesCovered)).toBe(true);
    expect(data.verdict.length).toBeGreaterThan(0);
    expect((await readdir(join(folder, "out"))).sort()).toEqual(["model.safetensors", "report.html", "samples.npz"]);
    const arrays = await readNpz(await read("out/samples.npz"));
    expect([...arrays.keys()].filter((name) => arrays.get(name)?.shape.length !== 0).sort()).toEqual([
      ...["ancestor", "energy", "log_weight", "x"],
    ]);
    const { correction, verdict, logZ } = data.samples;
    expect([correction.method, correction.rows, verdict.use]).toEqual(["smc", 64, expect.stringMatching(/^(raw|weights|no)$/)]);
    expect(arrays.get("log_z")).toMatchObject({ data: Float64Array.of(logZ.value), shape: [] });
    expect(Number(arrays.get("unique_ancestors")?.data[0])).toBe(correction.ancestors.unique);
    expect(data.modeFractions.raw.modes).toHaveLength(40);
    expect(data.modeFractions.weighted.n).toBe(64);
    const x = batchFromArray(arrays.get("x") ?? { data: new Float32Array(0), shape: [] });
    expect(arrays.get("energy")?.data).toEqual(energyByName("gmm40").energy(x));
    const report = (await read("out/report.html")).toString();
    parseMarkup(report);
    for (const part of ["<h2>Weights</h2>", "<h2>Modes</h2>", "N_eff", "unique ancestors"]) expect(report, part).toContain(part);
    expect(report).toContain(verdict.line.slice(0, 20));
    expect(report).not.toMatch(/https?:/);
    for (const figure of ["Energy W2 while training", "Mode-weight TV while training"]) expect(report).toContain(figure);
  });

  test("sample draws from the checkpoint without naming the energy; same seed, same bytes", async () => {
    const argv = ["sample", "out/model.safetensors", "-n", "50", "--seed", "5", "--steps", "16"];
    const { code, data } = await bnemJson(...argv, "-o", "a.npz");
    expect(code).toBe(0);
    expect(data).toMatchObject({ n: 50, seed: 5, correction: { method: "smc", transition: "tuned", levels: 17, rows: 50 } });
    expect(data.ess.n).toBe(50);
    expect(data.verdict.line.length).toBeGreaterThan(20);
    await bnemJson(...argv, "-o", "b.npz");
    expect((await read("a.npz")).equals(await read("b.npz"))).toBe(true);
    const raw = await bnemJson(...argv, "-o", "raw.npz", "--correction", "none");
    expect(raw.data).toMatchObject({ ess: null, verdict: null, correction: { method: "none" } });
    expect([...(await readNpz(await read("raw.npz"))).keys()].sort()).toEqual(
      ["energy", "energy_calls", "network_calls", "non_finite", "pilot_calls", "seed", "x"].sort(),
    );
    const { stdout } = await bnem(...argv, "--correction", "path");
    for (const line of ["log Z: ", "N_eff: ", "path ESS: ", "ESS of the weights: ", "unique ancestors: 50 of 50"])
      expect(stdout).toContain(`\n${line}`);
  });

  test("every option of the schema is a flag; what does not go together is wrong use, once the checkpoint says what is sampled", async () => {
    const help = (await bnem("sample", "--help")).stdout;
    const { data } = await bnemJson("info", "--schema", "sample");
    for (const key of Object.keys(data.properties))
      expect(help).toContain(`--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    const argv = ["sample", "out/model.safetensors", "-n", "64", "--seed", "5", "--steps", "8"];
    await writeFile(join(folder, "smc.json"), JSON.stringify({ correction: "smc", resampleBelow: 1, trust: 1e9, islands: 2 }));
    const forced = await bnemJson(...argv, "--config", "smc.json");
    expect(forced.data.correction).toMatchObject({ islands: 2, resamplings: 8, essOf: "paths since the last resampling" });
    const flags = ["--resample-below", "1", "--trust", "1e9", "--islands", "2"];
    expect((await bnemJson(...argv, ...flags)).data.correction).toEqual(forced.data.correction);
    for (const [wrong, text] of [
      [["--corrector", "1"], /take moves/],
      [["--resample-below", "2"], /resampleBelow must be/],
      [["--correction", "none", "--moves", "1"], /take corrector/],
    ] as const) {
      const { code, data } = await bnemJson(...argv, ...wrong);
      expect([code, data.error.name]).toEqual([2, "UsageError"]);
      expect(data.error.message).toMatch(text);
    }
  });

  test("weights that are worth nothing end with code 1, and the rows are written", async () => {
    const flags = ["-n", "2", "--seed", "5", "--steps", "40", "--correction", "smc", "--resample-below", "1", "--trust", "1e9"];
    const { code, data } = await bnemJson("sample", "out/model.safetensors", ...flags, "-o", "lost.npz");
    expect([code, data.error.code]).toEqual([1, "degenerate-weights"]);
    expect(data.error.message).toMatch(/descend from one .*; wrote the rows as they are, with these weights, to lost.npz$/);
    const arrays = await readNpz(await read("lost.npz"));
    expect([...arrays.keys()].sort()).toEqual(["energy", "log_weight", "x"]);
    expect(arrays.get("x")?.shape).toEqual([2, 2]);
  });

  test("evaluate leaves out the rows that sampling lost, and says so", async () => {
    await init();
    const { data } = (energyByName("gmm40").exact as NonNullable<Energy["exact"]>).sample(100, 1);
    data.fill(Number.NaN, 6, 8);
    const logWeights = new Float64Array(100).fill(-Infinity, 3, 4);
    const arrays = { x: { data, shape: [100, 2] }, log_weight: { data: logWeights, shape: [100] } };
    await writeFile(join(folder, "holey.npz"), writeNpz(arrays));
    const { code, data: scored } = await bnemJson("evaluate", "holey.npz", "--energy", "gmm40");
    expect([code, scored.verdict[0]]).toEqual([0, "1 of 100 rows came out non-finite and were left out."]);
    expect(scored.weighted).toBeDefined();
  });

  test("evaluate scores a file, weighted too, with the same numbers each time", async () => {
    const first = await bnemJson("evaluate", "a.npz", "--energy", "gmm40");
    expect(first.code).toBe(0);
    expect(first.data.metrics.positionW2.floor).toBeGreaterThan(0);
    expect(first.data.weighted.metrics.energyW2.value).toBeGreaterThanOrEqual(0);
    expect(first.data.stored).toMatchObject({ ess_n: 50, unique_ancestors_n: 50, seed: 5 });
    expect(first.data.modeFractions.weighted.modes).toHaveLength(40);
    const second = await bnemJson("evaluate", "a.npz", "--energy", "gmm40");
    expect({ ...second.data, seconds: 0 }).toEqual({ ...first.data, seconds: 0 });
    const text = await bnem("evaluate", "a.npz", "--energy", "gmm40");
    expect(text.stdout).toContain("floor");
  });

  test("options count in the order flag, file, preset; an unknown key in the file is wrong use", async () => {
    await writeFile(join(folder, "options.json"), JSON.stringify({ steps: 4, depth: 2, learningRate: 0.001 }));
    const argv = ["train", "gmm40", "--config", "options.json", "-o", "o.safetensors", ...tiny];
    expect((await bnemJson(...argv, "--depth", "1", "--seed", "2")).data.steps).toBe(4);
    const { data } = await bnemJson("info", "o.safetensors");
    expect(data.options).toMatchObject({ steps: 4, depth: 1, learningRate: 0.001, method: "bnem" });
    await writeFile(join(folder, "options.json"), JSON.stringify({ stepz: 4 }));
    const wrong = await bnemJson(...argv);
    expect(wrong.code).toBe(2);
    expect(wrong.data.error.message).toContain('did you mean "steps"');
  });
});

describe("custom energies", () => {
  const flags = ["--steps", "10", "--sigma-max", "3", "--sigma-min", "0.05", "--seed", "1", ...tiny];

  test("come from a module, and are given again to sample", async () => {
    const source = `export default { name: "ring", dim: 2, evaluate(x) { return 4 * (Math.hypot(x[0], x[1]) - 1) ** 2; } };`;
    await writeFile(join(folder, "ring.mjs"), source);
    const { code, data } = await bnemJson("train", "ring.mjs", "-o", "ring.safetensors", "--report", "ring.html", ...flags);
    expect(code).toBe(0);
    expect(data).toMatchObject({ energy: "ring", metrics: null });
    expect((await bnemJson("sample", "ring.safetensors", "-n", "8")).data.error.message).toContain("--energy");
    expect((await bnemJson("sample", "ring.safetensors", "-n", "8", "--energy", "ring.mjs")).code).toBe(0);
    const wrong = await bnemJson("sample", "ring.safetensors", "-n", "8", "--energy", "gmm40");
    expect(wrong.data.error).toMatchObject({ code: "bad-checkpoint", exitCode: 1 });
  });

  test("that throw, return NaN or are none end in a typed error", async () => {
    const modules: [string, string, RegExp][] = [
      ["thrower", `export default { name: "t", dim: 2, evaluate() { throw new Error("boom"); } };`, /boom/],
      ["nan", `export default { name: "n", dim: 2, evaluate() { return NaN; } };`, /./],
      ["three", "export default 3;", /default export/],
      ["broken", "export default {", /cannot load/],
      ["odd", "export default { nome: 'x' };", /unknown option "nome"; did you mean "name"/],
    ];
    for (const [name, source, text] of modules) {
      await writeFile(join(folder, `${name}.mjs`), source);
      const { code, data } = await bnemJson("train", `${name}.mjs`, ...flags);
      expect(code, name).toBe(1);
      expect(data.error.code, name).toMatch(/^(bad-energy|diverged|degenerate-weights)$/);
      expect(data.error.message, name).toMatch(text);
    }
  });
});

describe("ending early", () => {
  const argv = ["train", "gmm40", "--seed", "3", "--steps", "60", ...tiny];

  /** Starts a run and calls `act` once the checkpoint is there. */
  async function interrupt(name: string, signal: NodeJS.Signals, extra: string[]): Promise<number | null> {
    const child = spawn(process.execPath, [cli, ...argv, "-o", name, ...extra], { cwd: folder, stdio: "ignore" });
    const ended = new Promise<number | null>((done) => child.on("exit", (code) => done(code)));
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline && child.exitCode === null) {
      const there = await access(join(folder, name)).then(
        () => true,
        () => false,
      );
      if (there) break;
      await new Promise((next) => setTimeout(next, 2));
    }
    child.kill(signal);
    return ended;
  }

  test("SIGKILL and --resume give the bits of a run that was left alone", async () => {
    expect((await bnem(...argv, "-o", "whole.safetensors")).code).toBe(0);
    await interrupt("killed.safetensors", "SIGKILL", ["--checkpoint-every", "4"]);
    const { data } = await bnemJson("info", "killed.safetensors");
    expect(data.step).toBeLessThan(60);
    expect((await bnem(...argv, "-o", "killed.safetensors", "--resume", "--checkpoint-every", "4")).code).toBe(0);
    expect(await tensorsOf("killed.safetensors")).toEqual(await tensorsOf("whole.safetensors"));
  });

  test("SIGINT saves, ends with 130, and resumes to the same bits", async () => {
    expect(await interrupt("stopped.safetensors", "SIGINT", ["--checkpoint-every", "4"])).toBe(130);
    expect((await bnem(...argv, "-o", "stopped.safetensors", "--resume")).code).toBe(0);
    expect(await tensorsOf("stopped.safetensors")).toEqual(await tensorsOf("whole.safetensors"));
  });

  test("a resume refuses other options and damaged checkpoints, which stay as they are", async () => {
    const other = await bnemJson(...argv, "-o", "whole.safetensors", "--resume", "--learning-rate", "0.1");
    expect(other.data.error).toMatchObject({ exitCode: 2 });
    expect(other.data.error.message).toContain("learningRate");
    const fewer = await bnemJson(...argv, "-o", "whole.safetensors", "--resume", "--steps", "59");
    expect(fewer.data.error).toMatchObject({ exitCode: 2, message: expect.stringMatching(/60 steps behind it/) });
    const preset = await bnemJson(...argv, "-o", "whole.safetensors", "--resume", "--preset", "idem");
    expect(preset.data.error).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/trained with method bnem, not idem/),
    });
    const bytes = await read("whole.safetensors");
    for (const [name, damaged] of [
      ["cut", bytes.subarray(0, bytes.length - 10)],
      ["flipped", Buffer.from(bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)))],
    ] as const) {
      await writeFile(join(folder, `${name}.safetensors`), damaged);
      const { code, data } = await bnemJson(...argv, "-o", `${name}.safetensors`, "--resume");
      expect(code, name).toBe(1);
      expect(data.error.code, name).toBe("bad-checkpoint");
      expect((await read(`${name}.safetensors`)).equals(damaged), name).toBe(true);
    }
  });

  test("a place that cannot be written to is found before the training", async () => {
    const started = performance.now();
    const { code, data } = await bnemJson("train", "gmm40", "-o", "absent/model.safetensors", "--steps", "1000000");
    expect(code).toBe(1);
    expect(data.error.message).toContain("absent");
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  test("nothing temporary stays behind", async () => {
    const left = (await readdir(folder)).filter((name) => name.endsWith(".tmp") && !name.includes("killed"));
    expect(left).toEqual([]);
  });
});
