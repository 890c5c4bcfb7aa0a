/** Moves of chains: the kernels against the generic path on the same random numbers, and against themselves in other blocks. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import type { Batch, Energy, HamiltonianRequest, HamiltonianResult } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { energyByName, listEnergies } from "../../src/energies/registry.js";
import { kernelHamiltonian } from "../../src/kernels/hamiltonian.js";
import { initKernels } from "../../src/kernels/load.js";
import { mixtureKernel } from "../../src/kernels/mixture-kernel.js";
import { normalRows } from "../../src/kernels/normal.js";
import { hamiltonian, hamiltonianGeneric } from "../../src/mcmc/hamiltonian.js";
import { defaultStart } from "../../src/mcmc/start.js";

const ROWS = 37;
const solid = gaussianMixture({ means: [new Array(7).fill(1), new Array(7).fill(-2)], std: [0.5, 2], weights: [1, 3] });

beforeAll(() => initKernels());

interface Shape {
  readonly name: string;
  readonly request: Partial<HamiltonianRequest>;
}

function numbers(n: number, f: (row: number) => number): Float32Array {
  return Float32Array.from({ length: n }, (_, row) => f(row));
}

const shapes: readonly Shape[] = [
  { name: "random walk", request: { leapfrogs: 0, moves: 5 } },
  { name: "MALA", request: { leapfrogs: 1, moves: 5 } },
  { name: "HMC of two lengths", request: { leapfrogs: 6, leapfrogsOdd: 3, moves: 4, step: 7 } },
  { name: "HMC at many temperatures", request: { leapfrogs: 3, moves: 3, beta: numbers(ROWS, (row) => row / ROWS) } },
];

/** Every row its own step and tether. */
function requestFor(target: Energy, shape: Partial<HamiltonianRequest>, tethered: boolean): HamiltonianRequest {
  const x = (target.exact as NonNullable<Energy["exact"]>).sample(ROWS, 3);
  const noise = normalRows(keyOf(9), 0, 0, ROWS, x.dim).data;
  const center = { ...x, data: x.data.map((value, i) => value + 0.4 * noise[i]) };
  return {
    x,
    key: keyOf(5),
    moves: 1,
    leapfrogs: 1,
    stepSize: numbers(ROWS, (row) => 0.1 + 0.01 * row),
    firstRow: 11,
    ...(tethered && { center, tether: numbers(ROWS, (row) => 0.1 + 0.03 * row) }),
    ...shape,
  };
}

function cut(request: HamiltonianRequest, from: number, to: number): HamiltonianRequest {
  const { x, center } = request;
  const rows = (batch: Batch): Batch => ({
    ...batch,
    data: batch.data.slice(from * batch.dim, to * batch.dim),
    n: to - from,
  });
  return {
    ...request,
    x: rows(x),
    stepSize: request.stepSize.slice(from, to),
    firstRow: (request.firstRow ?? 0) + from,
    ...(request.beta && { beta: request.beta.slice(from, to) }),
    ...(center && { center: rows(center), tether: request.tether?.slice(from, to) }),
  };
}

function bytes({ x, energy, gradient, acceptance, mean, square }: HamiltonianResult): number[][] {
  return [x.data, energy, gradient, acceptance, mean ?? [], square ?? []].map((values) => [...values]);
}

describe.each([
  ["GMM-40", gaussianMixture()],
  ["two Gaussians in 7 dimensions", solid],
] as const)("%s", (_, target) => {
  describe.each([false, true])("tethered: %s", (tethered) => {
    test.each(shapes)("$name: the generic path makes the same moves", ({ request: shape }) => {
      const request = requestFor(target, shape, tethered);
      const fused = hamiltonian(target, request);
      const generic = hamiltonianGeneric(target, request);
      expect([generic.nonFinite, generic.energyCalls]).toEqual([fused.nonFinite, fused.energyCalls]);
      expect(Object.keys(generic).sort()).toEqual(Object.keys(fused).sort());
      // A leapfrog multiplies a rounding (2^-24 of coordinates up to 45, so 3e-6) by at most 1 + step * curvature * step; at most 24 of them.
      for (const field of ["energy", "gradient", "acceptance", "mean", "square"] as const) {
        const [a, b] = [fused[field] ?? [], generic[field] ?? []];
        expect(a.length).toBe(b.length);
        for (let i = 0; i < a.length; i++)
          expect(Math.abs(a[i] - b[i]), `${field} ${i}`).toBeLessThan(1e-3 * (1 + Math.abs(a[i])));
      }
      for (let i = 0; i < fused.x.data.length; i++) expect(Math.abs(fused.x.data[i] - generic.x.data[i])).toBeLessThan(1e-4);
      // Control: something moved, so that agreement means something.
      expect(fused.x.data.filter((value, i) => value !== request.x.data[i]).length).toBeGreaterThan(ROWS / 4);
    });

    test.each(shapes)("$name: a row has the same bits in any block, and moves in any number of calls", ({ request: shape }) => {
      const request = requestFor(target, shape, tethered);
      const whole = bytes(hamiltonian(target, request));
      for (const size of [1, 3, 8, 13]) {
        const parts = Array.from({ length: Math.ceil(ROWS / size) }, (_, i) =>
          bytes(hamiltonian(target, cut(request, i * size, Math.min(ROWS, (i + 1) * size)))),
        );
        expect(whole.map((_, field) => parts.flatMap((part) => part[field]))).toEqual(whole);
      }
      const first = hamiltonian(target, { ...request, moves: 1 });
      const rest = { ...request, x: first.x, step: (request.step ?? 0) + 1, moves: request.moves - 1 };
      const again = hamiltonian(target, rest);
      expect(bytes(again).slice(0, 2)).toEqual(whole.slice(0, 2));
      const known = { energy: first.energy, gradient: first.gradient };
      for (const run of [hamiltonian, hamiltonianGeneric]) {
        const plain = run(target, rest);
        const resumed = run(target, { ...rest, known });
        expect(resumed.energyCalls).toBe(plain.energyCalls - ROWS * (request.leapfrogs === 0 ? 2 : 1));
        expect(resumed.x).toEqual(plain.x);
      }
    });
  });
});

describe.each(listEnergies().map(({ name }) => name))("%s", (name) => {
  const target = energyByName(name);

  test("a row has the same bits in any block, and stays centered where it must", () => {
    const x = defaultStart(target, ROWS, keyOf(4));
    const stepSize = numbers(ROWS, (row) => 0.002 + 0.001 * row);
    const request = { x, key: keyOf(5), moves: 4, leapfrogs: 3, leapfrogsOdd: 2, stepSize, firstRow: 3 };
    const result = hamiltonian(target, request);
    const whole = bytes(result);
    for (const size of [1, 5, 8]) {
      const parts = Array.from({ length: Math.ceil(ROWS / size) }, (_, i) =>
        bytes(hamiltonian(target, cut(request, i * size, Math.min(ROWS, (i + 1) * size)))),
      );
      expect(whole.map((_, field) => parts.flatMap((part) => part[field]))).toEqual(whole);
    }
    expect(result.acceptance.reduce((a, b) => a + b, 0) / ROWS).toBeGreaterThan(0.2);
    expect(result.x.data.filter((value, i) => value !== x.data[i]).length).toBeGreaterThan(ROWS / 4);
    if (target.particles) expect(() => hamiltonian(target, { ...request, x: result.x })).not.toThrow();
  });
});

test("lanes far apart do not feel each other: components near one chain only, gradients near 0", () => {
  const line = gaussianMixture({ means: Array.from({ length: 40 }, (_, k) => [k * 3.8, 0]), std: 0.5 });
  const x = { data: Float32Array.from({ length: 160 }, (_, i) => (i % 2 ? 1e-6 : 3.8 * (i >> 3) + 1e-6 * i)), n: 80, dim: 2 };
  const request = { x, key: keyOf(1), moves: 20, leapfrogs: 2, stepSize: numbers(80, () => 0.3) };
  const alone = Array.from({ length: 80 }, (_, row) => bytes(hamiltonian(line, cut(request, row, row + 1))));
  const whole = bytes(hamiltonian(line, request));
  expect(whole.map((_, field) => alone.flatMap((part) => part[field]))).toEqual(whole);
});

test("the results are those of the chain's end", () => {
  const request = requestFor(solid, { leapfrogs: 4, moves: 3 }, true);
  for (const leapfrogs of [0, 4]) {
    const result = hamiltonian(solid, { ...request, leapfrogs });
    const { energy, gradient } = solid.energyAndGradient(result.x);
    expect([result.energy, result.gradient]).toEqual([energy, gradient]);
  }
});

describe("bad input", () => {
  const good = () => requestFor(solid, {}, true);
  const bad: readonly [string, Partial<HamiltonianRequest>, RegExp][] = [
    ["step size 0", { stepSize: numbers(ROWS, (row) => row) }, /stepSize must be finite and above 0, got 0 in row 0/],
    ["step sizes of another count", { stepSize: new Float32Array(2) }, /stepSize must hold 37 numbers/],
    ["NaN start", { x: { data: new Float32Array(ROWS * 7).fill(Number.NaN), n: ROWS, dim: 7 } }, /x must be finite/],
    ["another dim", { x: { data: new Float32Array(ROWS * 2), n: ROWS, dim: 2 } }, /x.dim must be 7/],
    ["negative beta", { beta: numbers(ROWS, () => -1) }, /beta must be finite and at least 0/],
    ["tether 0", { tether: numbers(ROWS, () => 0) }, /tether must be finite and above 0/],
    ["center without tether", { tether: undefined }, /come together, got only center/],
    ["half a random walk", { leapfrogs: 0, leapfrogsOdd: 2 }, /leapfrogsOdd must be in \[0, 0\]/],
    ["no move", { moves: 0 }, /moves must be an integer in \[1,/],
  ];
  test.each(bad)("%s", (_, change, message) => {
    for (const run of [hamiltonian, hamiltonianGeneric]) expect(() => run(solid, { ...good(), ...change })).toThrow(message);
  });

  test("proposals that are not finite are refused and counted", () => {
    const request = {
      ...good(),
      center: undefined,
      tether: undefined,
      stepSize: numbers(ROWS, () => 1e25),
      leapfrogs: 3,
      moves: 2,
    };
    for (const run of [hamiltonian, hamiltonianGeneric]) {
      const result = run(solid, request);
      expect(result.nonFinite).toBe(2 * ROWS);
      expect(result.x).toEqual(request.x);
      expect([...result.acceptance]).toEqual(new Array(ROWS).fill(0));
    }
  });
});

describe("particles", () => {
  const particles = { count: 5, spatialDim: 3 };
  const [means, std] = [new Float64Array(15), 1.3];
  const kernel = mixtureKernel(means, 15, Float64Array.of(1), Float64Array.of(std));
  const springs: Energy = {
    ...gaussianMixture({ means: [[...means]], std }),
    particles,
    hamiltonian: (request) => kernelHamiltonian(kernel, request, particles),
  };

  test("stay centered, and a start that is not is refused", () => {
    const x = normalRows(keyOf(1), 0, 0, 8, 15);
    const request = { x, key: keyOf(2), moves: 50, leapfrogs: 3, stepSize: numbers(8, () => 0.3) };
    expect(() => hamiltonian(springs, request)).toThrow(/x must have center of mass 0, row 0 has .* along axis 0/);
    removeMean(x.data, 8, particles);
    for (const leapfrogs of [0, 3]) {
      const { data } = hamiltonian(springs, { ...request, leapfrogs }).x;
      const generic = hamiltonianGeneric(springs, { ...request, leapfrogs }).x.data;
      for (let i = 0; i < data.length; i++) expect(Math.abs(data[i] - generic[i])).toBeLessThan(1e-4);
      for (let i = 0; i < 8; i++) {
        for (let axis = 0; axis < 3; axis++) {
          let sum = 0;
          for (let k = 0; k < 5; k++) sum += data[i * 15 + 3 * k + axis];
          expect(Math.abs(sum / 5)).toBeLessThan(1e-6);
        }
      }
    }
  });
});
