/** The network of src/networks/descriptor.ts in f64 from its formulas, one row at a time, pair by pair. */
import type { DescriptorOptions } from "../../src/networks/descriptor.js";
import { epsilonSquared, type PairShape } from "../../src/networks/ops/pair-descriptors.js";

export type DescriptorSettings = Required<DescriptorOptions>;

/** Cubic B-spline of unit cells around 0. */
function spline(t: number): number {
  const a = Math.abs(t);
  if (a >= 2) return 0;
  return a >= 1 ? (2 - a) ** 3 / 6 : 2 / 3 - a * a + a ** 3 / 2;
}

/** Rows of descriptors of one configuration y [count spatialDim] with weights w [radial, columns]. */
export function descriptorsTwin(y: ArrayLike<number>, w: ArrayLike<number>, shape: PairShape): number[][] {
  const { count, spatialDim: d, radial, cutoff, scalars, vectors, tensors } = shape;
  const columns = scalars + vectors + tensors;
  return Array.from({ length: count }, (_, i) => {
    const sums = Array.from({ length: columns }, () => new Array<number>(1 + d + d * d).fill(0));
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const difference = Array.from({ length: d }, (_, a) => y[i * d + a] - y[j * d + a]);
      const r = Math.sqrt(difference.reduce((s, c) => s + c * c, epsilonSquared));
      const u = difference.map((c) => c / r);
      const trace = u.reduce((s, c) => s + c * c, 0) / d;
      for (let c = 0; c < columns; c++) {
        let f = 0;
        for (let k = 0; k < radial; k++) f += w[k * columns + c] * spline((r * radial) / cutoff - (k - 1));
        sums[c][0] += f;
        for (let a = 0; a < d; a++) {
          sums[c][1 + a] += f * u[a];
          for (let b = 0; b < d; b++) sums[c][1 + d + a * d + b] += f * (u[a] * u[b] - (a === b ? trace : 0));
        }
      }
    }
    const squares = (values: number[]) => values.reduce((s, v) => s + v * v, 0);
    return sums.map((s, c) => {
      if (c < scalars) return s[0];
      return c < scalars + vectors ? squares(s.slice(1, 1 + d)) : squares(s.slice(1 + d));
    });
  });
}

/** A reader that takes arrays off a flat vector in order. */
function reader(parameters: ArrayLike<number>) {
  let at = 0;
  return (count: number): number[] => Array.from({ length: count }, () => parameters[at++]);
}

const silu = (x: number) => x / (1 + Math.exp(-x));

/** Weights of the levels of log sigma. */
function levelsTwin(s: DescriptorSettings, variance: number): number[] {
  const sigma = Math.min(Math.max(Math.sqrt(variance) / s.scale, s.sigmaMin), s.sigmaMax);
  const spacing = Math.log(s.sigmaMax / s.sigmaMin) / (s.levels - 1);
  const place = Math.log(sigma / s.sigmaMin) / spacing;
  const bumps = Array.from({ length: s.levels }, (_, m) => Math.exp(-((place - m) ** 2) / 2));
  const total = bumps.reduce((a, b) => a + b);
  return bumps.map((b) => b / total);
}

/** Energy of one row x [count spatialDim]. */
export function descriptorTwin(
  parameters: ArrayLike<number>,
  s: DescriptorSettings,
  x: ArrayLike<number>,
  variance: number,
): number {
  const columns = s.scalars + s.vectors + s.tensors;
  const take = reader(parameters);
  const levels = levelsTwin(s, variance);
  const mixing = take(s.levels * s.radial * columns);
  const w = Array.from({ length: s.radial * columns }, (_, at) =>
    levels.reduce((sum, e, m) => sum + e * mixing[m * s.radial * columns + at], 0),
  );
  const length = s.scale * Math.sqrt(1 + variance / (s.noiseLength * s.scale) ** 2);
  const y = Array.from(x, (c) => c / length);
  const layers: { matrix: number[]; bias: number[] }[] = [];
  for (let layer = 0; layer <= s.depth; layer++) {
    const [inputs, outputs] = [layer === 0 ? columns + s.levels : s.width, layer === s.depth ? 1 : s.width];
    layers.push({ matrix: take(inputs * outputs), bias: take(outputs) });
  }
  const constants = take(s.levels);
  const apply = (input: number[], { matrix, bias }: { matrix: number[]; bias: number[] }) =>
    bias.map((b, o) => input.reduce((sum, v, i) => sum + v * matrix[i * bias.length + o], b));
  let total = levels.reduce((sum, e, m) => sum + e * constants[m], 0);
  for (const row of descriptorsTwin(y, w, s)) {
    let h = apply([...row, ...levels], layers[0]).map(silu);
    for (let layer = 1; layer < s.depth; layer++) h = apply(h, layers[layer]).map((z, o) => h[o] + silu(z));
    total += apply(h, layers[s.depth])[0];
  }
  const small = s.smallSigma * s.scale;
  return s.outputScale * Math.sqrt(variance / (variance + small * small)) * total;
}
