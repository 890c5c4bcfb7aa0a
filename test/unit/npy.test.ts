import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { type ArrayData, batchFromArray, readNpy, writeNpy } from "../../src/io/npy.js";

/** A file as the format describes it: magic, version, header length, header text padded with spaces and a newline, data. */
function npyFixture(header: string, data: Uint8Array | readonly number[], version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const padded = `${header}${" ".repeat((64 - ((start + header.length + 1) % 64)) % 64)}\n`;
  const bytes = new Uint8Array(start + padded.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, padded.length & 255, padded.length >> 8]);
  bytes.set(new TextEncoder().encode(padded), start);
  bytes.set(data, start + padded.length);
  return bytes;
}

const bytesOf = (data: ArrayData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
const expectBadFile = (bytes: Uint8Array) =>
  expect(() => readNpy(bytes)).toThrow(expect.objectContaining({ code: "bad-file", name: "BnemError" }));

describe("readNpy on files written from the format's description", () => {
  // 1.5, -2, 0.25 as little-endian float32, and the numbers 1 to 6 as big-endian int32.
  const floats = [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0x80, 0x3e];
  const bigInts = [1, 2, 3, 4, 5, 6].flatMap((n) => [0, 0, 0, n]);

  it("reads float32 in versions 1, 2 and 3", () => {
    for (const version of [1, 2, 3]) {
      const read = readNpy(npyFixture(header("<f4", "(3,)"), floats, version));
      expect(read).toEqual({ data: Float32Array.of(1.5, -2, 0.25), shape: [3], dtype: "float32" });
    }
  });

  it("converts big-endian numbers", () => {
    const read = readNpy(npyFixture(header(">i4", "(2, 3)"), bigInts));
    expect(read).toEqual({ data: Int32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], dtype: "int32" });
  });

  it("turns Fortran order into C order, in two and three dimensions", () => {
    const flat = npyFixture(header(">i4", "(2, 3)", "True"), bigInts);
    expect([...readNpy(flat).data]).toEqual([1, 3, 5, 2, 4, 6]);
    const cube = Uint8Array.from({ length: 24 }, (_, i) => i);
    const read = readNpy(npyFixture(header("|u1", "(2, 3, 4)", "True"), cube));
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) for (let k = 0; k < 4; k++) expect(read.data[(i * 3 + j) * 4 + k]).toBe(i + 2 * j + 6 * k);
  });

  it("reads int64, bool, one number and no numbers", () => {
    const longs = new Uint8Array(new BigInt64Array([-1n, 2n ** 40n]).buffer);
    expect(readNpy(npyFixture(header("<i8", "(2,)"), longs)).data).toEqual(BigInt64Array.of(-1n, 2n ** 40n));
    expect(readNpy(npyFixture(header("|b1", "(2,)"), [1, 0]))).toEqual({ data: Uint8Array.of(1, 0), shape: [2], dtype: "bool" });
    expect(readNpy(npyFixture(header("|u1", "()"), [7]))).toEqual({ data: Uint8Array.of(7), shape: [], dtype: "uint8" });
    expect(readNpy(npyFixture(header("<f8", "(0, 2)"), []))).toEqual({
      data: new Float64Array(0),
      shape: [0, 2],
      dtype: "float64",
    });
  });

  it("takes any order of the header's keys, as readers must", () => {
    const odd = "{'shape': (3,), 'fortran_order': False, 'descr': '<f4'}";
    expect(readNpy(npyFixture(odd, floats)).shape).toEqual([3]);
  });

  it("reads from a view into a larger, unaligned buffer, and copies", () => {
    const file = npyFixture(header("<f4", "(3,)"), floats);
    const larger = new Uint8Array(file.length + 3);
    larger.set(file, 3);
    const read = readNpy(Buffer.from(larger.buffer, 3));
    larger.fill(0);
    expect([...read.data]).toEqual([1.5, -2, 0.25]);
  });

  it.each([
    ["a fractional shape", "{'descr': '<f4', 'fortran_order': False, 'shape': (3.5,), }"],
    ["a negative shape", "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }"],
    ["a shape that is too small", header("<f4", "(2,)")],
    ["a shape that is too large", header("<f4", "(4,)")],
    ["a huge shape", header("<f4", "(9007199254740991, 9007199254740991)")],
    ["text", header("<U3", "(1,)")],
    ["pickled objects", header("|O", "(1,)")],
    ["complex numbers", header("<c8", "(1,)")],
    ["half precision", header("<f2", "(6,)")],
    ["records", "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,), }"],
    ["a doubled key", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'shape': (3,), }"],
    ["no shape", "{'descr': '<f4', 'fortran_order': False, }"],
  ])("refuses %s", (_, text) => expectBadFile(npyFixture(text, floats)));

  it("refuses foreign files", () => {
    const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];
    for (const foreign of [[], [0x93], png, [...new TextEncoder().encode('{"x": [1, 2, 3]}')]])
      expectBadFile(Uint8Array.from(foreign));
    expect(() => readNpy("x.npy" as unknown as Uint8Array)).toThrow(TypeError);
  });
});

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const arrays = fc.oneof(
  ...[
    Float32Array,
    Float64Array,
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
  ].map((type) =>
    fc.tuple(shapes, fc.infiniteStream(fc.integer({ min: 0, max: 255 }))).map(([shape, stream]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const bytes = Uint8Array.from({ length: size * type.BYTES_PER_ELEMENT }, () => stream.next().value as number);
      return { shape, data: new type(bytes.buffer) as ArrayData };
    }),
  ),
);

describe("writeNpy", () => {
  it("writes exactly the described bytes", () => {
    const file = writeNpy({ data: Float32Array.of(1.5, -2, 0.25), shape: [3] });
    const text = new TextDecoder().decode(file.subarray(12, file.length - 12));
    expect([...file.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 3, 0]);
    expect(text.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
    expect(text.endsWith("\n")).toBe(true);
    expect((file.length - 12) % 64).toBe(0);
    expect(new DataView(file.buffer).getUint32(8, true)).toBe(text.length);
    expect(file.subarray(file.length - 12)).toEqual(bytesOf(Float32Array.of(1.5, -2, 0.25)));
  });

  it("gives back every bit of every array", () => {
    fc.assert(
      fc.property(arrays, (array) => {
        const read = readNpy(writeNpy(array));
        expect(read.shape).toEqual(array.shape);
        expect(read.data.constructor).toBe(array.data.constructor);
        expect(bytesOf(read.data)).toEqual(bytesOf(array.data));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("refuses what is no array of numbers", () => {
    expect(() => writeNpy({ data: Float32Array.of(1), shape: [2] })).toThrow(RangeError);
    expect(() => writeNpy({ data: Float32Array.of(1), shape: [-1] })).toThrow(RangeError);
    expect(() => writeNpy({ data: [1] as unknown as ArrayData, shape: [1] })).toThrow(TypeError);
    expect(() => writeNpy({ data: new Uint8ClampedArray(1) as unknown as ArrayData, shape: [1] })).toThrow(TypeError);
    expect(() => writeNpy({ data: Float32Array.of(1), shape: 1 as unknown as number[] })).toThrow(TypeError);
  });
});

describe("damage to .npy bytes", () => {
  it("is refused when cut at any byte", () => {
    const file = writeNpy({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
    for (let length = 0; length < file.length; length++) expectBadFile(file.subarray(0, length));
    expectBadFile(Uint8Array.of(...file, 0));
  });

  it("gives the array or a typed error, never another failure, for every single bit", () => {
    const file = writeNpy({ data: Int32Array.of(1, 2, 3, 4), shape: [2, 2] });
    let refused = 0;
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = Uint8Array.from(file);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      try {
        expect(readNpy(damaged).data.length).toBeLessThanOrEqual(16);
      } catch (error) {
        expect(error).toBeInstanceOf(BnemError);
        expect((error as BnemError).code).toBe("bad-file");
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it("gives a typed error for random bytes behind a good start", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 130 }), (noise, keep) => {
        const file = Uint8Array.of(...writeNpy({ data: new Float64Array(6), shape: [2, 3] }).subarray(0, keep), ...noise);
        try {
          readNpy(file);
        } catch (error) {
          expect((error as BnemError).code).toBe("bad-file");
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

describe("batchFromArray", () => {
  it.each([Float32Array, Float64Array, Int32Array, Uint8Array])("takes rows of %o", (type) => {
    const batch = batchFromArray({ data: type.of(1, 2, 3, 4, 5, 6), shape: [3, 2] });
    expect(batch).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), n: 3, dim: 2 });
  });

  it("takes NumPy's default integers and rounds doubles", () => {
    expect(batchFromArray({ data: BigInt64Array.of(-3n, 4n), shape: [1, 2] }).data).toEqual(Float32Array.of(-3, 4));
    expect(batchFromArray({ data: Float64Array.of(0.1), shape: [1, 1] }).data[0]).toBe(Math.fround(0.1));
  });

  it("owns its numbers", () => {
    const data = Float32Array.of(1, 2);
    const batch = batchFromArray({ data, shape: [1, 2] });
    data[0] = 9;
    expect(batch.data[0]).toBe(1);
  });

  it.each([[[4]], [[2, 2, 1]], [[0, 2]], [[]], [[3, 2]]])("refuses shape %j", (shape) => {
    const size = shape.length === 1 ? 4 : shape.includes(0) ? 0 : 4;
    expect(() => batchFromArray({ data: new Float32Array(size), shape })).toThrow(RangeError);
  });
});
