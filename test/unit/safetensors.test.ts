import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, type SafetensorsFile, type Tensor, writeSafetensors } from "../../src/io/safetensors.js";

const encode = (value: string) => new TextEncoder().encode(value);
const badFile = expect.objectContaining({ code: "bad-file", name: "BnemError" });
const expectBad = (bytes: Uint8Array) => expect(() => readSafetensors(bytes)).toThrow(badFile);

/** A file as the format describes it: length of the header (8 bytes, little-endian), header, data. */
function fixture(header: string, data: readonly number[] = [], length?: number): Uint8Array {
  const text = encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const tensor = (fields = "", dtype = "F32", shape = "[2]", offsets = "[0,8]") =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}${fields}}`;
const eight = [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]; // 1.5 and -2 as float32

const small = (): Record<string, Tensor> => ({
  weight: { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  moment: { dtype: "F64", shape: [1], data: Float64Array.of(Math.PI) },
  position: { dtype: "U32", shape: [], data: Uint32Array.of(0xffffffff) },
  flags: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 0, 255) },
  steps: { dtype: "I32", shape: [1], data: Int32Array.of(-5) },
  empty: { dtype: "F32", shape: [0, 7], data: new Float32Array(0) },
});

describe("readSafetensors on files in the reference layout", () => {
  it("reads tensors and metadata, with or without padding", () => {
    const header = `{"__metadata__":{"format":"pt"},"a":${tensor()},"b":${tensor("", "U8", "[1,2]", "[8,10]")}}`;
    for (const padding of ["", " ", "      "]) {
      const read = readSafetensors(fixture(header + padding, [...eight, 3, 4]));
      expect(read.tensors.get("a")).toEqual({ dtype: "F32", shape: [2], data: Float32Array.of(1.5, -2) });
      expect(read.tensors.get("b")).toEqual({ dtype: "U8", shape: [1, 2], data: Uint8Array.of(3, 4) });
      expect(read.metadata).toEqual({ format: "pt" });
      expect(read.checksum).toBe("absent");
    }
    expect(() => readSafetensors(fixture("{}"), { checksum: "required" })).toThrow(badFile);
  });

  it("reads an unaligned view, copies, and takes no metadata and no tensors", () => {
    const file = fixture(`{"a":${tensor()}}`, eight);
    const larger = new Uint8Array(file.length + 3);
    larger.set(file, 3);
    const read = readSafetensors(Buffer.from(larger.buffer, 3));
    larger.fill(0);
    expect(read.tensors.get("a")?.data).toEqual(Float32Array.of(1.5, -2));
    expect(readSafetensors(fixture("{}")).tensors.size).toBe(0);
  });

  it.each<[string, Uint8Array]>([
    ["nothing", Uint8Array.of()],
    ["seven bytes", new Uint8Array(7)],
    ["a header of no bytes", new Uint8Array(8)],
    ["a PNG image", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
    ["plain JSON", encode('{"seed": 1, "steps": 10}')],
    ["a header longer than the file", fixture("{}", [], 3)],
    ["a header above the limit", fixture("{}", [], 100_000_001)],
    ["a header of 2^63 bytes", fixture("{}", [], 2 ** 63)],
    ["a header that is a list", fixture("[]")],
    ["a header behind a space", fixture(" {}")],
    ["a header behind a byte order mark", fixture("\ufeff{}")],
    ["broken JSON", fixture('{"a":')],
    ["broken UTF-8", fixture("{}  ").map((byte, i) => (i === 10 ? 0xff : byte))],
    ["bytes behind the JSON", fixture("{}\0")],
    ["deep nesting", fixture(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)],
    ["an unknown dtype", fixture(`{"a":${tensor("", "F16", "[4]")}}`, eight)],
    ["a dtype that is no string", fixture('{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}', eight)],
    ["a dtype from Object.prototype", fixture(`{"a":${tensor("", "toString")}}`, eight)],
    ["a shape that does not fit", fixture(`{"a":${tensor("", "F32", "[3]")}}`, eight)],
    ["a negative shape", fixture(`{"a":${tensor("", "F32", "[-1,-2]")}}`, eight)],
    ["a fractional shape", fixture(`{"a":${tensor("", "F32", "[0.5,4]")}}`, eight)],
    ["a shape of strings", fixture(`{"a":${tensor("", "F32", '["2"]')}}`, eight)],
    ["a shape that overflows", fixture(`{"a":${tensor("", "F32", "[9007199254740991,9007199254740991]")}}`, eight)],
    ["a shape that is no list", fixture(`{"a":${tensor("", "F32", "2")}}`, eight)],
    ["offsets beyond the file", fixture(`{"a":${tensor("", "F32", "[2]", "[8,16]")}}`, eight)],
    ["negative offsets", fixture(`{"a":${tensor("", "F32", "[2]", "[-8,0]")}}`, eight)],
    ["offsets the wrong way round", fixture(`{"a":${tensor("", "F32", "[2]", "[8,0]")}}`, eight)],
    ["three offsets", fixture(`{"a":${tensor("", "F32", "[2]", "[0,8,8]")}}`, eight)],
    ["an overlap", fixture(`{"a":${tensor()},"b":${tensor()}}`, eight)],
    ["a hole", fixture(`{"a":${tensor()},"b":${tensor("", "F32", "[2]", "[12,20]")}}`, [...eight, 0, 0, 0, 0, ...eight])],
    ["bytes left over", fixture(`{"a":${tensor()}}`, [...eight, 0])],
    ["bytes before the first tensor", fixture(`{"a":${tensor("", "F32", "[2]", "[4,12]")}}`, [0, 0, 0, 0, ...eight])],
    ["two tensors of one name", fixture(`{"a":${tensor()},"a":${tensor()}}`, eight)],
    ["two tensors of one name, one escaped", fixture(`{"a":${tensor()},"\\u0061" :${tensor()}}`, eight)],
    ["a doubled field", fixture(`{"a":${tensor(',"shape":[2]')}}`, eight)],
    ["a field too many", fixture(`{"a":${tensor(',"stride":[1]')}}`, eight)],
    ["a field too few", fixture('{"a":{"dtype":"F32","shape":[2]}}', eight)],
    ["a tensor that is null", fixture('{"a":null}')],
    ["metadata that is a list", fixture('{"__metadata__":[]}')],
    ["metadata that is null", fixture('{"__metadata__":null}')],
    ["metadata that is not all strings", fixture('{"__metadata__":{"steps":7}}')],
    ["a wrong checksum", fixture('{"__metadata__":{"bnem.checksum":"0123456789abcdef"}}')],
    ["a checksum of other length", fixture('{"__metadata__":{"bnem.checksum":""}}')],
    ["a checksum under an escaped name", fixture('{"__metadata__":{"bnem\\u002echecksum":"0123456789abcdef"}}')],
  ])("refuses %s", (_, bytes) => expectBad(bytes));

  it("refuses another kind of argument", () =>
    expect(() => readSafetensors("m.safetensors" as unknown as Uint8Array)).toThrow(TypeError));
});

describe("writeSafetensors", () => {
  it("writes the reference layout: metadata first, widest numbers first, then by name, data at a multiple of 8, no holes", () => {
    const file = writeSafetensors(small(), { steps: "10" });
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const text = new TextDecoder().decode(file.subarray(8, 8 + length));
    expect(text.trimEnd()).toMatch(
      /^\{"__metadata__":\{"bnem\.checksum":"[0-9a-f]{16}","steps":"10"\},"moment":\{"dtype":"F64","shape":\[1\],"data_offsets":\[0,8\]\},"empty":/,
    );
    const order = Object.entries<{ data_offsets: number[] }>(JSON.parse(text)).filter(([name]) => name !== "__metadata__");
    expect(order.map(([name]) => name)).toEqual(["moment", "empty", "weight", "position", "steps", "flags"]);
    expect(order.map(([, entry]) => entry.data_offsets)).toEqual([
      [0, 8],
      [8, 8],
      [8, 24],
      [24, 28],
      [28, 32],
      [32, 35],
    ]);
    const data = new DataView(file.buffer, 8 + length);
    expect(data.getFloat64(0, true)).toBe(Math.PI);
    expect([8, 12, 16, 20].map((at) => data.getFloat32(at, true))).toEqual([1, 2, 3, 4]);
    expect(data.getUint32(24, true)).toBe(0xffffffff);
    expect(data.getInt32(28, true)).toBe(-5);
    expect(data.byteLength).toBe(35);
  });

  it("writes the same bytes whatever the order of the input, from a Map too", () => {
    const reversed = new Map(Object.entries(small()).reverse());
    expect(writeSafetensors(reversed, { a: "1" })).toEqual(writeSafetensors(small(), { a: "1" }));
  });

  it("takes typed arrays that are views", () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const read = readSafetensors(writeSafetensors({ x: { dtype: "F32", shape: [2], data } }));
    expect(read.tensors.get("x")?.data).toEqual(Float32Array.of(1, 2));
  });

  it("carries metadata of some megabytes", () => {
    const value = '\\"{bnem.checksum:}'.repeat(200_000);
    expect(readSafetensors(writeSafetensors({}, { value })).metadata).toEqual({ value });
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ["a reserved tensor name", { __metadata__: small().flags }, {}, /reserved/],
    ["an unknown dtype", { x: { dtype: "F16", shape: [1], data: Float32Array.of(1) } }, {}, /dtype/],
    ["data of another type", { x: { dtype: "F64", shape: [1], data: Float32Array.of(1) } }, {}, /Float64Array/],
    ["a shape that does not fit", { x: { dtype: "F32", shape: [2], data: Float32Array.of(1) } }, {}, /shape/],
    ["metadata that is no string", {}, { steps: 7 }, /must be a string/],
    ["its own checksum", {}, { "bnem.checksum": "0" }, /leave it out/],
  ])("refuses %s", (_, tensors, metadata, message) => {
    expect(() => writeSafetensors(tensors as Record<string, Tensor>, metadata as Record<string, string>)).toThrow(message);
  });
});

const tensors: fc.Arbitrary<Tensor> = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }), fc.nat(4), fc.infiniteStream(fc.nat(255)))
  .map(([shape, kind, stream]) => {
    const type = [Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array][kind];
    const length = shape.reduce((a, b) => a * b, 1) * type.BYTES_PER_ELEMENT;
    const bytes = Uint8Array.from({ length }, () => stream.next().value as number);
    return { dtype: ["F32", "F64", "I32", "U32", "U8"][kind], shape, data: new type(bytes.buffer) } as Tensor;
  });

describe("properties", () => {
  it("gives back every bit, any name, any metadata", () => {
    const name = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "bnem.checksum", '"', "\\", "constructor"));
    const files = fc.tuple(
      fc.array(fc.tuple(name, tensors)),
      fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })),
    );
    fc.assert(
      fc.property(files, ([entries, metadata]) => {
        const given = new Map(entries);
        const read = readSafetensors(writeSafetensors(given, metadata), { checksum: "required" });
        expect(read.checksum).toBe("ok");
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
        expect([...read.tensors.keys()].sort()).toEqual([...given.keys()].sort());
        for (const [key, { dtype, shape, data }] of given) {
          const back = read.tensors.get(key) as Tensor;
          expect([back.dtype, back.shape]).toEqual([dtype, shape]);
          expect(new Uint8Array(back.data.buffer)).toEqual(new Uint8Array(data.buffer));
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  const file = writeSafetensors(small(), { options: '{"a":"b"}', steps: "10" });
  const readRequired = (bytes: Uint8Array): SafetensorsFile => readSafetensors(bytes, { checksum: "required" });

  it("refuses a file cut at any byte, or with a byte more", () => {
    for (let length = 0; length < file.length; length++) expectBad(file.subarray(0, length));
    expectBad(Uint8Array.of(...file, 0x20));
  });

  it("finds every single flipped bit", () => {
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = Uint8Array.from(file);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(() => readRequired(damaged)).toThrow(badFile);
    }
  });

  it("finds any other damage: overwritten, removed, inserted or exchanged bytes", () => {
    const damage = fc.tuple(fc.nat(file.length), fc.nat(40), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(damage, ([at, removed, added]) => {
        const damaged = Uint8Array.of(...file.subarray(0, at), ...added, ...file.subarray(at + removed));
        fc.pre(damaged.length !== file.length || damaged.some((byte, i) => byte !== file[i]));
        expect(() => readRequired(damaged)).toThrow(badFile);
      }),
      { seed: 6, numRuns: 2000 },
    );
  });

  it("never fails in another way on JSON-like noise without a checksum", () => {
    const fields = fc.record({
      dtype: fc.constantFrom("F32", "U8", "X"),
      shape: fc.array(fc.nat(3)),
      data_offsets: fc.array(fc.integer()),
    });
    const header = fc.oneof(
      fc.json(),
      fc.dictionary(fc.string(), fc.oneof(fields, fc.jsonValue())).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 20 }), (text, data) => {
        try {
          expect(readSafetensors(fixture(text, [...data])).checksum).toBe("absent");
        } catch (error) {
          expect(error).toEqual(badFile);
        }
      }),
      { seed: 7, numRuns: 1000 },
    );
  });
});
