/** Matrix products against their definition in f64, in both builds; and that the bits of a row depend on nothing but the row. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { initKernels, kernels } from "../../src/kernels/load.js";
import { type GemmMode, type GemmSizes, referenceGemm } from "../reference/gemm.js";
import { referenceNormals } from "../reference/normals.js";
import { siluTwin } from "../reference/silu.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;
const MODES: readonly GemmMode[] = [0, 1, 2, 3];
const BUILDS = [
  { build: "plain", exact: true },
  { build: "relaxed", exact: false },
];

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

function numbers(count: number, seed: number): Float32Array {
  return referenceNormals(keyOf(seed), 0, 0, count, 1).data;
}

interface Extra {
  readonly bias?: Float32Array;
  /** What C holds before; then it is added to. */
  readonly old?: Float32Array;
}

/** C of one call. Scratch is NaN before, and C and scratch are followed by numbers that must stay. */
function product(
  exact: boolean,
  mode: GemmMode,
  a: Float32Array,
  b: Float32Array,
  { m, n, k }: GemmSizes,
  { bias, old }: Extra = {},
) {
  const { exports, arena } = kernels("test", exact);
  const scratchSize = Math.ceil(exports.gemmScratch(m, n, k) / 4);
  const c = new Float32Array(m * n + 8).fill(7);
  if (old) c.set(old);
  const scratch = new Float32Array(scratchSize + 8).fill(Number.NaN).fill(7, scratchSize);
  const sizes = [a, b, c, scratch, bias ?? new Float32Array(0)].map((x) => x.byteLength);
  return arena.lease(sizes, (lease) => {
    const [pa, pb, pc, ps] = [a, b, c, scratch].map((x) => lease.put(x));
    exports.gemm(mode, pa, pb, bias ? lease.put(bias) : 0, pc, m, n, k, old ? 1 : 0, ps);
    expect(Array.from(lease.get(pc + 4 * m * n, 8))).toEqual(new Array(8).fill(7));
    expect(Array.from(lease.get(ps + 4 * scratchSize, 8))).toEqual(new Array(8).fill(7));
    return lease.get(pc, m * n);
  });
}

/**
 * Largest error over its bound: an entry is a start and k terms added in order, so each term takes at most k + 1 roundings of its
 * own size (one of the product, k of sums), and the start k.
 */
function worst(got: ArrayLike<number>, { value, size }: ReturnType<typeof referenceGemm>, k: number): number {
  let most = 0;
  value.forEach((v, i) => {
    const error = Math.abs(got[i] - v) / ((k + 2) * U * size[i] + 1e-37);
    most = Number.isNaN(error) ? Infinity : Math.max(most, error);
  });
  return most;
}

/** Errors of all modes, alone, with a bias and added to what is there. */
function worstOfAll(exact: boolean, sizes: GemmSizes, seed: number): number {
  const { m, n, k } = sizes;
  const a = numbers(m * k, seed);
  const b = numbers(k * n, seed + 1);
  const bias = numbers(n, seed + 2);
  const old = numbers(m * n, seed + 3);
  return Math.max(
    ...MODES.flatMap((mode) => [
      worst(
        product(exact, mode, a, b, sizes),
        referenceGemm(mode, a, b, () => 0, sizes),
        k,
      ),
      worst(
        product(exact, mode, a, b, sizes, { bias }),
        referenceGemm(mode, a, b, (_, j) => bias[j], sizes),
        k,
      ),
      worst(
        product(exact, mode, a, b, sizes, { old }),
        referenceGemm(mode, a, b, (i, j) => old[i * n + j], sizes),
        k,
      ),
    ]),
  );
}

/** Rows first .. first + count of a matrix [m, n], whichever way it lies. */
function rowsOf(turned: boolean, x: Float32Array, m: number, n: number, first: number, count: number): Float32Array {
  if (!turned) return x.slice(first * n, (first + count) * n);
  return Float32Array.from({ length: n * count }, (_, i) => x[Math.floor(i / count) * m + first + (i % count)]);
}

describe.each(BUILDS)("$build build", ({ exact }) => {
  it.each([
    [1, 1, 1],
    [4, 8, 4],
    [5, 8, 256],
    [6, 9, 257],
    [3, 4, 600],
    [512, 1, 64],
    [64, 1, 512],
    [39, 1, 21],
    [512, 64, 1],
    [1, 128, 128],
    [22, 24, 64],
    [139, 64, 128],
    [128, 64, 139],
    [128, 256, 256],
  ])("products of %i x %i x %i equal f64 to k + 2 roundings", (m, n, k) => {
    expect(worstOfAll(exact, { m, n, k }, m + n + k)).toBeLessThan(1);
  });

  it("odd sizes equal f64 to k + 2 roundings", () => {
    const size = fc.integer({ min: 1, max: 23 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 40 }), (m, n, k) => worstOfAll(exact, { m, n, k }, 100 * m + n) < 1),
      { seed: 1, numRuns: 60 },
    );
  });

  it("control: one term left out breaks the bound", () => {
    const sizes = { m: 9, n: 11, k: 300 };
    const a = numbers(sizes.m * sizes.k, 1);
    const b = numbers(sizes.k * sizes.n, 2);
    const expected = referenceGemm(0, a, b, () => 0, sizes);
    a[5 * sizes.k + 299] = 0;
    expect(worst(product(exact, 0, a, b, sizes), expected, sizes.k)).toBeGreaterThan(1);
  });

  it.each(MODES)("a row has the same bits whatever m is and wherever it stands, mode %i", (mode) => {
    for (const [m, n, k] of [
      [17, 13, 300],
      [11, 1, 64],
      [37, 1, 23],
      [12, 64, 7],
    ]) {
      const a = numbers(m * k, 5);
      const b = numbers(k * n, 6);
      const bias = numbers(n, 7);
      const whole = product(exact, mode, a, b, { m, n, k }, { bias });
      for (const count of [1, 2, 3, 5, 8, 17].filter((rows) => rows <= m)) {
        for (let first = 0; first + count <= m; first++) {
          const part = product(exact, mode, rowsOf(mode >= 2, a, m, k, first, count), b, { m: count, n, k }, { bias });
          expect(part).toEqual(whole.slice(first * n, (first + count) * n));
        }
      }
    }
  });

  it.each(MODES)("a NaN reaches its row or column and nothing else, mode %i", (mode) => {
    const sizes = { m: 7, n: 10, k: 6 };
    const a = numbers(42, 8);
    const b = numbers(60, 9);
    const clean = product(exact, mode, a, b, sizes);
    const [inRow, inColumn] = [a.slice(), b.slice()];
    inRow[mode >= 2 ? 3 * 7 + 6 : 6 * 6 + 3] = Number.NaN;
    inColumn[mode % 2 === 1 ? 9 * 6 + 2 : 2 * 10 + 9] = Number.NaN;
    expect(product(exact, mode, inRow, b, sizes)).toEqual(clean.map((c, i) => (i >= 60 ? Number.NaN : c)));
    expect(product(exact, mode, a, inColumn, sizes)).toEqual(clean.map((c, i) => (i % 10 === 9 ? Number.NaN : c)));
  });

  it("an empty sum is the bias, and no rows are no work", () => {
    const bias = numbers(9, 3);
    const none = new Float32Array(0);
    expect(product(exact, 0, none, none, { m: 2, n: 9, k: 0 }, { bias })).toEqual(Float32Array.from([...bias, ...bias]));
    expect(product(exact, 0, none, numbers(9, 4), { m: 0, n: 9, k: 1 })).toHaveLength(0);
  });

  it.each(MODES)("batches equal single products, bit for bit, mode %i", (mode) => {
    const [batch, m, n, k] = [5, 7, 9, 6];
    const { exports, arena } = kernels("test", exact);
    const a = numbers(batch * m * k, 10);
    const b = numbers(batch * k * n, 11);
    for (const [aStride, bStride] of [
      [m * k, k * n],
      [m * k, 0],
      [0, k * n],
    ]) {
      const got = arena.lease([a.byteLength, b.byteLength, 4 * batch * m * n, exports.gemmScratch(m, n, k)], (lease) => {
        const c = lease.take(4 * batch * m * n);
        const scratch = lease.take(exports.gemmScratch(m, n, k));
        exports.gemmBatched(mode, lease.put(a), aStride, lease.put(b), bStride, c, m * n, batch, m, n, k, scratch);
        return lease.get(c, batch * m * n);
      });
      for (let i = 0; i < batch; i++) {
        const single = product(
          exact,
          mode,
          a.slice(i * aStride, i * aStride + m * k),
          b.slice(i * bStride, i * bStride + k * n),
          {
            m,
            n,
            k,
          },
        );
        expect(got.slice(i * m * n, (i + 1) * m * n)).toEqual(single);
      }
    }
  });
});

interface Layer extends GemmSizes {
  readonly residual: boolean;
  /** How many derivatives are kept. */
  readonly kept: 0 | 1 | 2;
}

/** y, slope and bend of one layer, with its inputs, and what SiLU makes of the product computed apart. */
function layer(exact: boolean, { m, n, k, residual, kept }: Layer) {
  const { exports, arena } = kernels("test", exact);
  const input = { x: numbers(m * k, 1), w: numbers(k * n, 2), bias: numbers(n, 3), old: numbers(m * n, 4) };
  const size = m * n;
  const outputs = new Array(7).fill(4 * size);
  const room = [...Object.values(input).map((v) => v.byteLength), ...outputs, exports.gemmScratch(m, n, k)];
  return arena.lease(room, (lease) => {
    const [x, w, bias, old] = Object.values(input).map((v) => lease.put(v));
    const [y, slope, bend, z, silu, siluSlope, siluBend] = outputs.map(() => lease.put(new Float32Array(size).fill(7)));
    const scratch = lease.take(exports.gemmScratch(m, n, k));
    const added = residual ? old : 0;
    exports.denseSilu(x, w, bias, added, y, kept > 0 ? slope : 0, kept > 1 ? bend : 0, m, n, k, scratch);
    exports.gemm(0, x, w, bias, z, m, n, k, 0, scratch);
    exports.siluKept(z, added, silu, siluSlope, siluBend, size);
    const joined = [y, slope, bend].map((at) => lease.get(at, size));
    const apart = [silu, siluSlope, siluBend].map((at) => lease.get(at, size));
    return { ...input, joined, apart };
  });
}

describe.each(BUILDS)("denseSilu, $build build", ({ exact }) => {
  const cases = [true, false].flatMap((residual) => ([0, 1, 2] as const).map((kept) => ({ residual, kept })));
  it.each(cases)("equals f64, residual $residual, $kept derivatives kept", ({ residual, kept }) => {
    for (const [m, n, k] of [
      [1, 2, 1],
      [13, 17, 300],
      [33, 64, 10],
    ]) {
      const { x, w, bias, old, joined, apart } = layer(exact, { m, n, k, residual, kept });
      joined.forEach((values, at) => {
        expect(values).toEqual(at <= kept ? apart[at] : new Float32Array(m * n).fill(7));
      });
      const { value, size } = referenceGemm(0, x, w, (_, j) => bias[j], { m, n, k });
      value.forEach((v, i) => {
        const expected = siluTwin(v) + (residual ? old[i] : 0);
        // |silu'| < 1.1 carries the error of z; silu itself and the sum round a few times more (test/parity/silu.test.ts).
        const bound = 1.1 * (k + 2) * U * size[i] + 16 * U * (Math.abs(siluTwin(v)) + 0.1) + U * Math.abs(expected);
        expect(Math.abs(joined[0][i] - expected)).toBeLessThanOrEqual(bound);
      });
    }
  });
});
