/** Raw deflate and the .wasm files stored with it; node:zlib is the other side. */
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import stockAsset from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { interleave } from "../../build/wasm-assets.mjs";
import { inflate } from "../../src/core/inflate.js";
import { wasmFiles } from "../../src/core/wasm-asset.js";
import { kernelsAsset } from "../../src/kernels/bytes.js";

afterEach(() => vi.unstubAllGlobals());

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 7);
const packed = new Uint8Array(deflateRawSync(content));
const take = (bytes: Uint8Array<ArrayBuffer>, size: number) => inflate("readThing", bytes, size, "store it plain");

describe("inflate", () => {
  test("gives back what was deflated, also nothing", async () => {
    expect(Buffer.from(await take(packed, content.length)).equals(Buffer.from(content))).toBe(true);
    expect(await take(new Uint8Array(deflateRawSync(new Uint8Array(0))), 0)).toEqual(new Uint8Array(0));
  });

  test("refuses another length than the declared one", async () => {
    await expect(take(packed, content.length - 1)).rejects.toThrow(RangeError);
    await expect(take(packed, content.length + 1)).rejects.toThrow(/200000 bytes, and not the 200001/);
  });

  test.each([
    ["cut off", packed.slice(0, -9)],
    ["no deflate at all", Uint8Array.from({ length: 64 }, () => 0xff)],
  ])("rejects bytes that are %s", async (_, bytes) => {
    await expect(take(bytes, content.length)).rejects.toThrow();
  });

  test("where the runtime cannot, says so with the remedy", async () => {
    vi.stubGlobal("DecompressionStream", undefined);
    const failure = { name: "BnemError", code: "unsupported", message: expect.stringMatching(/^readThing: .*store it plain/) };
    await expect(take(packed, content.length)).rejects.toMatchObject(failure);
  });
});

describe("stored .wasm files", () => {
  const stock = "node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm";
  test.each([
    [[stock], stockAsset],
    [["dist/kernels.wasm", "dist/kernels-relaxed.wasm"], kernelsAsset],
  ])("%j have their bytes", async (paths, asset) => {
    const files = paths.map((path) => readFileSync(path));
    const stored = await wasmFiles("init", asset);
    expect(stored.map((bytes, i) => files[i].equals(bytes))).toEqual(paths.map(() => true));
    expect(asset.deflated.length).toBeLessThan(0.6 * Buffer.concat(files).length);
  });

  test.each([[[10]], [[10, 10]], [[7, 0, 25]], [[30, 3, 9]]])("files of %j bytes come apart as they were", async (lengths) => {
    const files = lengths.map((length, which) => Uint8Array.from({ length }, (_, i) => 100 * which + i));
    const deflated = deflateRawSync(interleave(files, 4)).toString("base64");
    expect(await wasmFiles("init", { deflated, lengths, slice: 4 })).toEqual(files);
  });
});
