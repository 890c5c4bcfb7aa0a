/** Portable elementary functions against the engine's, in units in the last place, and their bits against a stored digest. */
import { describe, expect, test } from "vitest";
import { asin, cos, exp, expm1, log, log1p, pow, sin } from "../../src/core/elementary.js";

const view = new DataView(new ArrayBuffer(8));

/** Position of x on the line of all doubles. */
function ordinal(x: number): bigint {
  view.setFloat64(0, x);
  const word = view.getBigInt64(0);
  return word < 0n ? -(word & 0x7fffffffffffffffn) : word;
}

function ulps(a: number, b: number): number {
  if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Infinity;
  const d = ordinal(a) - ordinal(b);
  return Number(d < 0n ? -d : d);
}

/** Low-discrepancy points of [a, b] (golden-ratio rotation), the ends first. */
function grid(a: number, b: number, count = 40_000): number[] {
  const points = [a, b];
  for (let i = 1; i < count; i++) points.push(a + (b - a) * ((i * 0.6180339887498949) % 1));
  return points;
}

/** Points 2^u, u over [a, b]. */
const powersOfTwo = (a: number, b: number) => grid(a, b).map((u) => 2 ** u);
const bothSigns = (points: number[]) => [...points, ...points.map((x) => -x)];

function worst(f: (x: number) => number, g: (x: number) => number, points: readonly number[]): { ulp: number; at: number } {
  let ulp = 0;
  let at = Number.NaN;
  for (const x of points) {
    const d = ulps(f(x), g(x));
    if (d > ulp) [ulp, at] = [d, x];
  }
  return { ulp, at };
}

const quarterTurns = Array.from({ length: 63_000 }, (_, n) => (n * Math.PI) / 2);
// The engine's own result is up to one unit off, so the bound is the stated accuracy plus one.
const cases: [string, (x: number) => number, (x: number) => number, number[], number][] = [
  ["exp", exp, Math.exp, [...grid(-746, 710), ...grid(-1, 1), ...bothSigns(powersOfTwo(-1074, 3))], 1],
  ["expm1", expm1, Math.expm1, [...grid(-50, 710), ...grid(-1, 1), ...bothSigns(powersOfTwo(-1074, 3))], 2],
  ["log", log, Math.log, [...powersOfTwo(-1074, 1023.9), ...grid(0.5, 2), ...powersOfTwo(-40, 0).map((e) => 1 + e)], 1],
  ["log1p", log1p, Math.log1p, [...powersOfTwo(-1074, 1023.9), ...grid(-0.999, 2), ...powersOfTwo(-60, -1).map((e) => -e)], 1],
  ["sin", sin, Math.sin, [...bothSigns([...grid(0, 1e5), ...grid(0, 10), ...powersOfTwo(-1074, 16), ...quarterTurns])], 1],
  ["cos", cos, Math.cos, [...bothSigns([...grid(0, 1e5), ...grid(0, 10), ...powersOfTwo(-1074, 16), ...quarterTurns])], 1],
  ["asin", asin, Math.asin, [...grid(-1, 1), ...powersOfTwo(-1074, 0), ...powersOfTwo(-53, -1).map((e) => 1 - e)], 2],
];

describe("elementary functions", () => {
  test.each(cases)("%s is within its stated units of the engine's", (_name, f, g, points, bound) => {
    const w = worst(f, g, points);
    expect(w.ulp, `at ${w.at}`).toBeLessThanOrEqual(bound + 1);
  });

  test("pow is within 2 units of the engine's, also where the exponent is large", () => {
    let ulp = 0;
    let at = "";
    const bases = [...powersOfTwo(-1070, 1023).slice(0, 400), ...grid(0.5, 2, 400)];
    const exponents = [...bothSigns(powersOfTwo(-30, 10).slice(0, 200)), 2, 3, 0.5, 1 / 3, -1, 10, 1000];
    for (const x of bases) {
      for (const y of exponents) {
        const d = ulps(pow(x, y), x ** y);
        if (d > ulp) [ulp, at] = [d, `${x} ** ${y}`];
      }
    }
    expect(ulp, at).toBeLessThanOrEqual(2);
  });

  test("pow is exact where the result is a small integer or a square root of a square", () => {
    for (let x = 1; x < 1000; x++) {
      expect(pow(x, 2)).toBe(x * x);
      expect(pow(x * x, 0.5)).toBe(x);
    }
    for (let k = -1074; k < 1024; k++) expect(pow(2, k)).toBe(2 ** k);
  });

  const special = [
    0,
    -0,
    1,
    -1,
    2,
    -2,
    3,
    0.5,
    -0.5,
    1e308,
    -1e308,
    5e-324,
    -5e-324,
    2.3e-308,
    710,
    -746,
    Infinity,
    -Infinity,
    Number.NaN,
  ];

  test.each([
    ["exp", exp, Math.exp],
    ["expm1", expm1, Math.expm1],
    ["log", log, Math.log],
    ["log1p", log1p, Math.log1p],
    ["asin", asin, Math.asin],
  ] as const)("%s treats special values as Math does", (_name, f, g) => {
    for (const x of special) expect(ulps(f(x), g(x)), `${x}`).toBeLessThanOrEqual(2);
    expect(f(Number.NaN)).toBeNaN();
  });

  test("sin and cos of 0, -0 and non-finite arguments", () => {
    expect([sin(0), sin(-0), cos(0), cos(-0)]).toEqual([0, -0, 1, 1]);
    for (const x of [Infinity, -Infinity, Number.NaN]) expect([sin(x), cos(x)]).toEqual([Number.NaN, Number.NaN]);
  });

  test("pow treats special values as Math.pow does", () => {
    for (const x of special) {
      for (const y of special) expect(ulps(pow(x, y), x ** y), `${x} ** ${y}`).toBeLessThanOrEqual(1);
    }
  });

  test("the same bits as when this was written, on whatever engine runs it", () => {
    let hash = 0x811c9dc5;
    const add = (value: number) => {
      view.setFloat64(0, value);
      for (const word of [view.getUint32(0), view.getUint32(4)]) hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 15);
    };
    // The points are sums and products only, so they too are the same everywhere.
    for (let i = 1; i <= 20_000; i++) {
      const u = (i * 0.6180339887498949) % 1;
      for (const f of [exp, expm1, log1p, sin, cos]) add(f(60 * u - 20));
      add(log(1000 * u));
      add(asin(2 * u - 1));
      add(pow(3 * u, 7 * u - 2));
    }
    expect(hash >>> 0).toBe(1040170927);
  });
});
