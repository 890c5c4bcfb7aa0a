/** Checkpoints: what was saved comes back bit by bit, and anything else is refused by name. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Energy } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { noisedEnergy } from "../../src/estimators/noised-energy.js";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/io/safetensors.js";
import { type CheckpointFacts, decodeCheckpoint, describeCheckpoint } from "../../src/pipeline/checkpoint.js";
import { METHODS } from "../../src/pipeline/options.js";
import { createTrainer, loadSampler, resumeTrainer, type Trainer } from "../../src/pipeline/trainer.js";
import { bitsOf, tinyOptions, tinyTarget } from "../support/tiny-loop.js";

const badCheckpoint = expect.objectContaining({ name: "BnemError", code: "bad-checkpoint" });

async function trainTo(trainer: Trainer, until: number): Promise<Trainer> {
  for await (const { step } of trainer.steps()) if (step === until) break;
  return trainer;
}

/** A checkpoint after four steps, with bootstrapping and a refill behind it. */
let bytes: Uint8Array;
beforeAll(async () => {
  const trainer = await trainTo(await createTrainer(tinyTarget, { ...tinyOptions, method: "bnem" }), 4);
  bytes = await trainer.save();
  trainer.dispose();
});

/** The file with its metadata or tensors changed, and a checksum that fits: damage no checksum can see. */
function forged(
  facts: (facts: Record<string, never>) => unknown,
  tensors: (map: Map<string, Tensor>) => void = () => {},
): Uint8Array {
  const file = readSafetensors(bytes);
  tensors(file.tensors);
  const changed = facts(JSON.parse(file.metadata["bnem.checkpoint"]));
  const text = typeof changed === "string" ? changed : JSON.stringify(changed);
  return writeSafetensors(file.tensors, { ...file.metadata, "bnem.checkpoint": text });
}
const same = (facts: object) => facts;

/** All three doors refuse. */
async function expectRefused(file: Uint8Array, text: RegExp = /./, energy: Energy = tinyTarget): Promise<void> {
  for (const open of [() => loadSampler(file, energy), () => resumeTrainer(file, energy)]) {
    await expect(open()).rejects.toEqual(badCheckpoint);
    await expect(open()).rejects.toThrow(text);
  }
}

describe("round trips", () => {
  test.each(METHODS)(
    "%s: a resumed trainer ends where an uninterrupted one does, in the same bytes but the clock",
    async (method) => {
      const options = { ...tinyOptions, method };
      const whole = await trainTo(await createTrainer(tinyTarget, options), 12);
      const half = await trainTo(await createTrainer(tinyTarget, options), 5);
      const resumed = await resumeTrainer(await half.save(), tinyTarget);
      expect([resumed.step, resumed.seed, resumed.options]).toEqual([5, 11, half.options]);
      await trainTo(resumed, 12);
      const [a, b] = [decodeCheckpoint(await whole.save()), decodeCheckpoint(await resumed.save())];
      expect(bitsOf(b.state)).toEqual(bitsOf(a.state));
      const withoutClock = ({ progress, ...facts }: CheckpointFacts) => facts;
      expect(withoutClock(b.facts)).toEqual(withoutClock(a.facts));
      for (const trainer of [whole, half, resumed]) trainer.dispose();
    },
  );

  test("a sampler, saved and loaded, gives the same samples, and saves the same bytes again", async () => {
    const sampler = await loadSampler(bytes, tinyTarget);
    const again = await loadSampler(await sampler.save(), tinyTarget);
    expect(await again.save()).toEqual(bytes);
    const [one, two] = [await sampler.sample(60, { seed: 3, steps: 6 }), await again.sample(60, { seed: 3, steps: 6 })];
    expect({ ...two, seconds: 0 }).toEqual({ ...one, seconds: 0 });
    const resumed = await resumeTrainer(bytes, tinyTarget);
    expect(await resumed.save()).toEqual(bytes);
    resumed.dispose();
    again.dispose();
    sampler.dispose();
  });

  test("describeCheckpoint says what it is without its energy", () => {
    expect(describeCheckpoint(bytes)).toMatchObject({
      format: 1,
      method: "bnem",
      step: 4,
      steps: 12,
      backend: "wasm",
      energy: { name: "gaussian-mixture", dim: 2, options: tinyTarget.options, check: tinyTarget.check },
      estimator: { name: "bootstrapped", options: { levels: 4, mcSamples: 8 } },
      network: { name: "mlp", output: "energy" },
      schedule: { name: "geometric" },
    });
  });

  test("a longer total is part of the checkpoint", async () => {
    const trainer = await resumeTrainer(bytes, tinyTarget);
    for await (const info of trainer.steps(6)) expect(info.steps).toBe(6);
    expect(describeCheckpoint(await trainer.save())).toMatchObject({ step: 6, steps: 6, options: { steps: 6 } });
    await expect(trainer.steps(0).next()).rejects.toThrow(RangeError);
    trainer.dispose();
  });
});

describe("damage", () => {
  test("any changed byte is refused", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = bytes.slice();
        broken[at] ^= flip;
        expect(() => decodeCheckpoint(broken)).toThrow(badCheckpoint);
        expect(() => describeCheckpoint(broken)).toThrow(badCheckpoint);
      }),
      { numRuns: 400, seed: 1 },
    );
    // And every byte of the header's first kilobyte, where structure is.
    for (let at = 0; at < 1024; at++) {
      const broken = bytes.slice();
      broken[at] ^= 1 << (at % 8);
      expect(() => decodeCheckpoint(broken), `byte ${at}`).toThrow(badCheckpoint);
    }
  });

  test("any truncation and any extension is refused", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(() => decodeCheckpoint(bytes.slice(0, length))).toThrow(badCheckpoint);
      }),
      { numRuns: 200, seed: 2 },
    );
    const longer = new Uint8Array(bytes.length + 8);
    longer.set(bytes);
    expect(() => decodeCheckpoint(longer)).toThrow(badCheckpoint);
  });

  test("other files", async () => {
    const foreign = writeSafetensors({ weight: { dtype: "F32", shape: [1], data: Float32Array.of(1) } });
    await expectRefused(foreign, /not a bnem checkpoint/);
    await expectRefused(new TextEncoder().encode('{"seed": 1}'));
    await expectRefused(new Uint8Array(0));
    expect(() => describeCheckpoint("model.safetensors" as never)).toThrow(TypeError);
    await expect(loadSampler(undefined as never, tinyTarget)).rejects.toThrow(TypeError);
  });
});

describe("a right checksum over wrong contents", () => {
  test("a newer format says who wrote it", async () => {
    await expectRefused(
      forged((facts) => ({ ...facts, format: 2, version: "9.1.0" })),
      /format 2 was written by bnem 9\.1\.0/,
    );
  });

  test.each(["parameters", "ema", "adam.m", "adam.v", "buffer", "history.loss", "history.gradient_norm"])(
    "tensor %s missing, of another type, or of another length",
    async (name) => {
      const change = (to: (tensor: Tensor) => Tensor | undefined) =>
        forged(same, (map) => {
          const made = to(map.get(name) as Tensor);
          if (made) map.set(name, made);
          else map.delete(name);
        });
      await expectRefused(
        change(() => undefined),
        new RegExp(name),
      );
      await expectRefused(change(({ shape, data }) => ({ dtype: "F64", shape, data: Float64Array.from(data) })));
      await expectRefused(
        change(({ data }) => ({ dtype: "F32", shape: [data.length + 1], data: new Float32Array(data.length + 1) })),
      );
    },
  );

  test("weights of another network", async () => {
    const shorter = forged(same, (map) => {
      for (const name of ["parameters", "ema", "adam.m", "adam.v"]) {
        map.set(name, { dtype: "F32", shape: [7], data: new Float32Array(7) });
      }
    });
    await expectRefused(shorter, /7 parameters/);
  });

  test.each<[string, (facts: Record<string, never>) => unknown]>([
    ["no JSON", () => "{"],
    ["null", () => null],
    ["a number", () => 7],
    ["an array", () => []],
    ["nothing", () => ({})],
    ["no options", ({ options: _, ...rest }) => rest],
    ["a wrong option", (f) => ({ ...f, options: { ...(f.options as object), width: "wide" } })],
    ["an option of a later version", (f) => ({ ...f, options: { ...(f.options as object), wings: 2 } })],
    ["a length that is null", (f) => ({ ...f, options: { ...(f.options as object), scale: null } })],
    ["an unknown method", (f) => ({ ...f, options: { ...(f.options as object), method: "toString" } })],
    ["a step before the start", (f) => ({ ...f, step: -1 })],
    ["an unknown estimator", (f) => ({ ...f, estimator: { name: "constructor", options: {} } })],
    ["estimator options that are refused", (f) => ({ ...f, estimator: { name: "bootstrapped", options: { levels: 0 } } })],
    ["an unknown network", (f) => ({ ...f, network: { name: "mpl", options: {}, output: "energy" } })],
    ["a network with another head", (f) => ({ ...f, network: { ...(f.network as object), output: "both" } })],
    ["an unknown schedule", (f) => ({ ...f, schedule: { name: "__proto__", options: {} } })],
    ["an unknown loss", (f) => ({ ...f, loss: { name: "huber" } })],
    ["an energy without check", (f) => ({ ...f, energy: { ...(f.energy as object), check: null } })],
    ["a check value that is null", (f) => ({ ...f, energy: { ...(f.energy as object), check: { x: [0, 0], energy: null } } })],
    ["a check of another dimension", (f) => ({ ...f, energy: { ...(f.energy as object), check: { x: [0], energy: 0 } } })],
    ["an unknown backend", (f) => ({ ...f, backend: "tpu" })],
    ["no progress", (f) => ({ ...f, progress: {} })],
    ["a head outside the buffer", (f) => ({ ...f, progress: { ...(f.progress as object), bufferHead: 40 } })],
  ])("%s", async (_, change) => {
    const file = forged(change);
    // Resuming needs every part; a sampler needs no estimator and no loss, so only the resume must refuse those two.
    await expect(resumeTrainer(file, tinyTarget)).rejects.toEqual(badCheckpoint);
  });

  test("a missing estimator may be given again as a value; a sampler never needs it", async () => {
    const file = forged((f) => ({ ...f, estimator: { name: "mine", options: {} } }));
    await expect(resumeTrainer(file, tinyTarget)).rejects.toThrow(/estimator "mine".*pass it again as a value/);
    const mine = { ...noisedEnergy({ mcSamples: 4 }), name: "mine", options: {} };
    (await resumeTrainer(file, tinyTarget, { estimator: mine })).dispose();
    (await loadSampler(file, tinyTarget)).dispose();
  });

  test("options that this version added since take their defaults", async () => {
    const file = forged((f) => {
      const { maxNonFinite: _, ...older } = f.options as Record<string, unknown>;
      return { ...f, options: older };
    });
    const trainer = await resumeTrainer(file, tinyTarget);
    expect(trainer.options.maxNonFinite).toBe(10);
    trainer.dispose();
  });
});

describe("another energy", () => {
  const moved = gaussianMixture({ means: [[0, 0]], std: 1 });
  test("of another value, dimension, or none", async () => {
    await expectRefused(bytes, /trained on gaussian-mixture, whose energy/, moved);
    await expectRefused(bytes, /in 2 dimensions, got gaussian-mixture in 3/, gaussianMixture({ means: [[0, 0, 0]] }));
    const nothing = customEnergy({ name: "nothing", dim: 2, evaluate: () => Number.NaN });
    await expectRefused(bytes, /nothing gives NaN/, nothing);
  });

  test("a custom energy that says the same is the same", async () => {
    const again = customEnergy({
      name: "by hand",
      dim: 2,
      evaluate: (x) => tinyTarget.energy({ data: Float32Array.from(x), n: 1, dim: 2 })[0],
    });
    (await loadSampler(bytes, again)).dispose();
  });
});
