import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { crc32 } from "../../src/io/checksum.js";
import { writeNpy } from "../../src/io/npy.js";
import { readNpz, writeNpz } from "../../src/io/npz.js";

interface Part {
  name: string;
  content: Uint8Array;
  method?: number;
  crc?: number;
  size?: number;
  flags?: number;
  localName?: string;
  /** As Python writes: sizes of the local header in a 64-bit extra field. */
  wide?: boolean;
}

const words = (size: number, ...values: number[]) =>
  values.flatMap((value) => Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 255));
const text = (value: string) => [...new TextEncoder().encode(value)];

/** A zip archive as the format's note describes it, with any field made wrong on demand. */
function zipFixture(parts: readonly Part[], comment = ""): Uint8Array {
  const out: number[] = [];
  const table: number[] = [];
  for (const { name, content, method = 0, flags = 0, wide = false, localName = name, ...stated } of parts) {
    const { crc = crc32(content), size = content.length } = stated;
    const stored = method === 8 ? [...deflateRawSync(content)] : [...content];
    const extra = wide ? [...words(2, 1, 16), ...words(8, content.length, stored.length)] : [];
    const local = out.length;
    const sizes = wide ? words(4, 0xffffffff, 0xffffffff) : words(4, stored.length, size);
    out.push(...words(4, 0x04034b50), ...words(2, 20, flags, method, 0, 0x21), ...words(4, crc), ...sizes);
    out.push(...words(2, localName.length, extra.length), ...text(localName), ...extra, ...stored);
    table.push(...words(4, 0x02014b50), ...words(2, 20, 20, flags, method, 0, 0x21), ...words(4, crc, stored.length, size));
    table.push(...words(2, name.length, 0, 0, 0, 0), ...words(4, 0, local), ...text(name));
  }
  const end = [...words(4, 0x06054b50), ...words(2, 0, 0, parts.length, parts.length), ...words(4, table.length, out.length)];
  return Uint8Array.from([...out, ...table, ...end, ...words(2, comment.length), ...text(comment)]);
}

const points = writeNpy({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
const long = writeNpy({ data: new Float64Array(5000), shape: [5000] });
const badFile = expect.objectContaining({ code: "bad-file", name: "BnemError" });

describe("readNpz on archives written from the format's description", () => {
  it("reads stored and deflated entries, 64-bit local headers, a comment, and passes over other files", async () => {
    const read = await readNpz(
      zipFixture(
        [
          { name: "x.npy", content: points, wide: true },
          { name: "note.txt", content: Uint8Array.of(1) },
          { name: "zeros.npy", content: long, method: 8, wide: true },
        ],
        "made by hand",
      ),
    );
    expect([...read.keys()]).toEqual(["x", "zeros"]);
    expect(read.get("x")).toEqual({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "float32" });
    expect(read.get("zeros")?.data).toEqual(new Float64Array(5000));
  });

  it.each<[string, Part[]]>([
    ["a wrong checksum", [{ name: "x.npy", content: points, crc: 1 }]],
    ["a wrong size", [{ name: "x.npy", content: points, size: points.length - 1 }]],
    ["a deflated entry longer than declared", [{ name: "x.npy", content: long, method: 8, size: 100 }]],
    ["a deflated entry shorter than declared", [{ name: "x.npy", content: long, method: 8, size: long.length + 1 }]],
    ["a claim no deflated entry can keep", [{ name: "x.npy", content: points, method: 8, size: 4e9 }]],
    ["encryption", [{ name: "x.npy", content: points, flags: 1 }]],
    ["an unknown method", [{ name: "x.npy", content: points, method: 12 }]],
    ["two equal names", Array(2).fill({ name: "x.npy", content: points })],
    ["two names of one entry", [{ name: "x.npy", localName: "y.npy", content: points }]],
    ["a bad array", [{ name: "x.npy", content: points.subarray(0, 100) }]],
    ["no array", [{ name: "x.txt", content: points }]],
    ["nothing", []],
  ])("refuses %s", async (_, parts) => {
    await expect(readNpz(zipFixture(parts))).rejects.toThrow(badFile);
  });

  it("refuses foreign files", async () => {
    const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];
    for (const foreign of [[], png, text('{"x": [1, 2, 3]}'), [...points], Array(70_000).fill(0x50)]) {
      await expect(readNpz(Uint8Array.from(foreign))).rejects.toThrow(badFile);
    }
    await expect(readNpz(null as unknown as Uint8Array)).rejects.toThrow(TypeError);
  });
});

describe("writeNpz", () => {
  it("gives back every array", async () => {
    const name = fc.stringMatching(/^[A-Za-z_]\w{0,10}$/);
    const column = fc
      .array(fc.float(), { maxLength: 20 })
      .map((values) => ({ data: Float32Array.from(values), shape: [values.length] }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, column, { minKeys: 1, maxKeys: 5 }), async (arrays) => {
        const read = await readNpz(writeNpz(arrays));
        expect([...read.keys()].sort()).toEqual(Object.keys(arrays).sort());
        for (const key of read.keys()) expect(read.get(key)).toEqual({ ...arrays[key], dtype: "float32" });
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it("refuses names NumPy users cannot type, no arrays, and bad arrays", () => {
    const array = { data: Float32Array.of(1), shape: [1] };
    for (const name of ["", "a b", "é", "../x", "1x", "x.npy"]) expect(() => writeNpz({ [name]: array })).toThrow(RangeError);
    expect(() => writeNpz({})).toThrow(RangeError);
    expect(() => writeNpz({ x: { data: Float32Array.of(1), shape: [2] } })).toThrow(/array x/);
  });
});

describe("damage to .npz bytes", () => {
  const stored = writeNpz({
    x: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
    energy: { data: Float64Array.of(5, 6), shape: [2] },
  });
  const deflated = zipFixture([{ name: "x.npy", content: points, method: 8 }]);

  it("is refused when cut at any byte", async () => {
    for (const file of [stored, deflated]) {
      for (let length = 0; length < file.length; length++)
        await expect(readNpz(file.subarray(0, length))).rejects.toThrow(badFile);
    }
  });

  it("never changes a number and never ends in an untyped error, for every single bit", async () => {
    for (const file of [stored, deflated]) {
      const whole = await readNpz(file);
      for (let bit = 0; bit < file.length * 8; bit++) {
        const damaged = Uint8Array.from(file);
        damaged[bit >> 3] ^= 1 << (bit & 7);
        const read = await readNpz(damaged).catch((error: unknown) => error);
        // What is let through are dates, attributes and versions, which say nothing about the arrays.
        if (read instanceof Map) expect(read).toEqual(whole);
        else expect(read).toEqual(badFile);
      }
    }
  });

  it("gives a typed error for random bytes in a good file", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: stored.length }), async (noise, at) => {
        const damaged = Uint8Array.from(stored);
        damaged.set(noise.subarray(0, stored.length - at), at);
        const result = await readNpz(damaged).catch((error: unknown) => error);
        expect(result instanceof Map || (result instanceof BnemError && result.code === "bad-file")).toBe(true);
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
