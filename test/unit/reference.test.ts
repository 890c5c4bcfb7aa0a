/** Reference sets: what they are made of, what is refused, what is said when they are not to be trusted. Tiny settings. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Energy } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { energyByName } from "../../src/energies/registry.js";
import { batchFromArray } from "../../src/io/npy.js";
import { readNpz, writeNpz } from "../../src/io/npz.js";
import { initKernels } from "../../src/kernels/load.js";
import { type ReferenceOptions, type ReferenceProgress, reference } from "../../src/pipeline/reference.js";
import { loadReference, saveReference } from "../../src/pipeline/reference-file.js";
import { discStart, twoDiscs } from "../support/two-discs.js";

beforeAll(() => initKernels());

const tiny: ReferenceOptions = { n: 50, seed: 4, chains: 8, warmup: 60, pilotSteps: 60, workers: 1 };

/** Two wells of width w a million times deeper than what HMC crosses. */
function wells(): Energy {
  return customEnergy({
    name: "two deep wells",
    dim: 1,
    evaluate(x, gradientOut) {
      const gap = x[0] * x[0] - 1;
      if (gradientOut) gradientOut[0] = 400 * gap * x[0];
      return 100 * gap * gap;
    },
  });
}

describe("a reference set", () => {
  test("has n rows on the subspace, the energies of these very rows, and finite diagnostics", async () => {
    const energy = doubleWell();
    const { x, energy: energies, recipe, diagnostics } = await reference(energy, tiny);
    expect([x.n, x.dim, energies.length]).toEqual([50, 8, 50]);
    expect(energies).toEqual(energy.energy(x));
    for (let row = 0; row < x.n; row++) {
      for (const axis of [0, 1]) {
        let sum = 0;
        for (let i = axis; i < 8; i += 2) sum += x.data[row * 8 + i];
        expect(Math.abs(sum)).toBeLessThan(1e-5);
      }
    }
    expect(recipe).toMatchObject({ n: 50, seed: 4, move: "tempering", energy: { name: "dw4", dim: 8 } });
    expect(recipe.chains).toMatchObject({ chains: 8, draws: 16, warmup: 60, start: "lattice", images: true });
    expect(recipe.chains?.thin).toBe(Math.ceil(2 * (recipe.chains?.pilot?.autocorrelationTime as number)));
    expect(diagnostics.virial.exact).toBe(6);
    expect(diagnostics.rows).toBe(128);
    const { pilot, warmup, sampling, checks } = diagnostics.calls;
    expect(pilot.gradient).toBe(8 * 4 * (1 + 120 * 3));
    expect(warmup.gradient).toBe(8 * 4 * (1 + 60 * 3));
    expect(sampling.gradient).toBe(8 * 4 * 3 * 16 * (recipe.chains?.thin as number));
    expect(checks.gradient).toBe(128);
  });

  test("has the same bytes again, on more threads, and others with another seed", async () => {
    const bytes = async (more: Partial<ReferenceOptions>) =>
      saveReference(await reference(lennardJones({ count: 5 }), { ...tiny, ...more }));
    const once = await bytes({});
    expect(await bytes({ workers: 3 })).toEqual(once);
    expect(await bytes({ seed: 5 })).not.toEqual(once);
  });

  test("is the energy's own exact draws where it has them", async () => {
    const energy = energyByName("gmm40");
    const { x, recipe, diagnostics } = await reference(energy, { n: 30, seed: 9 });
    expect(x).toEqual(energy.exact?.sample(30, 9));
    expect(recipe).toMatchObject({ move: "exact", chains: null });
    expect(diagnostics).toMatchObject({ ess: 30, splitRhat: null, notice: null });
    const moved = await reference(energy, { ...tiny, move: "hmc", thin: 1 });
    expect(moved.recipe).toMatchObject({ move: "hmc", chains: { pilot: null, thin: 1, start: "normal", images: false } });
  });

  test("begins where it is told, and is made of fewer steps where thin is given", async () => {
    const start = { data: new Float32Array([0.9, -0.9]), n: 2, dim: 1 };
    const { x, recipe } = await reference(wells(), { ...tiny, move: "mala", stepSize: 0.01, thin: 2, start });
    expect(recipe.chains).toMatchObject({ start: "given", stepSize: 0.01 });
    const right = x.data.filter((value) => value > 0).length;
    expect(right).toBeGreaterThan(10);
    expect(right).toBeLessThan(40);
  });

  test("tells where it is, and an abort ends it with its reason", async () => {
    const seen: ReferenceProgress[] = [];
    await reference(doubleWell(), { ...tiny, onProgress: (progress) => seen.push(progress) });
    expect([...new Set(seen.map(({ stage }) => stage))]).toEqual(["pilot", "chains", "energies"]);
    expect(seen.at(-1)).toMatchObject({ done: 128, total: 128 });
    const controller = new AbortController();
    const reason = new Error("enough");
    const stopped = reference(lennardJones(), {
      n: 1e5,
      seed: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
  });
});

describe("what is wrong is said", () => {
  test.each([
    [{ ...tiny, n: 0 }, RangeError, /reference: n must be/],
    [{ ...tiny, n: "5" }, TypeError, /reference: n must be a number/],
    [{ ...tiny, chain: 5 }, RangeError, /did you mean "chains"/],
    [{ ...tiny, move: "hcm" }, RangeError, /did you mean "hmc"/],
    [{ ...tiny, move: "hmc", replicas: 4 }, RangeError, /replicas says nothing to the move "hmc"/],
    [{ n: 5, move: "exact", warmup: 4 }, RangeError, /takes no options/],
    [{ n: 5, move: "exact" }, RangeError, /dw4 has no exact draws/],
    [{ ...tiny, hottest: 1 }, RangeError, /hottest must be above 1/],
    [{ ...tiny, n: 1e8 }, RangeError, /more than 1 GiB/],
    [{ ...tiny, start: { data: new Float32Array(2), n: 1, dim: 2 } }, RangeError, /x.dim must be 8/],
  ])("%j", async (options, kind, text) => {
    const made = reference(doubleWell(), options as ReferenceOptions);
    await expect(made).rejects.toThrow(kind);
    await expect(made).rejects.toThrow(text);
  });

  test("a ladder that never swaps", async () => {
    const { notice, diagnostics } = await reference(lennardJones(), {
      ...tiny,
      move: "tempering",
      replicas: 2,
      hottest: 1e4,
      thin: 2,
    });
    expect(notice).toMatch(/never swapped .* use more replicas/);
    expect(diagnostics.notice).toBe(notice);
  });

  test("chains in different wells", async () => {
    const { notice, diagnostics } = await reference(wells(), { ...tiny, move: "hmc", thin: 2 });
    expect(diagnostics.splitRhat).toBeGreaterThan(1.05);
    expect(notice).toMatch(/reference: the chains disagree \(split R-hat of x0/);
  });

  test("chains that never move", async () => {
    const { notice, diagnostics } = await reference(lennardJones(), { ...tiny, move: "hmc", stepSize: 10, thin: 1 });
    expect(diagnostics.stuckChains).toBe(8);
    expect(notice).toMatch(/8 of 8 chains never moved/);
  });

  test("chains on two plateaus: none is stuck, as they move at one energy, and they disagree", async () => {
    const { notice, diagnostics } = await reference(twoDiscs(), {
      ...tiny,
      n: 3200,
      chains: 64,
      move: "randomWalk",
      thin: 4,
      start: discStart(64),
    });
    expect(diagnostics.stuckChains).toBe(0);
    expect(diagnostics.observables.energy).toMatchObject({ std: 0, splitRhat: null });
    expect(diagnostics.splitRhat).toBeGreaterThan(5);
    expect(notice).toMatch(/^reference: the chains disagree \(split R-hat of x0 is/);
  });

  test("chains that never move along one coordinate have no finite R-hat", async () => {
    // At 2^27 a step of order 1 is rounded away.
    const flat = customEnergy({
      name: "a valley",
      dim: 2,
      evaluate(x, gradientOut) {
        gradientOut[0] = 0;
        gradientOut[1] = x[1];
        return 0.5 * x[1] * x[1];
      },
    });
    const start = { data: Float32Array.of(-(2 ** 27), 0, 2 ** 27, 0), n: 2, dim: 2 };
    const { notice, diagnostics } = await reference(flat, { ...tiny, move: "hmc", stepSize: 0.5, thin: 2, start });
    expect(diagnostics).toMatchObject({ stuckChains: 0, splitRhat: null });
    expect(diagnostics.observables.x1.splitRhat).toBeGreaterThan(0.9);
    expect(notice).toMatch(/^reference: the chains disagree \(split R-hat of x0 is Infinity/);
  });

  test("a step size that collapses, since the gradient is not that of the value", async () => {
    const { hamiltonian: _, ...energy } = doubleWell();
    const wrong: Energy = {
      ...energy,
      options: null,
      energyAndGradient(x) {
        const found = energy.energyAndGradient(x);
        return { ...found, gradient: found.gradient.map((value) => -1e9 * value) };
      },
    };
    const made = reference(wrong, { ...tiny, move: "hmc" });
    await expect(made).rejects.toMatchObject({ name: "BnemError", code: "diverged" });
    await expect(made).rejects.toThrow(/^reference: the step size of hmc collapsed/);
  });
});

describe("the file", () => {
  const energy = doubleWell();
  const fieldsOf = async (bytes: Uint8Array) => Object.fromEntries(await readNpz(bytes));

  test("comes back as it was, and is an .npz with text in bytes", async () => {
    const made = await reference(energy, tiny);
    const bytes = saveReference(made);
    expect(await loadReference(bytes, energy)).toEqual(made);
    const { x, recipe_json: text } = await fieldsOf(bytes);
    expect(batchFromArray(x)).toEqual(made.x);
    expect(text.dtype).toBe("uint8");
    expect(JSON.parse(new TextDecoder().decode(text.data as Uint8Array))).toEqual(made.recipe);
  });

  test("of another energy, of too few energies or without its text is refused", async () => {
    const bytes = saveReference(await reference(energy, tiny));
    await expect(loadReference(bytes, lennardJones())).rejects.toThrow(/its rows have 8 coordinates \(dw4\), lj13 takes 39/);
    await expect(loadReference(bytes, doubleWell({ a: 1 }))).rejects.toThrow(/row 0 has energy .* made for dw4/);
    const { x, energy: energies, recipe_json, diagnostics_json } = await fieldsOf(bytes);
    const cases: [Parameters<typeof writeNpz>[0], RegExp][] = [
      [{ x, energy: energies }, /no array "recipe_json"; it holds x, energy/],
      [{ x, recipe_json, diagnostics_json }, /no array "energy"/],
      [{ x, energy: { data: energies.data.slice(1), shape: [49] }, recipe_json, diagnostics_json }, /49 entries for 50 rows/],
      [
        {
          x,
          energy: energies,
          recipe_json: { data: recipe_json.data.slice(1), shape: [recipe_json.data.length - 1] },
          diagnostics_json,
        },
        /no JSON text/,
      ],
    ];
    for (const [arrays, text] of cases) {
      await expect(loadReference(writeNpz(arrays))).rejects.toMatchObject({
        code: "bad-file",
        message: expect.stringMatching(text),
      });
    }
  });
});
