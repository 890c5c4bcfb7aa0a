import { expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { customEnergy } from "../../src/energies/custom.js";

/** E = x0^2 / 2 + x1^4 + x0 x1. */
function quartic(x: Float64Array, gradientOut: Float64Array): number {
  gradientOut[0] = x[0] + x[1];
  gradientOut[1] = 4 * x[1] ** 3 + x[0];
  return x[0] ** 2 / 2 + x[1] ** 4 + x[0] * x[1];
}
const points = { data: Float32Array.of(1, 2, -0.5, 0.25), n: 2, dim: 2 };

function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("did not throw");
}

test("energies and gradients by hand; the gradient's source is known after first use", () => {
  const target = customEnergy({ name: "quartic", dim: 2, evaluate: quartic });
  expect(target.gradientSource).toBeUndefined();
  const { energy, gradient } = target.energyAndGradient(points);
  expect(Array.from(energy)).toEqual([18.5, Math.fround(0.125 + 0.25 ** 4 - 0.125)]);
  expect(Array.from(gradient)).toEqual([3, 33, -0.25, -0.4375]);
  expect(target.energy(points)).toEqual(energy);
  expect(target.gradientSource).toBe("analytic");
  expect(target.notice).toBe("");
  expect(target.options).toBeNull();
  expect(target.check).toEqual({ x: [0.1, 0.2], energy: quartic(Float64Array.of(0.1, 0.2), new Float64Array(2)) });
});

test("without a gradient: central differences, with a notice", () => {
  const plain = customEnergy({ name: "quartic", dim: 2, evaluate: (x) => quartic(x, new Float64Array(2)) });
  const { gradient } = plain.energyAndGradient(points);
  [3, 33, -0.25, -0.4375].forEach((g, i) => {
    expect(Math.abs(gradient[i] - g)).toBeLessThan(1e-5 * Math.max(1, Math.abs(g)));
  });
  expect(plain.gradientSource).toBe("differences");
  expect(plain.notice).toMatch(/quartic.*central differences/);
});

test("a wrong gradient is refused on first use; the error names the coordinate and both values", () => {
  const wrong = customEnergy({
    name: "wrong",
    dim: 2,
    evaluate(x, out) {
      const e = quartic(x, out);
      out[1] *= -1;
      return e;
    },
  });
  const error = thrown(() => wrong.energyAndGradient(points));
  expect(error).toBeInstanceOf(BnemError);
  expect((error as BnemError).code).toBe("bad-energy");
  expect(error.message).toMatch(/coordinate 1: evaluate wrote -33, central differences of the energy give 33\.0/);
});

test("a gradient of an energy rounded to f32 passes; one that is 2 % off does not", () => {
  const rounded = (factor: number) =>
    customEnergy({
      name: "rounded",
      dim: 2,
      evaluate(x, out) {
        const e = Math.fround(quartic(x, out));
        out[0] *= factor;
        return e;
      },
    });
  expect(rounded(1).energyAndGradient(points).gradient[0]).toBe(3);
  expect(() =>
    customEnergy({
      name: "off",
      dim: 2,
      evaluate: (x, out) => {
        const e = quartic(x, out);
        out[0] *= 1.02;
        return e;
      },
    }).energyAndGradient(points),
  ).toThrow(/coordinate 0/);
});

test("a half-filled gradient is refused", () => {
  const half = customEnergy({
    name: "half",
    dim: 2,
    evaluate(x, out) {
      out[0] = x[0] + x[1];
      return quartic(x, new Float64Array(2));
    },
  });
  expect(() => half.energyAndGradient(points)).toThrow(/coordinate 1 of gradientOut unfilled/);
});

test("what evaluate throws is the cause of a bad-energy error", () => {
  const cause = new Error("no licence");
  const target = customEnergy({
    name: "thrower",
    dim: 1,
    evaluate() {
      throw cause;
    },
  });
  const error = thrown(() => target.energy({ data: Float32Array.of(1), n: 1, dim: 1 })) as BnemError;
  expect(error.code).toBe("bad-energy");
  expect(error.cause).toBe(cause);
  expect(error.message).toContain("no licence");
});

test("NaN and +inf pass through and do not decide the gradient's source; no number is a TypeError", () => {
  const walls = customEnergy({
    name: "walls",
    dim: 1,
    evaluate(x, out) {
      if (x[0] < 0) return Number.NaN;
      if (x[0] > 5) return Number.POSITIVE_INFINITY;
      out[0] = 1;
      return x[0];
    },
  });
  const { energy, gradient } = walls.energyAndGradient({ data: Float32Array.of(-1, 9, 2), n: 3, dim: 1 });
  expect(Array.from(energy)).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 2]);
  expect(Array.from(gradient)).toEqual([Number.NaN, Number.NaN, 1]);
  expect(walls.gradientSource).toBe("analytic");
  const text = customEnergy({ name: "text", dim: 1, evaluate: () => "3" as never });
  expect(() => text.energy({ data: Float32Array.of(1), n: 1, dim: 1 })).toThrow(TypeError);
});

test.each([
  [undefined, TypeError, /needed/],
  [{ dim: 2, evaluate: quartic }, TypeError, /name/],
  [{ name: "a", dim: 0, evaluate: quartic }, RangeError, /dim/],
  [{ name: "a", dim: 2 }, TypeError, /evaluate/],
  [{ name: "a", dim: 2, evaluate: quartic, gradient: quartic }, RangeError, /unknown option "gradient"/],
  [{ name: "a", dim: 2, evaluate: quartic, particles: { count: 2, spatialDim: 3 } }, RangeError, /particles/],
  [{ name: "a", dim: 2, evaluate: quartic, check: { x: [1] } }, RangeError, /check.x/],
])("refuses options %#", (options, kind, text) => {
  const make = () => customEnergy(options as never);
  expect(make).toThrow(kind);
  expect(make).toThrow(text);
});

test("x is checked", () => {
  const target = customEnergy({ name: "quartic", dim: 2, evaluate: quartic });
  expect(() => target.energy({ data: Float32Array.of(1, Number.NaN), n: 1, dim: 2 })).toThrow(/coordinate 1/);
  expect(() => target.energy({ data: new Float32Array(3), n: 1, dim: 3 })).toThrow(RangeError);
});
