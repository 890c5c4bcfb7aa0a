import { expect, test, vi } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { keyOf } from "../../src/core/random.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { initKernels, kernelReport, kernels } from "../../src/kernels/load.js";
import { normals } from "../../src/kernels/normal.js";

/** One file, one fresh module: the tests run in this order. */
test("before init every call says what to do; making an energy needs none", () => {
  const target = gaussianMixture();
  const x = { data: new Float32Array(2), n: 1, dim: 2 };
  const calls = [() => normals(keyOf(1), 0, 0, 4), () => target.energy(x), () => target.exact?.sample(1, 0), kernelReport];
  for (const call of calls) {
    expect(call).toThrow(BnemError);
    expect(call).toThrow(/init\(\)/);
  }
  expect(target.check.energy).toBeGreaterThan(0);
});

test("init is idempotent, also when called twice at once; exact: true keeps the relaxed build away for good", async () => {
  await Promise.all([initKernels({ exact: true }), initKernels()]);
  expect(kernelReport()).toEqual({ simd: true, relaxed: false, exact: true });
  const plain = kernels("test");
  await initKernels();
  expect(kernels("test")).toBe(plain);
  expect(kernels("test", false)).toBe(plain);
  expect(kernelReport().exact).toBe(true);
});

test("a lease gives its bytes back, also when the callback throws; leases nest", () => {
  const { arena } = kernels("test");
  const first = arena.lease([16], (lease) => lease.take(16));
  const fail = () =>
    arena.lease([1000], () => {
      throw new Error("inside");
    });
  expect(fail).toThrow("inside");
  arena.lease([16, 16], (outer) => {
    expect(outer.take(16)).toBe(first);
    const inner = arena.lease([64], (lease) => lease.take(64));
    expect(inner).toBeGreaterThanOrEqual(first + 32);
    expect(outer.take(1) % 16).toBe(0);
    expect(() => outer.take(1)).toThrow(BnemError);
  });
  expect(arena.lease([16], (lease) => lease.take(16))).toBe(first);
});

test("the memory grows, and says so when it cannot", () => {
  const { arena } = kernels("test");
  const values = Float32Array.from({ length: 3_000_000 }, (_, i) => i);
  const copy = arena.lease([values.byteLength, values.byteLength], (lease) => {
    const at = lease.put(values);
    arena.lease([1 << 26], (inner) => inner.take(1 << 26));
    return lease.get(at, values.length);
  });
  expect(copy.every((value, i) => value === values[i])).toBe(true);
  expect(() => arena.lease([2 ** 31 - 64], () => 0)).toThrow(BnemError);
  expect(() => arena.lease([2 ** 40], () => 0)).toThrow(/fewer rows/);
});

test("a relaxed build that validates and yet does not start leaves the plain one in charge", async () => {
  vi.resetModules();
  const { compile } = WebAssembly;
  const tries: number[] = [];
  vi.spyOn(WebAssembly, "validate").mockReturnValue(true);
  vi.spyOn(WebAssembly, "compile").mockImplementation(async (bytes: BufferSource) => {
    tries.push(bytes.byteLength);
    if (tries.length > 1) throw new RangeError("out of memory");
    return compile(bytes);
  });
  try {
    const fresh: typeof import("../../src/kernels/load.js") = await import("../../src/kernels/load.js");
    await fresh.initKernels();
    await fresh.initKernels();
    expect(fresh.kernelReport()).toEqual({ simd: true, relaxed: false, exact: false });
    expect(fresh.kernels("test", false)).toBe(fresh.kernels("test", true));
    expect(tries.length).toBe(2);
  } finally {
    vi.restoreAllMocks();
  }
});
