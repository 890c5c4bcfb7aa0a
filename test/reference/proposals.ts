/**
 * Twin of the proposals in two dimensions, in f64 with Math's functions: one row, gradients and Hessian by differences of the energy alone,
 * a fixed number of plain Newton steps, weights written as densities. Slow and short.
 */

/** Which density is left out of the weights: each of these is wrong, and has to be seen. */
export type Weights = "mixture" | "noise left out" | "proposal left out";

type Plane = readonly [number, number];
type Target = (x: Plane) => number;

interface Gaussian {
  readonly mean: Plane;
  /** Precision [xx, xy, yy]. */
  readonly precision: readonly [number, number, number];
}

const STEP = 1e-4;

function gradientOf(e: Target, [x, y]: Plane): Plane {
  return [(e([x + STEP, y]) - e([x - STEP, y])) / (2 * STEP), (e([x, y + STEP]) - e([x, y - STEP])) / (2 * STEP)];
}

function hessianOf(e: Target, [x, y]: Plane): [number, number, number] {
  const right = gradientOf(e, [x + STEP, y]);
  const left = gradientOf(e, [x - STEP, y]);
  const up = gradientOf(e, [x, y + STEP]);
  const down = gradientOf(e, [x, y - STEP]);
  return [(right[0] - left[0]) / (2 * STEP), (right[1] - left[1]) / (2 * STEP), (up[1] - down[1]) / (2 * STEP)];
}

const density = ({ mean, precision: [a, b, c] }: Gaussian, [x, y]: Plane): number => {
  const u = x - mean[0];
  const v = y - mean[1];
  return (Math.sqrt(a * c - b * b) / (2 * Math.PI)) * Math.exp(-(a * u * u + 2 * b * u * v + c * v * v) / 2);
};

/** mean + L^-T z, A = L L^T. */
const draw = ({ mean, precision: [a, b, c] }: Gaussian, z: Plane): Plane => {
  const l11 = Math.sqrt(a);
  const l21 = b / l11;
  const l22 = Math.sqrt(c - l21 * l21);
  const v = z[1] / l22;
  return [mean[0] + (z[0] - l21 * v) / l11, mean[1] + v];
};

export function shiftedTwin(e: Target, x: Plane, h: number): Gaussian {
  const g = gradientOf(e, x);
  const length = h * Math.hypot(...g);
  const scale = h * Math.min(1, Math.sqrt(h) / length);
  return { mean: [x[0] - scale * g[0], x[1] - scale * g[1]], precision: [1 / h, 0, 1 / h] };
}

/** Null where a Newton step would need damping or the precision its floor of 1 / (4 h): those rows are not compared. */
export function laplaceTwin(e: Target, x: Plane, h: number): Gaussian | null {
  const whole: Target = (y) => e(y) + ((y[0] - x[0]) ** 2 + (y[1] - x[1]) ** 2) / (2 * h);
  let mean = x;
  for (let step = 0; step < 30; step++) {
    const g = gradientOf(whole, mean);
    const precision = hessianOf(whole, mean);
    const [a, b, c] = precision;
    const det = a * c - b * b;
    const least = (a + c) / 2 - Math.sqrt(((a - c) / 2) ** 2 + b * b);
    if (!(least > 0.25 / h)) return null;
    const move: Plane = [-(c * g[0] - b * g[1]) / det, -(a * g[1] - b * g[0]) / det];
    mean = [mean[0] + move[0], mean[1] + move[1]];
    if (Math.hypot(...move) < 1e-6 * Math.sqrt(h)) return { mean, precision };
  }
  return null;
}

/** E_K from K pairs of normals; draw k comes from the noise where floor((k + 1) M / K) steps up, M = ceil(alpha K). */
export function mixtureTwin(
  e: Target,
  {
    x,
    h,
    q,
    z,
    alpha,
    weights = "mixture",
  }: {
    readonly x: Plane;
    readonly h: number;
    readonly q: Gaussian;
    readonly z: readonly Plane[];
    readonly alpha: number;
    readonly weights?: Weights;
  },
): number {
  const noise: Gaussian = { mean: x, precision: [1 / h, 0, 1 / h] };
  const K = z.length;
  const M = Math.ceil(alpha * K);
  let sum = 0;
  for (let k = 0; k < K; k++) {
    const fromNoise = Math.floor(((k + 1) * M) / K) > Math.floor((k * M) / K);
    const y = draw(fromNoise ? noise : q, z[k]);
    const p = density(noise, y);
    const below =
      (weights === "noise left out" ? 0 : (M / K) * p) + (weights === "proposal left out" ? 0 : (1 - M / K) * density(q, y));
    sum += (p / below) * Math.exp(-e(y));
  }
  return -Math.log(sum / K);
}
