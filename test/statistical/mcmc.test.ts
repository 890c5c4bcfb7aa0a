/**
 * Every move alone, from exact draws: a move that leaves exp(-E) invariant leaves every moment where it is. Rows are independent; what is
 * tested is the mean change of an observable between start and end, |z| < 6. A change of 0.06 of an observable's spread is found by 10,000
 * rows; the wrong moves at the end of the file, made of the mistakes that are easy to make, change them by more.
 */
import {
  type Batch,
  type ChainState,
  customEnergy,
  type Energy,
  funnel,
  gaussianMixture,
  hamiltonian,
  hmc,
  init,
  keyOf,
  type McMove,
  type MoveContext,
  mala,
  manyWell,
  normalRows,
  nuts,
  randomWalk,
  runChains,
  tempering,
  uniforms,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { zOfMean } from "../support/z-scores.js";

const ROWS = 10_000;
const SEED = 5;

beforeAll(() => init());

function exactDraws(target: Energy, n = ROWS, seed = SEED): Batch {
  return (target.exact as NonNullable<Energy["exact"]>).sample(n, seed);
}

/** 0 too where nothing changes at all. */
function zOf(values: readonly number[], expected = 0): number {
  return values.every((value) => value === expected) ? 0 : zOfMean(values, expected);
}

/** z of the mean change of the energy, and of bounded functions of the first coordinates (a funnel's own have no variance to speak of). */
function changes(target: Energy, before: Batch, after: Batch): { [observable: string]: number } {
  const rows = Array.from({ length: before.n }, (_, row) => row);
  const [from, to] = [target.energy(before), target.energy(after)];
  const found: { [observable: string]: number } = { energy: zOf(rows.map((row) => to[row] - from[row])) };
  for (let d = 0; d < Math.min(4, before.dim); d++) {
    const pairs = rows.map((row) => [before.data[row * before.dim + d], after.data[row * before.dim + d]]);
    found[`x${d}`] = zOf(pairs.map(([a, b]) => Math.tanh(b) - Math.tanh(a)));
    found[`x${d} squared`] = zOf(pairs.map(([a, b]) => 1 / (1 + b * b) - 1 / (1 + a * a)));
  }
  return found;
}

function largest(found: { [observable: string]: number }): number {
  return Math.max(...Object.values(found).map(Math.abs));
}

async function moved(target: Energy, move: McMove, steps: number, rows: number): Promise<Batch> {
  const { x } = await runChains(target, { move, chains: rows, steps, thin: steps, warmup: 0, start: "exact", seed: SEED });
  return x;
}

const unequal = gaussianMixture({
  means: [
    [0, 0, 0],
    [1.5, -1, 0.5],
  ],
  std: [0.4, 1],
  weights: [0.3, 0.7],
});

describe.each([
  ["a Gaussian mixture", unequal, 0.5],
  ["a funnel", funnel({ dim: 3 }), 0.6],
  ["many wells", manyWell({ dim: 4 }), 0.2],
] as const)("%s stays put", (_, target, size) => {
  test.each([
    ["random walk", randomWalk({ stepSize: 1.2 * size }), 12, ROWS],
    ["MALA", mala({ stepSize: size }), 12, ROWS],
    ["HMC of two lengths", hmc({ stepSize: size, leapfrogs: 5, leapfrogsOdd: 3 }), 4, ROWS],
    ["NUTS", nuts({ stepSize: size, maxDepth: 5 }), 2, 3000],
  ] as const)("under %s", async (_, move, steps, rows) => {
    const before = exactDraws(target, rows);
    const after = await moved(target, move, steps, rows);
    expect(after.data.filter((value, i) => value !== before.data[i]).length).toBeGreaterThan(rows);
    const found = changes(target, before, after);
    for (const [observable, z] of Object.entries(found)) expect(Math.abs(z), observable).toBeLessThan(6);
  });
});

describe("a Gaussian is sampled by the law that was asked for", () => {
  const normal = gaussianMixture({ means: [[1, -2, 0.5]], std: 1.5 });
  const [mean, square] = [[1, -2, 0.5], 2.25];

  test.each([
    ["random walk", 0, 1.2],
    ["MALA", 1, 1],
    ["HMC", 4, 0.8],
  ] as const)(
    "%s with a tether: chains at their posterior stay there, and so do the means over their ends",
    (_, leapfrogs, size) => {
      const { data: z } = normalRows(keyOf(1), 0, 0, ROWS, 3);
      const { data: far } = normalRows(keyOf(2), 0, 0, ROWS, 3);
      const tether = Float32Array.from({ length: ROWS }, (_, row) => 0.05 + 3 * (row / ROWS));
      const center = { data: far.map((value) => 3 * value), n: ROWS, dim: 3 };
      // N(mean, 1.5^2) N(y; center, h) is normal with these.
      const variance = tether.map((h) => 1 / (1 / square + 1 / h));
      const middle = far.map(
        (_, i) => variance[Math.floor(i / 3)] * (mean[i % 3] / square + center.data[i] / tether[Math.floor(i / 3)]),
      );
      const x = { data: z.map((value, i) => middle[i] + Math.sqrt(variance[Math.floor(i / 3)]) * value), n: ROWS, dim: 3 };
      const stepSize = variance.map((v) => size * Math.sqrt(v));
      const result = hamiltonian(normal, { x, key: keyOf(3), moves: 6, leapfrogs, stepSize, center, tether });
      const rows = Array.from({ length: ROWS }, (_, row) => row);
      const distance = (row: number) =>
        [0, 1, 2].reduce((sum, d) => sum + (middle[3 * row + d] - center.data[3 * row + d]) ** 2, 3 * variance[row]);
      const square3 = result.square as Float32Array;
      expect(Math.abs(zOf(rows.map((row) => (square3[row] - distance(row)) / variance[row])))).toBeLessThan(6);
      for (let d = 0; d < 3; d++) {
        const off = (values: Float32Array) =>
          zOf(rows.map((row) => (values[3 * row + d] - middle[3 * row + d]) / Math.sqrt(variance[row])));
        expect(Math.abs(off(result.mean as Float32Array))).toBeLessThan(6);
        expect(Math.abs(off(result.x.data))).toBeLessThan(6);
      }
      const spread = rows.map((row) => (result.x.data[3 * row] - middle[3 * row]) ** 2 / variance[row]);
      expect(Math.abs(zOf(spread, 1))).toBeLessThan(6);
      // Control: with half the tether asked for, the law is another.
      const wrong = hamiltonian(normal, {
        x,
        key: keyOf(3),
        moves: 6,
        leapfrogs,
        stepSize,
        center,
        tether: tether.map((h) => h / 2),
      });
      const bent = wrong.square as Float32Array;
      expect(Math.abs(zOf(rows.map((row) => (bent[row] - distance(row)) / variance[row])))).toBeGreaterThan(11);
    },
  );

  test("inverse temperatures widen it", () => {
    const beta = Float32Array.from({ length: ROWS }, (_, row) => 0.1 + row / ROWS);
    const { data: z } = normalRows(keyOf(4), 0, 0, ROWS, 3);
    const std = beta.map((b) => Math.sqrt(square / b));
    const x = { data: z.map((value, i) => mean[i % 3] + std[Math.floor(i / 3)] * value), n: ROWS, dim: 3 };
    const ask = { x, key: keyOf(6), moves: 8, leapfrogs: 2, stepSize: std.map((s) => 0.9 * s) };
    const spread = (end: Batch) =>
      zOf(
        Array.from({ length: ROWS }, (_, row) => ((end.data[3 * row] - mean[0]) / std[row]) ** 2),
        1,
      );
    expect(Math.abs(spread(hamiltonian(normal, { ...ask, beta }).x))).toBeLessThan(6);
    expect(Math.abs(spread(hamiltonian(normal, ask).x))).toBeGreaterThan(11);
  });

  test("particles live in (count - 1) spatialDim dimensions", async () => {
    const particles = { count: 4, spatialDim: 2 };
    const evaluate = (x: Float64Array, gradient: Float64Array) => {
      const middle = [0, 1].map((axis) => (x[axis] + x[2 + axis] + x[4 + axis] + x[6 + axis]) / 4);
      let energy = 0;
      for (let i = 0; i < 8; i++) {
        gradient[i] = x[i] - middle[i % 2];
        energy += 0.5 * gradient[i] ** 2;
      }
      return energy;
    };
    const springs = customEnergy({ name: "springs", dim: 8, particles, evaluate });
    for (const move of [randomWalk(), mala(), nuts()]) {
      const run = await runChains(springs, { move, chains: 300, steps: 100, thin: 10, warmup: 150, seed: 2 });
      // Rows of one chain are not independent: their means are.
      const means = Array.from({ length: 300 }, (_, chain) =>
        Array.from({ length: 10 }, (_, draw) => run.energy[draw * 300 + chain] / 10).reduce((a, b) => a + b, 0),
      );
      expect(Math.abs(zOf(means, 3)), move.name).toBeLessThan(6);
      // Control: with the center of mass moving too it would be 4.
      expect(Math.abs(zOf(means, 4)), move.name).toBeGreaterThan(11);
    }
  });
});

describe("tempering", () => {
  const normal = gaussianMixture({ means: [new Array(5).fill(0)], std: 1 });
  const temperatures = [1, 1.7, 3];
  const context: MoveContext = {
    energy: normal,
    key: keyOf(8),
    run: async (_task, request) => hamiltonian(normal, request as Parameters<typeof hamiltonian>[1]) as never,
  };

  /** Every replica at its own temperature. */
  async function run(moves: number): Promise<{ before: Batch; state: ChainState; details: { [name: string]: unknown } }> {
    const n = 4000;
    const move = tempering({ move: mala(), temperatures, swapEvery: 1, adaptLadder: false });
    const { state } = move.init(context, exactDraws(normal, n));
    state.stepSize.set([0.8, 1, 1.4]);
    const { data } = normalRows(keyOf(9), 0, 0, 3 * n, 5);
    const x = { data: data.map((value, i) => value * Math.sqrt(temperatures[Math.floor(i / (5 * n))])), n: 3 * n, dim: 5 };
    Object.assign(state, { x, ...normal.energyAndGradient(x) });
    const before = { data: x.data.slice(), n: x.n, dim: 5 };
    if (moves > 0) await move.step(context, state, moves);
    return { before, state, details: moves > 0 ? (move.report?.(state).details ?? {}) : {} };
  }

  /** z of the mean energy of each replica's rows against its own law: dim / 2 times the temperature. */
  function energies({ energy, chains }: ChainState): number[] {
    const constant = 2.5 * Math.log(2 * Math.PI);
    return temperatures.map((t, r) =>
      zOf(
        Array.from(energy.subarray(r * chains, (r + 1) * chains), (e) => e - constant),
        2.5 * t,
      ),
    );
  }

  test("swaps leave every temperature at its law, and the energies are those of the configurations", async () => {
    const { state, before, details } = await run(6);
    for (const z of energies(state)) expect(Math.abs(z)).toBeLessThan(6);
    expect(state.energy).toEqual(normal.energy(state.x));
    expect(state.x.data.filter((value, i) => value !== before.data[i]).length).toBeGreaterThan(30_000);
    for (const rate of details.swapRates as number[]) expect(rate).toBeGreaterThan(0.2);
  });

  test("control: swaps with the sign of the exponent turned are found", async () => {
    const { state } = await run(0);
    const { energy, chains } = state;
    const draws = uniforms(keyOf(10), 0, 0, chains);
    for (let chain = 0; chain < chains; chain++) {
      const [a, b] = [energy[chain], energy[chains + chain]];
      if (draws[chain] < Math.exp(-(1 - 1 / temperatures[1]) * (a - b))) [energy[chain], energy[chains + chain]] = [b, a];
    }
    for (const z of energies(state).slice(0, 2)) expect(Math.abs(z)).toBeGreaterThan(11);
  });

  test("finds both sides of a wall that HMC does not cross, with the right weights", async () => {
    const walls = gaussianMixture({
      means: [
        [-8, 0],
        [8, 0],
      ],
      std: 1,
      weights: [0.25, 0.75],
    });
    const start = { data: new Float32Array(400).map((_, i) => (i % 2 ? 0 : -8)), n: 200, dim: 2 };
    const shares = (x: Batch, chains: number) => {
      const counts = new Float64Array(chains);
      for (let row = 0; row < x.n; row++) if (x.data[2 * row] > 0) counts[row % chains] += chains / x.n;
      return Array.from(counts);
    };
    const options = { start, steps: 300, warmup: 300, thin: 3, seed: 4 };
    const stuck = await runChains(walls, { ...options, move: hmc() });
    expect(shares(stuck.x, 200).every((share) => share === 0)).toBe(true);
    const tempered = await runChains(walls, { ...options, move: tempering({ replicas: 6, hottest: 40, swapEvery: 2 }) });
    expect(Math.abs(zOf(shares(tempered.x, 200), 0.75))).toBeLessThan(6);
    expect(Math.abs(zOf(shares(tempered.x, 200), 0.5))).toBeGreaterThan(11);
    const rates = tempered.details.swapRates as number[];
    expect(Math.max(...rates) - Math.min(...rates)).toBeLessThan(0.2);
  });
});

describe("control: wrong moves are found", () => {
  type Wrong = "no reverse density" | "wrong sign" | "no decision" | "half the noise";

  /** MALA in a few lines, right but for one mistake. */
  function wrongMala(target: Energy, x: Batch, mistake: Wrong | "none"): Batch {
    const tau = 0.35;
    let current = x;
    for (let move = 0; move < 12; move++) {
      const eps = normalRows(keyOf(12), move, 0, x.n, x.dim).data;
      const here = target.energyAndGradient(current);
      const noise = mistake === "half the noise" ? 0.5 : 1;
      const y = current.data.map((value, i) => value - tau * here.gradient[i] + Math.sqrt(2 * tau * noise) * eps[i]);
      const there = target.energyAndGradient({ ...x, data: y });
      const next = current.data.slice();
      for (let row = 0; row < x.n; row++) {
        let back = 0;
        for (let i = row * x.dim; i < (row + 1) * x.dim; i++) {
          const to = y[i] - current.data[i] + tau * here.gradient[i];
          const from = current.data[i] - y[i] + tau * there.gradient[i];
          back += (to * to - from * from) / (4 * tau);
        }
        const change = here.energy[row] - there.energy[row];
        const ratio = mistake === "no reverse density" ? change : mistake === "wrong sign" ? change - back : change + back;
        const accepted = mistake === "no decision" || uniforms(keyOf(13), move, row, 1)[0] < Math.exp(ratio);
        if (accepted) next.set(y.subarray(row * x.dim, (row + 1) * x.dim), row * x.dim);
      }
      current = { ...x, data: next };
    }
    return current;
  }

  test.each(["no reverse density", "wrong sign", "no decision", "half the noise"] as const)("%s", (mistake) => {
    const before = exactDraws(unequal);
    expect(largest(changes(unequal, before, wrongMala(unequal, before, mistake)))).toBeGreaterThan(11);
  });

  test("and the same move without a mistake passes", () => {
    const before = exactDraws(unequal);
    expect(largest(changes(unequal, before, wrongMala(unequal, before, "none")))).toBeLessThan(6);
  });
});

describe("what a run says of itself", () => {
  const normal = gaussianMixture({ means: [new Array(6).fill(1)], std: 2 });
  const truth = 3 + 3 * Math.log(2 * Math.PI * 4);

  test("standard errors of the mean energy are what repeated runs show", async () => {
    const z = [];
    for (let seed = 0; seed < 30; seed++) {
      const { diagnostics } = await runChains(normal, {
        move: mala(),
        chains: 40,
        steps: 150,
        warmup: 150,
        start: "exact",
        seed,
      });
      z.push((diagnostics[0].mean - truth) / diagnostics[0].standardError);
    }
    // Mean square of 30 unit normals: 1 with standard deviation 0.26; error bars too small by 1.5 would give 2.25, and by 2 give 4.
    const size = z.reduce((sum, value) => sum + value * value, 0) / z.length;
    expect(size).toBeLessThan(1 + 6 * 0.26);
    expect(size).toBeGreaterThan(0.2);
    expect(Math.abs(zOf(z))).toBeLessThan(6);
  });

  test.each([
    [randomWalk(), 0.234],
    [mala(), 0.574],
    [hmc({ leapfrogs: 4 }), 0.65],
    [nuts(), 0.8],
  ] as const)("warm-up reaches the acceptance aimed at (%#)", async (move, aim) => {
    const { acceptance, energyCalls, calls } = await runChains(normal, { move, chains: 100, steps: 100, warmup: 200, seed: 1 });
    expect(Math.abs(acceptance - aim)).toBeLessThan(0.05);
    const { warmup, sampling } = calls;
    expect(warmup.plain + warmup.gradient + sampling.plain + sampling.gradient).toBe(energyCalls);
    if (move.name === "mala")
      expect([warmup, sampling]).toEqual([
        { plain: 0, gradient: 20_100 },
        { plain: 0, gradient: 10_000 },
      ]);
    if (move.name === "randomWalk")
      expect([warmup, sampling]).toEqual([
        { plain: 20_100, gradient: 0 },
        { plain: 10_000, gradient: 0 },
      ]);
  });
});
