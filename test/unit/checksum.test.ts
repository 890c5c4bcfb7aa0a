import { describe, expect, it } from "vitest";
import { checksum64, crc32 } from "../../src/io/checksum.js";

describe("checksums", () => {
  it("crc32 gives the published check value", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it("checksum64 starts with the CRC, and both halves see every single bit", () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 255);
    const whole = checksum64(bytes);
    expect(whole).toMatch(/^[0-9a-f]{16}$/);
    expect(whole.slice(0, 8)).toBe(crc32(bytes).toString(16).padStart(8, "0"));
    for (let bit = 0; bit < 512; bit++) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const other = checksum64(damaged);
      expect(other.slice(0, 8)).not.toBe(whole.slice(0, 8));
      expect(other.slice(8)).not.toBe(whole.slice(8));
    }
  });

  it("sees added zeros", () => {
    expect(new Set([0, 1, 2, 3].map((n) => checksum64(new Uint8Array(n)))).size).toBe(4);
  });
});
