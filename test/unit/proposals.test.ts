/** Proposals against dense references and hand values: the factor, the mode, the weights, the shares, and what is refused. */
import { describe, expect, test } from "vitest";
import { cholesky, quadraticForm, solveLower, solveUpper } from "../../src/core/cholesky.js";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import { symmetricEigen } from "../../src/core/symmetric-eigen.js";
import type { Batch, Energy, NoisedRequest } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { bootstrapped } from "../../src/estimators/bootstrapped.js";
import { noised, noisedGeneric } from "../../src/estimators/noised.js";
import { noisedEnergy } from "../../src/estimators/noised-energy.js";
import { noisedScore } from "../../src/estimators/noised-score.js";
import { perParticleEnergy } from "../../src/estimators/per-particle.js";
import { hessian } from "../../src/estimators/proposals/hessian.js";
import { flooredFactor } from "../../src/estimators/proposals/laplace.js";
import type { ProposedRequest } from "../../src/estimators/proposals/noised-proposed.js";
import { posteriorMode } from "../../src/estimators/proposals/posterior-mode.js";
import { Probe } from "../../src/estimators/proposals/probe.js";
import { precisionGaussian, shiftedNoise } from "../../src/estimators/proposals/row-proposal.js";
import { blocksOf, merge } from "../../src/estimators/request-blocks.js";
import { tweedie } from "../../src/estimators/tweedie.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { lineEnergy, oracle, requestOf } from "../support/estimate-request.js";
import { icosahedron, pairCluster } from "../support/pair-energies.js";

await initKernels();

const gmm = gaussianMixture();
const cluster = pairCluster(13, 3);

const uniform = (n: number, seed: number) => Float64Array.from(normalRows(keyOf(seed), 0, 0, 1, n).data);

/** B B^T + 1 for a random B. */
function positive(dim: number, seed: number): Float64Array {
  const b = uniform(dim * dim, seed);
  return Float64Array.from({ length: dim * dim }, (_, at) => {
    const [i, j] = [Math.floor(at / dim), at % dim];
    let sum = i === j ? 1 : 0;
    for (let k = 0; k < dim; k++) sum += b[i * dim + k] * b[j * dim + k];
    return sum;
  });
}

const largest = (values: ArrayLike<number>) => Array.from(values).reduce((m, v) => Math.max(m, Math.abs(v)), 0);

/** The cluster near its minimum, moved by noise of standard deviation sigma on the subspace. */
function noisyCluster(n: number, sigma: number, seed = 5): Batch {
  const rest = icosahedron();
  const z = normalRows(keyOf(seed), 0, 0, n, 39).data;
  removeMean(z, n, { count: 13, spatialDim: 3 });
  return { data: z.map((v, i) => rest[i % 39] + sigma * v), n, dim: 39 };
}

describe("dense algebra", () => {
  test.each([1, 2, 7, 40])("factor, solves and quadratic form in %i dimensions", (dim) => {
    const a = positive(dim, dim);
    const factor = a.slice();
    expect(cholesky(factor, dim)).toBe(true);
    const v = uniform(dim, 99);
    const product = v.map((_, i) => v.reduce((sum, vj, j) => sum + a[i * dim + j] * vj, 0));
    const form = v.reduce((sum, vi, i) => sum + vi * product[i], 0);
    expect(quadraticForm(factor, dim, v, new Float64Array(dim)) / form).toBeCloseTo(1, 12);
    solveLower(factor, dim, product);
    solveUpper(factor, dim, product);
    expect(largest(product.map((p, i) => p - v[i]))).toBeLessThan(1e-10 * dim * largest(v));
  });

  test("what is not positive definite, or not finite, is refused", () => {
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
    expect(cholesky(Float64Array.of(0), 1)).toBe(false);
    expect(cholesky(Float64Array.of(Number.NaN), 1)).toBe(false);
    expect(cholesky(Float64Array.of(Infinity), 1)).toBe(false);
  });

  test.each([1, 2, 9, 40])("eigenvectors rebuild a matrix in %i dimensions", (dim) => {
    const a = positive(dim, dim + 1).map((v, at) => (at % (dim + 1) === 0 ? v - dim / 2 : v));
    const { values, vectors } = symmetricEigen(a.slice(), dim);
    const rebuilt = a.map((_, at) => {
      const [i, j] = [Math.floor(at / dim), at % dim];
      return values.reduce((sum, value, k) => sum + value * vectors[k * dim + i] * vectors[k * dim + j], 0);
    });
    expect(largest(rebuilt.map((v, at) => v - a[at]))).toBeLessThan(1e-11 * largest(a));
  });

  test("eigenvalues below the floor are raised to it, others stay", () => {
    // Eigenvalues -1 and 3 along (1, -1) and (1, 1).
    const factor = flooredFactor(Float64Array.of(1, 2, 2, 1), 2, 0.5) as Float64Array;
    const along = (x: number, y: number) => quadraticForm(factor, 2, Float64Array.of(x, y), new Float64Array(2)) / 2;
    expect(along(1, -1)).toBeCloseTo(0.5, 12);
    expect(along(1, 1)).toBeCloseTo(3, 12);
    expect(flooredFactor(Float64Array.of(2, 0, 0, 9), 2, 0.5)).toEqual(Float64Array.of(Math.SQRT2, 0, 0, 3));
  });
});

describe("the mode of the posterior", () => {
  const rowOf = (energy: Energy, x: ArrayLike<number>, h: number) => ({ probe: new Probe(energy), x: Float64Array.from(x), h });

  test("of a Gaussian is exact: center x / (1 + h), precision 1 + 1 / h, 1 + 2 dim gradients a step", () => {
    const well = gaussianMixture({ means: [[0, 0]], weights: [1], std: [1] });
    const row = rowOf(well, [3, -1], 0.25);
    const mode = posteriorMode(row);
    expect(largest((mode?.offset ?? []).map((v, i) => v + row.x[i] / 5))).toBeLessThan(1e-5);
    expect(largest((mode?.precision ?? []).map((v, at) => v - (at % 3 === 0 ? 5 : 0)))).toBeLessThan(1e-3);
    expect(row.probe.calls).toBe(1 + 4 + 1 + 4);
  });

  test("of the cluster: the gradient is gone, and the Hessian has the right curvature along any direction", () => {
    const x = noisyCluster(1, 0.08).data;
    const row = rowOf(cluster, x, 0.0064);
    const mode = posteriorMode(row);
    if (!mode) throw new Error("no mode");
    const y = mode.offset.map((v, i) => v + x[i]);
    const { gradient } = cluster.energyAndGradient({ data: Float32Array.from(y), n: 1, dim: 39 });
    // The scale of the gradient there is one standard deviation of the proposal, 1 / sigma.
    expect(largest(gradient.map((g, i) => g + mode.offset[i] / row.h))).toBeLessThan(0.1 / Math.sqrt(row.h));
    const a = hessian(row, y) as Float64Array;
    const v = uniform(39, 3);
    removeMean(v, 1, { count: 13, spatialDim: 3 });
    const step = 1e-3;
    const at = (t: number) => {
      const point = { data: Float32Array.from(y, (c, i) => c + t * v[i]), n: 1, dim: 39 };
      return cluster.energyAndGradient(point).gradient.reduce((sum, g, i) => sum + g * v[i], 0);
    };
    const curvature = (at(step) - at(-step)) / (2 * step);
    const form = v.reduce((sum, vi, i) => sum + vi * v.reduce((s, vj, j) => s + a[i * 39 + j] * vj, 0), 0);
    expect(Math.abs(form / curvature - 1)).toBeLessThan(0.02);
    // Translations: precision of the noise, nothing else.
    for (let i = 0; i < 39; i++) {
      let sum = 0;
      for (let j = 0; j < 39; j += 3) sum += a[i * 39 + j];
      expect(Math.abs(sum)).toBeLessThan(1e-8 * largest(a));
    }
  });

  test("a saddle, a cliff and a NaN beside x end the search, not the call", () => {
    const barrier = lineEnergy(
      (x) => (x * x - 1) ** 2 * 5,
      (x) => 20 * x * (x * x - 1),
    );
    expect(posteriorMode(rowOf(barrier, [0], 4))?.offset[0]).toBe(0);
    expect(Math.abs((posteriorMode(rowOf(barrier, [0.2], 4))?.offset[0] ?? 0) - 0.8)).toBeLessThan(0.02);
    const cliff = lineEnergy(
      (x) => (x > 0 ? Number.NaN : x * x),
      (x) => (x > 0 ? Number.NaN : 2 * x),
    );
    expect(posteriorMode(rowOf(cliff, [1], 1))).toBe(null);
    expect(posteriorMode(rowOf(cliff, [-1e-4], 1))).toBe(null);
  });
});

describe("one Gaussian", () => {
  test.each([
    ["shifted", () => shiftedNoise(Float64Array.of(0.3, -0.2), 0.5)],
    [
      "with a precision",
      () =>
        precisionGaussian(Float64Array.of(0.3, -0.2), flooredFactor(Float64Array.of(4, 1, 1, 3), 2, 0.1) as Float64Array, 0.5),
    ],
  ] as const)("%s: its density over the noise's integrates to 1 under the noise", (_, make) => {
    const q = make();
    let sum = 0;
    const step = 0.05;
    for (let a = -8; a < 8; a += step) {
      for (let b = -8; b < 8; b += step) {
        const noise = Math.exp(-(a * a + b * b) / (2 * 0.5)) / (2 * Math.PI * 0.5);
        sum += noise * Math.exp(q.logRatio(Float64Array.of(a, b))) * step * step;
      }
    }
    expect(sum).toBeCloseTo(1, 9);
  });

  test("for particles: density on the subspace, and draws that keep the center of mass", () => {
    // Two particles on a line: the subspace is d = x1 - x2; in the coordinate d / sqrt 2 the precision is 2 * 3 + 1 / h.
    const particles = { count: 2, spatialDim: 1 };
    const h = 0.5;
    const a = Float64Array.of(3 + 1 / h, -3, -3, 3 + 1 / h);
    const q = precisionGaussian(Float64Array.of(0.1, -0.1), flooredFactor(a, 2, 0.1) as Float64Array, h, particles);
    const place = new Float64Array(2);
    q.place(Float64Array.of(0.7, -0.7), place);
    expect(place[0] + place[1]).toBeCloseTo(0, 12);
    const s = place[0] * Math.SQRT2;
    const precision = 6 + 1 / h;
    const center = 0.1 * Math.SQRT2;
    const expected = Math.log(precision * h) / 2 + (s * s) / (2 * h) - (precision * (s - center) ** 2) / 2;
    expect(q.logRatio(place)).toBeCloseTo(expected, 10);
    // Their variance, from the images of an orthonormal basis of normals.
    let variance = 0;
    for (const z of [Float64Array.of(1, 0), Float64Array.of(0, 1)]) {
      q.place(z, place);
      variance += (place[0] * Math.SQRT2 - center) ** 2;
    }
    expect(variance * precision).toBeCloseTo(1, 10);
  });
});

const base = (x: Batch, sigma: number, more: Partial<ProposedRequest> = {}): ProposedRequest => ({
  x,
  variance: new Float32Array(x.n).fill(sigma * sigma),
  mcSamples: 16,
  mode: "iid",
  key: keyOf(6),
  quantity: "energy",
  proposal: "laplace",
  ...more,
});

const plane = (n: number): Batch => (gmm.exact as NonNullable<Energy["exact"]>).sample(n, 8);

describe("the mixture", () => {
  test.each(["shifted", "laplace"] as const)("%s at alpha 1 is the plain estimate of the same draws", (proposal) => {
    const request = base(plane(9), 1.5, { proposal, defensive: 1 });
    for (const quantity of ["energy", "score", "mean"] as const) {
      const ours = noised(gmm, { ...request, quantity });
      const plain = noisedGeneric(gmm, { ...request, quantity });
      const rows = { energy: ours.energy, score: ours.score, mean: ours.mean }[quantity] as Float32Array;
      const others = { energy: plain.energy, score: plain.score, mean: plain.mean }[quantity] as Float32Array;
      // y in f64 and then f32 against y in f32: an ulp of 40, 4e-6, times the slope over the component's width.
      expect(largest(rows.map((v, i) => (v - others[i]) / Math.max(1, Math.abs(others[i]))))).toBeLessThan(2e-4);
    }
  });

  test.each(["shifted", "laplace"] as const)(
    "%s: rows do not depend on their neighbours, nor blocks on the whole",
    (proposal) => {
      const whole = base(noisyCluster(7, 0.06), 0.06, { proposal, quantity: "score" });
      const all = noised(cluster, whole);
      const parts = merge(blocksOf(whole, 3 * whole.mcSamples).map((block) => noised(cluster, block)));
      expect(parts).toEqual(all);
      expect(all.fellBack).toBe(0);
    },
  );

  test("all modes draw, and in the lattice K must be a power of two", () => {
    const at = plane(3);
    const values = (["iid", "antithetic", "lattice"] as const).map((mode) => noised(gmm, base(at, 1, { mode })).energy[0]);
    expect(new Set(values).size).toBe(3);
    expect(() => noised(gmm, base(at, 1, { mode: "lattice", mcSamples: 12 }))).toThrow(/power of two/);
  });

  test("particles: the posterior mean keeps the center of mass, the score has none", () => {
    const x = noisyCluster(2, 0.05);
    for (const quantity of ["mean", "score"] as const) {
      const result = noised(cluster, base(x, 0.05, { quantity }));
      const rows = (quantity === "mean" ? result.mean : result.score) as Float32Array;
      const before = rows.slice();
      removeMean(rows, 2, { count: 13, spatialDim: 3 });
      // The gradients cancel to f32's digits only.
      expect(largest(rows.map((v, i) => v - before[i]))).toBeLessThan(2e-6 * Math.max(1, largest(rows)));
    }
  });

  test.each(["shifted", "laplace"] as const)(
    "%s, particles off their center: the posterior mean lies on the subspace",
    (proposal) => {
      const near = noisyCluster(3, 0.05);
      const x = { ...near, data: near.data.map((v, i) => v + [0.5, -1, 2][i % 3]) };
      const request = base(x, 0.05, { proposal, defensive: 1, quantity: "mean" });
      const { mean } = noised(cluster, request);
      const plain = noisedGeneric(cluster, request).mean as Float32Array;
      // Rounding of coordinates of 3.
      expect(largest((mean as Float32Array).map((v, i) => v - plain[i]))).toBeLessThan(1e-5);
    },
  );

  test("calls: K and one for shifted, K and 1 + 4 + 1 + 4 for Laplace in a well; a K of 1 is all noise", () => {
    const well = gaussianMixture({ means: [[0, 0]], weights: [1], std: [1] });
    const x = { data: Float32Array.of(3, -1), n: 1, dim: 2 };
    expect(noised(well, base(x, 0.5, { proposal: "shifted" })).energyCalls).toBe(17);
    expect(noised(well, base(x, 0.5)).energyCalls).toBe(26);
    expect(noised(well, base(x, 0.5, { mcSamples: 1 })).energyCalls).toBe(11);
  });
});

describe("where a proposal cannot be made", () => {
  /** A wall of NaN gradients beyond 5. */
  const half: Energy = {
    ...lineEnergy((x) => x * x),
    energyAndGradient: (x) => ({ energy: x.data.map((v) => v * v), gradient: x.data.map((v) => (v > 5 ? Number.NaN : 2 * v)) }),
  };
  const x = { data: Float32Array.of(0.5, 6, 1, 7), n: 4, dim: 1 };

  test.each(["shifted", "laplace"] as const)("%s: the row takes plain draws and is counted", async (proposal) => {
    const request = base(x, 0.3, { proposal });
    const result = noised(half, request);
    expect([result.fellBack, result.nonFinite]).toEqual([2, 0]);
    const plain = noisedGeneric(half, request).energy;
    for (const row of [1, 3]) expect(Math.abs(result.energy[row] / plain[row] - 1)).toBeLessThan(1e-5);
    for (const row of [0, 2]) expect(Math.abs(result.energy[row] / plain[row] - 1)).toBeGreaterThan(1e-5);
    for (const estimator of [
      noisedEnergy({ mcSamples: 16, proposal }),
      noisedScore({ mcSamples: 16, proposal }),
      tweedie({ mcSamples: 16, proposal }),
      bootstrapped({ mcSamples: 16, proposal }),
    ]) {
      const teacher = { ...oracle(gmm), dim: 1 };
      expect((await estimator.estimate(requestOf(half, x, request.variance, { teacher }))).notes.fellBack).toBe(2);
    }
  });

  test("energies that are not finite are counted as elsewhere, and rows that see nothing else are +inf", () => {
    const holes = lineEnergy(
      (v) => (v > 2 ? Number.NaN : v < -2 ? Infinity : v * v),
      (v) => 2 * v,
    );
    const rows = { data: Float32Array.of(10, -10, 2), n: 3, dim: 1 };
    const result = noised(holes, base(rows, 0.3, { quantity: "mean" }));
    expect([result.energy[0], result.energy[1], result.mean?.[0], result.mean?.[1]]).toEqual([Infinity, Infinity, 10, -10]);
    expect(Number.isFinite(result.energy[2])).toBe(true);
    expect(result.nonFinite).toBeGreaterThan(16);
    expect(result.nonFinite).toBeLessThan(32);
  });
});

describe("bad input", () => {
  const makers = { noisedEnergy, noisedScore, tweedie, bootstrapped };

  test.each(Object.entries(makers))("%s refuses what no proposal can be", (name, make) => {
    expect(() => make({ proposal: "laplce" as never })).toThrow(/did you mean "laplace"/);
    expect(() => make({ proposal: 3 as never })).toThrow(TypeError);
    for (const defensive of [0, -0.1, 1.1, Number.NaN]) {
      expect(() => make({ proposal: "laplace", defensive })).toThrow(new RegExp(`${name}: defensive must be`));
    }
    expect(() => make({ proposal: "laplace", defensive: "0.3" as never })).toThrow(TypeError);
    expect(() => make({ defensive: 0.5 })).toThrow(/leave it out/);
    expect(make({ proposal: "prior" }).options).not.toHaveProperty("proposal");
    expect(make({ proposal: "shifted" }).options).toMatchObject({ proposal: "shifted", defensive: 0.125 });
  });

  test("noised itself", () => {
    const x = plane(1);
    expect(() => noised(gmm, base(x, 1, { proposal: "laplas" as never }))).toThrow(/noised: unknown proposal.*laplace/);
    expect(() => noised(gmm, base(x, 1, { defensive: 0 }))).toThrow(/noised: defensive must be above 0.*infinite/);
    expect(() => noised(gmm, base(x, 1, { mcSamples: 0 }))).toThrow(/mcSamples/);
    expect(noised(gmm, base(x, 1, { proposal: "prior" })).fellBack).toBe(0);
  });

  test("perParticle", async () => {
    expect(() => noisedEnergy({ perParticle: 1 as never })).toThrow(TypeError);
    expect(() => noisedEnergy({ perParticle: true, proposal: "laplace" })).toThrow(/leave proposal "laplace" out/);
    const request = requestOf(gmm, plane(2), Float32Array.of(1, 1));
    await expect(noisedEnergy({ perParticle: true }).estimate(request)).rejects.toThrow(/sum over pairs/);
    expect(noisedEnergy({ perParticle: true }).options).toMatchObject({ perParticle: true });
    expect(noisedEnergy({ perParticle: false }).options).not.toHaveProperty("perParticle");
  });
});

describe("energies particle by particle", () => {
  const x = noisyCluster(3, 0.03);
  const request: NoisedRequest = { ...base(x, 0.03), mcSamples: 8 };

  test("of one draw they sum to the energy", () => {
    const one = { ...request, mcSamples: 1 };
    const sum = perParticleEnergy(cluster, one);
    const whole = noisedGeneric(cluster, one);
    expect(sum.energyCalls).toBe(3);
    for (let i = 0; i < 3; i++) expect(Math.abs(sum.energy[i] / whole.energy[i] - 1)).toBeLessThan(1e-5);
  });

  test("of several: log-mean-exp of each particle, summed", async () => {
    const { energy } = await noisedEnergy({ mcSamples: 8, perParticle: true })
      .estimate(requestOf(cluster, x, request.variance, { key: request.key }))
      .then(({ target }) => ({ energy: target }));
    for (let row = 0; row < 3; row++) {
      const y = perturbations(request, row);
      let expected = 0;
      for (let i = 0; i < 13; i++) {
        let mean = 0;
        for (let k = 0; k < 8; k++) {
          const at = (p: number, a: number) => y[k * 39 + 3 * p + a];
          let share = 0;
          for (let j = 0; j < 13; j++) {
            if (j !== i)
              share +=
                (cluster.pairs as NonNullable<Energy["pairs"]>).energy(Math.hypot(...[0, 1, 2].map((a) => at(i, a) - at(j, a)))) /
                2;
          }
          for (const a of [0, 1, 2]) {
            const center = Array.from({ length: 13 }, (_, j) => at(j, a)).reduce((s, v) => s + v, 0) / 13;
            share += (at(i, a) - center) ** 2 / 2;
          }
          mean += Math.exp(-share) / 8;
        }
        expected -= Math.log(mean);
      }
      expect(Math.abs(energy[row] / expected - 1)).toBeLessThan(1e-5);
    }
  });

  test("a NaN share is counted once a draw and weighs nothing", () => {
    const spoiled: Energy = { ...cluster, pairs: { trap: 1, energy: (r) => (r > 1.5 ? Number.NaN : 0) } };
    const result = perParticleEnergy(spoiled, request);
    expect(result.nonFinite).toBe(24);
    expect(result.energy[0]).toBe(Infinity);
  });
});
