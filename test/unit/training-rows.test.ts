/** The noised inputs of training steps: buffer, strata, streams and law. Statistics: fixed seed, |z| < 6, controls that fail. */
import { beforeAll, describe, expect, test } from "vitest";
import { derive, keyOf } from "../../src/core/random.js";
import { initKernels } from "../../src/kernels/load.js";
import { normals, uniforms } from "../../src/kernels/normal.js";
import { createTrainingRows, noiseLevels, type TrainingRowsOptions } from "../../src/kernels/training-rows.js";
import { geometricSchedule } from "../../src/schedules/geometric.js";
import { linearSchedule } from "../../src/schedules/linear.js";
import { FencedMemory } from "../support/fenced-memory.js";

beforeAll(() => initKernels());

const key = keyOf(3);
const schedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 10 });
const options: TrainingRowsOptions = {
  key,
  dim: 2,
  capacity: 10,
  batchSize: 40,
  priorFraction: 0.25,
  priorWidth: 7,
  varianceFloor: 0.04,
  levels: noiseLevels(schedule.variance),
};
/** Noise too small to show beside the numbers of these tests. */
const still = { levels: Float32Array.of(0, 1e-20), varianceFloor: 1e-20 };
const make = (given: Partial<TrainingRowsOptions> = {}) => createTrainingRows({ ...options, ...given });
const rowsOf = (...values: number[]) => ({ data: Float32Array.from(values.flatMap((v) => [v, -v])), n: values.length, dim: 2 });
const held = (rows: Awaited<ReturnType<typeof make>>) => Array.from(rows.state().data.filter((_, i) => i % 2 === 0));

describe("buffer", () => {
  test("keeps the newest rows: the oldest slot is written over first", async () => {
    const rows = await make({ capacity: 3 });
    expect(rows.push(rowsOf(1, 2))).toBe(0);
    expect([rows.size, ...held(rows)]).toEqual([2, 1, 2]);
    rows.push(rowsOf(3, 4));
    expect([rows.size, ...held(rows)]).toEqual([3, 4, 2, 3]);
    rows.push(rowsOf(5, 6, 7, 8));
    expect(held(rows)).toEqual([7, 8, 6]);
  });

  test("refuses rows with a coordinate that is not finite, and counts them", async () => {
    const rows = await make();
    const x = { data: Float32Array.of(1, 1, Number.NaN, 0, 0, Infinity, 2, 2, -Infinity, 0), n: 5, dim: 2 };
    expect(rows.push(x)).toBe(3);
    expect(held(rows)).toEqual([1, 2]);
  });

  test("goes on from its state as if it had never stopped, half filled and wrapped", async () => {
    for (const before of [rowsOf(1, 2), rowsOf(1, 2, 3, 4, 5)]) {
      const one = await make({ capacity: 3 });
      one.push(before);
      const saved = one.state();
      const two = await make({ capacity: 3 });
      two.restore(saved);
      for (const rows of [one, two]) rows.push(rowsOf(8, 9));
      expect(two.state()).toEqual(one.state());
      expect(two.rows(4)).toEqual(one.rows(4));
      // A copy: later rows do not reach into it.
      expect(saved.data).not.toEqual(one.state().data);
    }
  });
});

describe("rows of a step", () => {
  test("each kind of row has one time in each of its strata", async () => {
    const rows = await make({ varianceFloor: 1e-12 });
    rows.push(rowsOf(1));
    const { variance } = rows.rows(5);
    for (const part of [variance.subarray(0, 10), variance.subarray(10)]) {
      part.forEach((h, i) => {
        const stratum = schedule.timeOf(h) * part.length;
        // The table keeps h to 1e-6, which is 1e-7 of time.
        expect(stratum).toBeGreaterThan(i - 1e-5);
        expect(stratum).toBeLessThan(i + 1 + 1e-5);
      });
    }
  });

  test("variances are the schedule's: 1e-6 of a geometric one, a linear one to the roundings; the floor holds", async () => {
    for (const [one, error] of [
      [schedule, 1e-6],
      [linearSchedule({ sigmaMax: 3 }), 2 ** -23],
    ] as const) {
      const rows = await make({ levels: noiseLevels(one.variance), batchSize: 2000 });
      const { variance } = rows.rows(8);
      variance.forEach((h, i) => {
        const u = uniforms(derive(key, "place"), 8, i, 1)[0];
        const expected = Math.max(Math.fround(0.04), one.variance((i + u) / 2000));
        expect(Math.abs(h / expected - 1)).toBeLessThan(error);
      });
      expect(Math.min(...variance)).toBe(Math.fround(0.04));
    }
  });

  test("the first part is uniform in the box, the rest from the buffer", async () => {
    const rows = await make(still);
    rows.push(rowsOf(100, 200, 300));
    const { x } = rows.rows(5);
    const inBox = (i: number) => Math.abs(x.data[2 * i]) <= 7 && Math.abs(x.data[2 * i + 1]) <= 7;
    const stored = (i: number) => [100, 200, 300].includes(x.data[2 * i]) && x.data[2 * i + 1] === -x.data[2 * i];
    for (let i = 0; i < 40; i++) expect([inBox(i), stored(i)], `row ${i}`).toEqual(i < 10 ? [true, false] : [false, true]);
    expect(new Set(Array.from({ length: 30 }, (_, i) => x.data[20 + 2 * i]))).toEqual(new Set([100, 200, 300]));
  });

  test.each([
    [0, 0],
    [0.5, 20],
    [1, 40],
  ])("a prior fraction of %d gives %d rows of the box, all rows while the buffer is empty", async (priorFraction, count) => {
    const rows = await make({ ...still, priorFraction });
    const boxed = () => rows.rows(1).x.data.filter((c, i) => i % 2 === 0 && Math.abs(c) <= 7).length;
    expect(boxed()).toBe(40);
    rows.push(rowsOf(100));
    expect(boxed()).toBe(count);
  });

  test.each([1, 2, 5, 8, 1030])("dim %i: the numbers of the public streams, bit for bit", async (dim) => {
    const rows = await make({ dim });
    const stored = Float32Array.from({ length: 3 * dim }, (_, i) => i / 7);
    rows.push({ data: stored, n: 3, dim });
    const { x, variance } = rows.rows(9);
    for (const i of [0, 9, 10, 39]) {
      const u = uniforms(derive(key, "place"), 9, i, dim + 1);
      const eps = normals(derive(key, "noise"), 9, i, dim);
      const slot = Math.floor(3 * u[1]);
      const sigma = Math.fround(Math.sqrt(variance[i]));
      for (let d = 0; d < dim; d++) {
        const origin = i < 10 ? Math.fround(7 * (2 * u[1 + d] - 1)) : stored[slot * dim + d];
        expect(x.data[i * dim + d]).toBe(Math.fround(origin + Math.fround(sigma * eps[d])));
      }
    }
  });

  test("any range has the bits it has in the whole; steps and keys differ", async () => {
    const rows = await make();
    rows.push(rowsOf(1, 2, 3));
    const whole = rows.rows(11);
    for (const [first, count] of [
      [0, 1],
      [7, 9],
      [39, 1],
      [0, 40],
    ]) {
      const part = rows.rows(11, first, count);
      expect(part.x).toEqual({ data: whole.x.data.subarray(2 * first, 2 * (first + count)), n: count, dim: 2 });
      expect(part.variance).toEqual(whole.variance.subarray(first, first + count));
    }
    expect(rows.rows(11)).toEqual(whole);
    expect(rows.rows(12).x.data.filter((c, i) => c === whole.x.data[i])).toHaveLength(0);
    const other = await make({ key: keyOf(4) });
    other.push(rowsOf(1, 2, 3));
    expect(other.rows(11).x.data.filter((c, i) => c === whole.x.data[i])).toHaveLength(0);
  });

  test("the kernel writes inside its blocks only", () => {
    for (const dim of [1, 2, 7, 8, 9]) {
      const memory = new FencedMemory(true);
      const levels = memory.put([0, 1, 2]);
      const buffer = memory.put(new Float32Array(3 * dim));
      const scratch = memory.take(memory.exports.trainingRowsScratch(dim) / 4);
      const request = memory.putWords([1, 2, 3, 4, 5, 20, 10, dim, 0x3f800000, 0x3c23d70a, buffer, 3, levels, 3]);
      const x = memory.take(20 * dim);
      const variance = memory.take(20);
      memory.exports.trainingRows(request, 0, 20, x, variance, scratch);
      expect(memory.intact()).toBe(true);
      expect(memory.get(x, 20 * dim).every(Number.isFinite) && memory.get(variance, 20).every(Number.isFinite)).toBe(true);
    }
  });
});

describe("law", () => {
  const count = 100_000;
  /** z of the mean of values whose law has mean 0 and this variance. */
  const meanZ = (values: ArrayLike<number>, variance: number) =>
    Array.from(values).reduce((sum, value) => sum + value, 0) / Math.sqrt(values.length * variance);

  /** The noise of rows from a buffer that holds 0, over `factor` times its standard deviation. */
  async function noise(factor: number) {
    const rows = await make({ batchSize: count / 2, priorFraction: 0 });
    rows.push(rowsOf(0));
    const { x, variance } = rows.rows(0);
    return x.data.map((c, i) => c / (factor * Math.sqrt(variance[i >> 1])));
  }

  test("noise: moments, neighbours; control: 4 % too much variance (power: z = 8.9)", async () => {
    const eps = await noise(1);
    expect(Math.abs(meanZ(eps, 1))).toBeLessThan(6);
    expect(
      Math.abs(
        meanZ(
          eps.map((e) => e * e - 1),
          2,
        ),
      ),
    ).toBeLessThan(6);
    expect(
      Math.abs(
        meanZ(
          eps.map((e) => e ** 4 - 3),
          96,
        ),
      ),
    ).toBeLessThan(6);
    for (const lag of [1, 2, 4])
      expect(
        Math.abs(
          meanZ(
            eps.subarray(lag).map((e, i) => e * eps[i]),
            1,
          ),
        ),
      ).toBeLessThan(6);
    const control = await noise(Math.sqrt(1 / 1.04));
    expect(
      meanZ(
        control.map((e) => e * e - 1),
        2,
      ),
    ).toBeGreaterThan(6);
  });

  test("box: uniform, times and places independent; control: a box 2 % wider (power: z = 20)", async () => {
    const wide = await make({ ...still, batchSize: count, priorFraction: 1 });
    const u = wide.rows(0).x.data.map((c) => c / 7);
    expect(Math.max(...u.subarray(0, 1000).map(Math.abs))).toBeLessThanOrEqual(1);
    expect(Math.abs(meanZ(u, 1 / 3))).toBeLessThan(6);
    const squares = (x: Float32Array) =>
      meanZ(
        x.map((c) => c * c - 1 / 3),
        4 / 45,
      );
    expect(Math.abs(squares(u))).toBeLessThan(6);
    expect(squares(u.map((c) => 1.02 * c))).toBeGreaterThan(6);
    for (const lag of [1, 2, 3])
      expect(
        Math.abs(
          meanZ(
            u.subarray(lag).map((c, i) => c * u[i]),
            1 / 9,
          ),
        ),
      ).toBeLessThan(6);
    const within = Array.from({ length: count }, (_, i) => u[2 * i] * (2 * uniforms(derive(key, "place"), 0, i, 1)[0] - 1));
    expect(Math.abs(meanZ(within, 1 / 9))).toBeLessThan(6);
  });

  test("slots: equally likely; control: one of ten drawn 10 % more often (power: z = 10.5)", async () => {
    const rows = await make({ ...still, batchSize: count, priorFraction: 0 });
    rows.push(rowsOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    const hits = new Float64Array(10);
    const { data } = rows.rows(3).x;
    for (let i = 0; i < count; i++) hits[Math.round(data[2 * i])]++;
    const z = (at: number) => (at - count / 10) / Math.sqrt(count * 0.09);
    for (const at of hits) expect(Math.abs(z(at))).toBeLessThan(6);
    expect(z(1.1 * hits[4])).toBeGreaterThan(6);
  });
});

describe("refuses", () => {
  test.each<[string, Partial<TrainingRowsOptions>]>([
    ["dim", { dim: 0 }],
    ["capacity", { capacity: 1.5 }],
    ["batchSize", { batchSize: 0 }],
    ["priorFraction", { priorFraction: 1.1 }],
    ["priorWidth", { priorWidth: 0 }],
    ["varianceFloor", { varianceFloor: Number.NaN }],
    ["levels.length", { levels: Float32Array.of(1) }],
    ["levels must increase", { levels: Float32Array.of(0, 2, 1) }],
    ["variance", { levels: Float32Array.of(0, Infinity) }],
  ])("a bad %s", async (name, given) => {
    await expect(make(given)).rejects.toThrow(RangeError);
    await expect(make(given)).rejects.toThrow(name);
  });

  test("what is no key or no table", async () => {
    await expect(make({ key: 3 as never })).rejects.toThrow(TypeError);
    await expect(make({ levels: [0, 1] as never })).rejects.toThrow(TypeError);
    await expect(make({ levels: undefined as never })).rejects.toThrow(TypeError);
  });

  test("more memory than there is", async () => {
    await expect(make({ capacity: 2 ** 30 })).rejects.toMatchObject({ code: "unsupported" });
  });

  test("rows outside the step, states that do not fit, and anything after dispose", async () => {
    const rows = await make();
    for (const [step, first, count] of [
      [-1, 0, 1],
      [2 ** 32, 0, 1],
      [0, 40, 1],
      [0, -1, 1],
      [0, 39, 2],
      [0, 0, 0],
    ]) {
      expect(() => rows.rows(step, first, count)).toThrow(RangeError);
    }
    expect(() => rows.push({ data: new Float32Array(3), n: 1, dim: 3 })).toThrow(RangeError);
    expect(() => rows.restore({ data: new Float32Array(22), filled: 11, head: 0 })).toThrow(RangeError);
    expect(() => rows.restore({ data: new Float32Array(2), filled: 1, head: 10 })).toThrow(RangeError);
    expect(() => rows.restore({ data: new Float32Array(3), filled: 1, head: 1 })).toThrow(RangeError);
    rows.dispose();
    for (const call of [
      () => rows.rows(0),
      () => rows.push(rowsOf(1)),
      () => rows.state(),
      () => rows.restore(rowsOf(1) as never),
    ]) {
      expect(call).toThrow();
    }
    expect(() => rows.rows(0)).toThrow(expect.objectContaining({ code: "disposed" }));
  });
});
