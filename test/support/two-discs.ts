/** Two discs of radius 1 around (-5, 0) and (5, 0), 0 inside and +inf outside: chains stay where they begin, at the same energy everywhere. */
import type { Batch, Energy } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";

export function twoDiscs(): Energy {
  return customEnergy({
    name: "two discs",
    dim: 2,
    evaluate(x, gradientOut) {
      gradientOut.fill(0);
      return Math.hypot(Math.abs(x[0]) - 5, x[1]) < 1 ? 0 : Infinity;
    },
    check: { x: [5, 0] },
  });
}

/** The middles of the discs in turn. */
export function discStart(n: number): Batch {
  return { data: Float32Array.from({ length: 2 * n }, (_, i) => (i & 1 ? 0 : i & 2 ? 5 : -5)), n, dim: 2 };
}
