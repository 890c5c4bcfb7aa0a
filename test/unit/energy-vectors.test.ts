/** The published targets against energies and gradients in f64 at f32 coordinates, from closed forms and automatic differentiation. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Batch } from "../../src/core/types.js";
import { energyByName } from "../../src/energies/registry.js";
import { initKernels } from "../../src/kernels/load.js";

interface Vectors {
  readonly x: number[][];
  readonly energy: number[];
  readonly gradient: number[][];
}

const all = JSON.parse(readFileSync(new URL("../vectors/energy-vectors.json", import.meta.url), "utf8")) as Record<
  string,
  Vectors
>;

beforeAll(() => initKernels());

/** Largest error of an energy in units of max(1, |E|), and of a gradient in relative L2 norm. */
function errors(energies: ArrayLike<number>, gradients: ArrayLike<number>, { energy, gradient }: Vectors) {
  const dim = gradient[0].length;
  const energyErrors = energy.map((e, r) => Math.abs(energies[r] - e) / Math.max(1, Math.abs(e)));
  const gradientErrors = gradient.map((g, r) => {
    const off = Math.hypot(...g.map((value, d) => gradients[r * dim + d] - value));
    return off / Math.hypot(...g);
  });
  return { energy: Math.max(...energyErrors), gradient: Math.max(...gradientErrors) };
}

function batchOf({ x }: Vectors): Batch {
  return { data: Float32Array.from(x.flat()), n: x.length, dim: x[0].length };
}

describe.each(Object.keys(all))("%s", (name) => {
  const vectors = all[name];

  test("energies and gradients to 1e-5", () => {
    const found = energyByName(name).energyAndGradient(batchOf(vectors));
    const off = errors(found.energy, found.gradient, vectors);
    expect(vectors.x.length).toBeGreaterThan(1);
    expect(off.energy).toBeLessThan(1e-5);
    expect(off.gradient).toBeLessThan(1e-5);
  });

  test("control: an energy or a gradient 3e-5 off is seen", () => {
    const { energy, gradient } = vectors;
    const scaled = gradient.flat().map((g) => g * (1 + 3e-5));
    expect(
      errors(
        energy.map((e) => e + 3e-5 * Math.max(1, Math.abs(e))),
        scaled,
        vectors,
      ).energy,
    ).toBeGreaterThan(1e-5);
    expect(errors(energy, scaled, vectors).gradient).toBeGreaterThan(1e-5);
  });
});

test("conventions that the vectors rule out: pairs counted once, a softened distance", () => {
  const lj13 = all.lj13;
  const once = energyByName("lennard-jones", { pairCounting: "unordered" }).energyAndGradient(batchOf(lj13));
  expect(errors(once.energy, once.gradient, lj13).energy).toBeGreaterThan(0.1);
});
