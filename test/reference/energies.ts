/**
 * Slow f64 twins of the energies. Beside energy and gradient they give what f32 errors scale with: `size` for the energy, `slope` for any coordinate
 * of the gradient; both are sums of the terms' absolute values, with the arguments' own roundings carried through.
 */

export interface TwinValue {
  readonly energy: number;
  readonly size: number;
  readonly gradient: number[];
  readonly slope: number;
}

export type Twin = (x: ArrayLike<number>) => TwinValue;

/** u(r) and u'(r) of one pair, and their sizes. */
type Pair = (r: number) => { energy: number; size: number; slope: number; slopeSize: number };

/** Sum over pairs, trap about the center of mass. */
function pairTwin(count: number, spatialDim: number, trap: number, pair: Pair): Twin {
  return (x) => {
    const dim = count * spatialDim;
    const gradient = new Array<number>(dim).fill(0);
    const sizes = new Array<number>(count).fill(0);
    const mean = Array.from({ length: spatialDim }, (_, a) => {
      let sum = 0;
      for (let i = a; i < dim; i += spatialDim) sum += x[i];
      return sum / count;
    });
    let [energy, size] = [0, 0];
    for (let i = 0; i < dim; i++) {
      const delta = x[i] - mean[i % spatialDim];
      energy += (trap / 2) * delta * delta;
      size += (trap / 2) * delta * delta;
      gradient[i] += trap * delta;
      sizes[Math.floor(i / spatialDim)] += trap * Math.abs(delta);
    }
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < i; j++) {
        const delta = Array.from({ length: spatialDim }, (_, a) => x[i * spatialDim + a] - x[j * spatialDim + a]);
        const r = Math.hypot(...delta);
        const found = pair(r);
        energy += found.energy;
        size += found.size;
        sizes[i] += found.slopeSize;
        sizes[j] += found.slopeSize;
        delta.forEach((d, a) => {
          gradient[i * spatialDim + a] += (found.slope * d) / r;
          gradient[j * spatialDim + a] -= (found.slope * d) / r;
        });
      }
    }
    return { energy, size, gradient, slope: Math.max(...sizes) };
  };
}

export interface LennardJonesTwin {
  readonly count: number;
  readonly spatialDim?: number;
  readonly depth?: number;
  readonly rm?: number;
  readonly trap?: number;
  /** Radius below which the parabola in r^2 takes over. */
  readonly core?: number;
}

/** depth ((rm/r)^12 - 2 (rm/r)^6); `depth` counts pairs twice where they are. */
export function lennardJonesTwin({ count, spatialDim = 3, depth = 2, rm = 1, trap = 1, core = 0 }: LennardJonesTwin): Twin {
  return pairTwin(count, spatialDim, trap, (r) => {
    const at = Math.max(r, core);
    const s = (rm / at) ** 6;
    const inside = Math.min(0, r * r - core * core);
    // Derivatives in r^2 at the core.
    const first = (-6 * (s * s - s)) / at ** 2;
    const second = (42 * s * s - 24 * s) / at ** 4;
    const bent = inside * first + 0.5 * inside * inside * second;
    const reach = core > 0 && r < core ? core * core : 0;
    return {
      energy: depth * (s * s - 2 * s + bent),
      size: depth * (s * s + 2 * s + reach * Math.abs(first) + reach * reach * second),
      slope: depth * 2 * r * (first + inside * second),
      slopeSize: depth * 2 * r * ((6 * (s * s + s)) / at ** 2 + reach * second),
    };
  });
}

export function doubleWellTwin(count: number, spatialDim: number, a: number, b: number, c: number, offset: number): Twin {
  return pairTwin(count, spatialDim, 0, (r) => {
    const w = r - offset;
    const steep = 4 * a * Math.abs(w) ** 3 + 2 * Math.abs(b * w);
    return {
      energy: a * w ** 4 + b * w ** 2 + c,
      size: a * w ** 4 + Math.abs(b) * w ** 2 + Math.abs(c) + steep * r,
      slope: 4 * a * w ** 3 + 2 * b * w,
      slopeSize: steep + r * (12 * a * w * w + 2 * Math.abs(b)),
    };
  });
}

export function manyWellTwin(x: ArrayLike<number>): TwinValue {
  let [energy, size, slope] = [0, 0, 0];
  const gradient = Array.from(x, (v, d) => (d % 2 ? v : 4 * v ** 3 - 12 * v - 0.5));
  for (let d = 0; d < x.length; d += 2) {
    const [u, v] = [x[d], x[d + 1]];
    energy += u ** 4 - 6 * u * u - u / 2 + (v * v) / 2;
    size += u ** 4 + 6 * u * u + Math.abs(u) / 2 + (v * v) / 2;
    slope = Math.max(slope, 4 * Math.abs(u) ** 3 + 12 * Math.abs(u) + 0.5, Math.abs(v));
  }
  return { energy, size, gradient, slope };
}

/** The kernels' exp is good to about 4 + 2 |argument| roundings. */
export function funnelTwin(x: ArrayLike<number>): TwinValue {
  const [v, ...rest] = Array.from(x);
  const squares = rest.reduce((sum, value) => sum + value * value, 0);
  const precision = Math.exp(-v);
  const constant = (x.length / 2) * Math.log(2 * Math.PI) + Math.log(3);
  const lean = rest.length / 2;
  const exponential = 4 + 2 * Math.abs(v);
  const term = (precision * squares) / 2;
  return {
    energy: (v * v) / 18 + lean * v + term + constant,
    size: (v * v) / 18 + lean * Math.abs(v) + exponential * term + constant,
    gradient: [v / 9 + lean - term, ...rest.map((value) => value * precision)],
    slope: Math.abs(v) / 9 + lean + exponential * (term + precision * Math.max(...rest.map(Math.abs))),
  };
}

export function ringsTwin(radii: readonly number[], std: number, weights: readonly number[]): Twin {
  const total = weights.reduce((a, b) => a + b, 0);
  const constants = radii.map((ring, k) => Math.log((2 * Math.PI) ** 1.5 * ring * std) - Math.log(weights[k] / total));
  return (x) => {
    const r = Math.hypot(x[0], x[1]);
    const terms = radii.map((ring, k) => (r - ring) ** 2 / (2 * std * std) + constants[k]);
    const least = Math.min(...terms);
    const shares = terms.map((term) => Math.exp(least - term));
    const sum = shares.reduce((a, b) => a + b, 0);
    const mean = (of: (k: number) => number) => shares.reduce((s, share, k) => s + (share / sum) * of(k), 0);
    const energy = least - Math.log(sum);
    const spread = mean((k) => Math.abs(terms[k]) + (Math.abs(r - radii[k]) * r) / (std * std));
    const size = Math.abs(energy) + Math.max(...constants.map(Math.abs)) + spread + 8;
    const pull = mean((k) => r - radii[k]) / (std * std);
    const slope = mean((k) => Math.abs(r - radii[k])) / (std * std);
    return { energy, size, gradient: [(pull * x[0]) / r, (pull * x[1]) / r], slope: 2 * slope * size + (4 * r) / (std * std) };
  };
}

export function twoMoonsTwin(radius: number, width: number, spread: number): Twin {
  return (x) => {
    const r = Math.hypot(x[0], x[1]);
    const [across, along] = [width ** -2, spread ** -2];
    const left = (along / 2) * (x[0] + radius) ** 2;
    const right = (along / 2) * (x[0] - radius) ** 2;
    const least = Math.min(left, right);
    const [p, q] = [Math.exp(least - left), Math.exp(least - right)];
    const ring = (r - radius) * across;
    const moon = along * (p * (x[0] + radius) + q * (x[0] - radius));
    const away = Math.abs(Math.abs(x[0]) - radius);
    return {
      energy: (across / 2) * (r - radius) ** 2 + least - Math.log(p + q),
      size: (across / 2) * (r - radius) ** 2 + Math.abs(ring) * r + least + along * away * Math.abs(x[0]) + 4,
      gradient: [(ring * x[0]) / r + moon / (p + q), (ring * x[1]) / r],
      slope: Math.abs(ring) + r * across + along * (Math.abs(x[0]) + radius) * (4 + 2 * radius * along * Math.abs(x[0])),
    };
  };
}

const BASINS = [
  { depth: -200, a: -1, b: 0, c: -10, at: [1, 0] },
  { depth: -100, a: -1, b: 0, c: -10, at: [0, 0.5] },
  { depth: -170, a: -6.5, b: 11, c: -6.5, at: [-0.5, 1.5] },
  { depth: 15, a: 0.7, b: 0.6, c: 0.7, at: [-1, 1] },
];

export function muellerBrownTwin(scale: number): Twin {
  return (x) => {
    let [energy, size, slope] = [0, 0, 0];
    const gradient = [0, 0];
    for (const { depth, a, b, c, at } of BASINS) {
      const [dx, dy] = [x[0] - at[0], x[1] - at[1]];
      const term = scale * depth * Math.exp(a * dx * dx + b * dx * dy + c * dy * dy);
      const steep = 2 * (Math.abs(a) + Math.abs(b) + Math.abs(c)) * (Math.abs(dx) + Math.abs(dy));
      // The argument's roundings: its terms' sizes, of which the exponential makes relative errors.
      const argument = 4 + 2 * steep * (Math.abs(dx) + Math.abs(dy));
      energy += term;
      size += Math.abs(term) * argument;
      gradient[0] += term * (2 * a * dx + b * dy);
      gradient[1] += term * (2 * c * dy + b * dx);
      slope += Math.abs(term) * steep * argument;
    }
    return { energy, size, gradient, slope };
  };
}
