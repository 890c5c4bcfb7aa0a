/**
 * Reference sets have the right law: mean energies known from runs a hundred times longer, the virial identity, and the public LJ-13 set where
 * ../shared/data has it. Standard errors are those that the sets state.
 */
import { existsSync, readFileSync } from "node:fs";
import {
  type Batch,
  batchFromArray,
  doubleWell,
  type Energy,
  evaluate,
  init,
  lennardJones,
  manyWell,
  type Reference,
  readNpy,
  reference,
} from "bnem";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

const SHARED = "../shared/data/lj13-reference-10000x39-f32.npy";
const present = existsSync(SHARED);

/** Mean and standard error from 200,192 (DW-4, LJ-13) and 100,096 configurations with another seed; 16 wells by quadrature. */
const KNOWN: readonly { readonly energy: () => Energy; readonly n: number; readonly mean: number; readonly error: number }[] = [
  { energy: () => doubleWell(), n: 4000, mean: -22.5413, error: 0.0043 },
  { energy: () => lennardJones(), n: 4000, mean: -42.9563, error: 0.0159 },
  { energy: () => manyWell(), n: 4000, mean: -137.198, error: 0.001 },
];

interface Stated {
  readonly mean: number;
  readonly standardError: number | null;
}

const away = ({ mean, standardError }: Stated, exact: number, error = 0) =>
  (mean - exact) / Math.hypot(standardError as number, error);

function scaled({ data, n, dim }: Batch, by: number): Batch {
  return { data: data.map((value) => by * value), n, dim };
}

/** x . grad E of rows, as independent rows. */
function virialOf(energy: Energy, x: Batch): Stated {
  const { gradient } = energy.energyAndGradient(x);
  const values = Float64Array.from({ length: x.n }, (_, row) => {
    let sum = 0;
    for (let i = row * x.dim; i < (row + 1) * x.dim; i++) sum += x.data[i] * gradient[i];
    return sum;
  });
  const mean = values.reduce((a, b) => a + b, 0) / x.n;
  return { mean, standardError: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / x.n };
}

describe.each(KNOWN)("%o", ({ energy: make, n, mean, error }) => {
  const energy = make();
  let made: Reference;
  beforeAll(async () => {
    made = await reference(energy, { n, seed: 21 });
  });

  it(`${energy.name}: mean energy and virial are right; lengths 3 % too large are seen`, () => {
    const { observables, virial, notice } = made.diagnostics;
    expect(notice).toBe(null);
    expect(Math.abs(away(observables.energy, mean, error))).toBeLessThan(6);
    expect(Math.abs(away(virial, virial.exact))).toBeLessThan(6);
    expect(Math.abs(away(virialOf(energy, made.x), virial.exact))).toBeLessThan(6);
    expect(Math.abs(away(virialOf(energy, scaled(made.x, 1.03)), virial.exact))).toBeGreaterThan(6);
  });
});

if (present) {
  it("LJ-13 is the public set: energy and pair distances of 2,000 rows at their floors, those of 2 % wider rows not", async () => {
    const energy = lennardJones();
    const published = batchFromArray(readNpy(readFileSync(SHARED)));
    const { x } = await reference(energy, { n: 2000, seed: 22 });
    const options = { seed: 8, reference: published, metrics: ["energyW2", "pairDistanceTv"] as const };
    const { metrics } = await evaluate(x, energy, options);
    expect(metrics.energyW2?.atFloor).toBe(true);
    expect(metrics.pairDistanceTv?.atFloor).toBe(true);
    const wrong = await evaluate(scaled(x, 1.02), energy, options);
    expect(wrong.metrics.energyW2?.atFloor).toBe(false);
    expect(wrong.metrics.pairDistanceTv?.atFloor).toBe(false);
  });
} else {
  it("../shared/data is absent: LJ-13 was not compared with the public set", () => {
    expect(present).toBe(false);
  });
}
