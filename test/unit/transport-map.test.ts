/** The transport map: its Jacobian against differences, its inverse, what happens where it folds; and paths whose weights must be constant. */
import { describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { explodingLevels, intervalOf, type Level, preservingLevels } from "../../src/correction/levels.js";
import { makeTransition } from "../../src/correction/transitions/table.js";
import { type AnalyticModel, analyticMixture, scoreModel } from "../reference/analytic-models.js";
import { jacobianOf, termsAt } from "../reference/backward-laws.js";
import { affine, dot, inverse, type Matrix, times } from "../reference/dense.js";
import { referenceNormals } from "../reference/normals.js";
import {
  intervals,
  mixture1,
  mixture2,
  models,
  noiseOf,
  pairs4,
  randomOf,
  rowOf,
  rowsOf,
  Stepper,
} from "../support/transition-cases.js";

const map = makeTransition("map");
const places = Object.entries(models).flatMap(([what, model]) =>
  Object.entries(intervals).map(([path, interval]) => [`${what}, ${path}`, model, interval] as const),
);
const n = 16;

describe.each(places)("map on %s", (_place, model, interval) => {
  const stepper = new Stepper(map, model, interval, scoreModel(model, "products"));
  const x = rowsOf(model, n);

  test("moves by the score, takes no noise, and weighs by |det J|, whose least eigenvalue it reports", async () => {
    const { x: to, logRatio, smallestEigenvalue } = await stepper.go("down", x, noNoise);
    let least = Infinity;
    for (let row = 0; row < n; row++) {
      const twin = jacobianOf(model, interval, rowOf(x, row));
      // Products in f32: 2^-24 of an eigenvalue in each of at most 6.
      expect(Math.abs(logRatio[row] - Math.log(Math.abs(twin.determinant)))).toBeLessThan(1e-5);
      least = Math.min(least, twin.least);
      const { point, score } = termsAt(model, interval.from, rowOf(x, row));
      const moved = termsAt(model, interval.from, rowOf(to, row)).point;
      point.forEach((value, i) => {
        expect(Math.abs(twin.move(value, score[i]) - moved[i])).toBeLessThan(1e-5);
      });
    }
    expect(Math.abs((smallestEigenvalue as number) - least)).toBeLessThan(1e-5);
  });

  test("J is the Jacobian of what it does", () => {
    for (let row = 0; row < 3; row++) {
      const at = rowOf(x, row);
      const { jacobian, move, axes } = jacobianOf(model, interval, at);
      axes.forEach((axis, j) => {
        const step = 1e-4;
        const ends = [step, -step].map((size) => {
          const { point, score } = termsAt(
            model,
            interval.from,
            at.map((value, i) => value + size * axis[i]),
          );
          return point.map((value, i) => move(value, score[i]));
        });
        // Second differences of a function of order 1: step^2.
        jacobian.forEach((line, i) => {
          expect(Math.abs((ends[0][i] - ends[1][i]) / (2 * step) - line[j])).toBeLessThan(1e-6);
        });
      });
    }
  });

  test("up is the inverse of down, and weighs by the inverse", async () => {
    const down = await stepper.go("down", x, noNoise);
    const up = await stepper.go("up", down.x, noNoise);
    for (let i = 0; i < x.data.length; i++) expect(Math.abs(up.x.data[i] - x.data[i])).toBeLessThan(2e-5);
    for (let row = 0; row < n; row++) expect(Math.abs(up.logRatio[row] + down.logRatio[row])).toBeLessThan(1e-4);
    expect(up.smallestEigenvalue as number).toBeGreaterThan(0);
  });

  test("NaN in a score or a Hessian makes its row NaN and no other", async () => {
    for (const what of ["score", "hessian"] as const) {
      const broken = new Stepper(map, model, interval, scoreModel(model, "products", { row: 2, what }));
      const [got, want] = [await broken.go("down", x, noNoise), await stepper.go("down", x, noNoise)];
      if (what === "score") expect(rowOf(got.x, 2).every(Number.isNaN)).toBe(true);
      else want.logRatio[2] = Number.NaN;
      expect(got.logRatio).toEqual(want.logRatio);
    }
    const lost = { ...x, data: x.data.slice() };
    lost.data.fill(Number.NaN, 0, model.dim);
    expect(Array.from((await stepper.go("up", lost, noNoise)).logRatio, Number.isNaN)).toEqual(
      Array.from({ length: n }, (_, row) => row === 0),
    );
  });
});

/** Maps take no random numbers. */
const noNoise = {
  normals: (): never => {
    throw new Error("normals were asked for");
  },
  uniforms: (): never => {
    throw new Error("uniforms were asked for");
  },
};

describe("inverse", () => {
  test("between far modes, where a fixed point does not contract", async () => {
    const far = analyticMixture([1, -1].map((sign) => ({ weight: 0.5, mean: [4 * sign], covariance: [[0.05]] })));
    const interval = intervalOf({ scale: 1, variance: 1 }, { scale: 1, variance: 0.3 });
    const stepper = new Stepper(map, far, interval, scoreModel(far, "whole"));
    // alpha H reaches .45 * 16 / 1.05^2: the fixed point moves 6 times as far as it should.
    const x = { data: Float32Array.from({ length: 41 }, (_, i) => (i - 20) / 40), n: 41, dim: 1 };
    const down = await stepper.go("down", x, noNoise);
    const up = await stepper.go("up", down.x, noNoise);
    for (let i = 0; i < 41; i++) expect(Math.abs(up.x.data[i] - x.data[i])).toBeLessThan(2e-6);
  });

  test("a point that no row is taken to is NaN, and the others are not", async () => {
    // T(x) = x + alpha s with s = -x / alpha + bump(x): T is the bump, between 0 and alpha.
    const interval = intervals.VE;
    const alpha = interval.from.variance - Math.sqrt(interval.from.variance * interval.to.variance);
    const bounded: AnalyticModel = {
      dim: 1,
      terms: ([x]) => {
        const bump = Math.exp(-x) / (1 + Math.exp(-x));
        return { energy: 0, score: [-x / alpha + 1 - bump], hessian: [[-1 / alpha + bump * (1 - bump)]] };
      },
    };
    const stepper = new Stepper(map, bounded, interval, scoreModel(bounded, "whole"));
    const { logRatio } = await stepper.go("up", { data: Float32Array.of(2 * alpha, 0.5 * alpha, -alpha), n: 3, dim: 1 }, noNoise);
    expect(Array.from(logRatio, Number.isFinite)).toEqual([false, true, false]);
  });
});

test("a fold is reported, and the weight is still that of |det J|", async () => {
  // s = -k x with alpha k > 1 turns the line round.
  const interval = intervals.VE;
  const steep: AnalyticModel = {
    dim: 3,
    terms: (x) => ({
      energy: 0,
      score: x.map((v, i) => -(i + 1) * v),
      hessian: [1, 2, 3].map((k, i) => [0, 1, 2].map((j) => (i === j ? -k : 0))),
    }),
  };
  const { logRatio, smallestEigenvalue } = await new Stepper(map, steep, interval, scoreModel(steep, "whole")).go(
    "down",
    rowsOf(steep, 4),
    noNoise,
  );
  const alpha = interval.from.variance - Math.sqrt(interval.from.variance * interval.to.variance);
  const factors = [1, 2, 3].map((k) => 1 - alpha * k);
  expect(smallestEigenvalue as number).toBeLessThan(0);
  expect(Math.abs((smallestEigenvalue as number) - Math.min(...factors))).toBeLessThan(1e-12);
  for (const value of logRatio)
    expect(Math.abs(value - Math.log(Math.abs(factors[0] * factors[1] * factors[2])))).toBeLessThan(1e-12);
});

describe("an exact model of one normal", () => {
  const covariance: Matrix = [
    [0.5, 0.3, 0],
    [0.3, 0.4, -0.1],
    [0, -0.1, 0.2],
  ];
  const correlated = analyticMixture([{ weight: 1, mean: [0.3, -1, 0.2], covariance }]);
  const round = analyticMixture([{ weight: 1, mean: [0, 0.5, 1], covariance: affine(covariance, 0, 0.4) }]);
  const variances = Float64Array.of(0.01, 0.05, 0.4, 2, 9);
  const paths: { readonly [name: string]: readonly Level[] } = {
    VE: explodingLevels(variances),
    VP: preservingLevels(variances, 1),
  };

  /** Largest deviation of path weights from exact draws at the top, whose Z is 1, against the lowest level's own density. */
  async function spread(
    name: string,
    options: { readonly [key: string]: number },
    model: AnalyticModel,
    levels: readonly Level[],
  ) {
    const rows = 50;
    const top = levels[levels.length - 1];
    let x: Batch = drawsAt(model, top, rows);
    const log = Array.from({ length: rows }, (_, row) => termsAt(model, top, rowOf(x, row)).energy);
    for (let k = levels.length - 1; k > 0; k--) {
      const stepper = new Stepper(
        makeTransition(name, options),
        model,
        intervalOf(levels[k], levels[k - 1]),
        scoreModel(model, "whole"),
      );
      const moved = await stepper.go("down", x, randomOf(rows, 3, k));
      x = moved.x;
      moved.logRatio.forEach((value, row) => {
        log[row] += value;
      });
    }
    return Math.max(...log.map((value, row) => Math.abs(value - termsAt(model, levels[0], rowOf(x, row)).energy)));
  }

  function drawsAt(model: AnalyticModel, { scale, variance }: Level, rows: number) {
    // Newton from 0 is exact: x - H^-1 s is the mean, -H^-1 the covariance.
    const { score, hessian } = termsAt(model, { scale, variance }, [0, 0, 0]);
    const wide = affine(inverse(hessian).inverse, -1, 0);
    const mean = times(wide, score);
    const root = choleskyOf(wide);
    const { data } = referenceNormals(keyOf(4), 0, 0, rows, 3);
    return {
      data: Float32Array.from(data, (_, i) => mean[i % 3] + dot(root[i % 3], data.subarray(i - (i % 3), i - (i % 3) + 3))),
      n: rows,
      dim: 3,
    };
  }

  // f32 coordinates and scores: 2^-24 |x| over the narrowest deviation, .1, in each of 4 steps and 3 coordinates. Measured: 1e-5.
  test.each(Object.entries(paths))(
    "%s: full has weights of 1, and so has every transition that knows the covariance",
    async (_path, levels) => {
      expect(await spread("full", {}, correlated, levels)).toBeLessThan(1e-4);
      expect(await spread("low-rank", { rank: 3 }, correlated, levels)).toBeLessThan(1e-3);
      expect(await spread("full", {}, round, levels)).toBeLessThan(1e-4);
      expect(await spread("diagonal", {}, round, levels)).toBeLessThan(1e-4);
      expect(await spread("bridge", { dataVariance: 0.4 }, round, levels)).toBeLessThan(1e-4);
    },
  );

  test("control: transitions that do not know it have not", async () => {
    expect(await spread("diagonal", {}, correlated, paths.VE)).toBeGreaterThan(0.1);
    expect(await spread("low-rank", { rank: 1 }, correlated, paths.VE)).toBeGreaterThan(0.1);
    expect(await spread("exponential", {}, round, paths.VP)).toBeGreaterThan(0.1);
  });
});

/** L with L L^T = a. */
function choleskyOf(a: Matrix): Matrix {
  const lower = affine(a, 0, 0);
  a.forEach((line, i) => {
    for (let j = 0; j <= i; j++) {
      const sum = line[j] - dot(lower[i].slice(0, j), lower[j]);
      lower[i][j] = i === j ? Math.sqrt(sum) : sum / lower[j][j];
    }
  });
  return lower;
}

describe("particles turned, reflected and renumbered", () => {
  const order = [2, 0, 3, 1];
  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  /** Rows of 4 particles in the plane, particle order[i] turned and reflected in place i. */
  const turned = (data: Float32Array): Float32Array =>
    data.map((_, at) => {
      const row = at - (at % 8);
      const from = row + 2 * order[(at % 8) >> 1];
      return at % 2 === 0 ? c * data[from] - s * data[from + 1] : -s * data[from] - c * data[from + 1];
    });

  async function change(name: string, way: "down" | "up", interval: (typeof intervals)[string]) {
    const stepper = new Stepper(
      makeTransition(name, name === "low-rank" ? { rank: 2 } : {}),
      pairs4,
      interval,
      scoreModel(pairs4, "products"),
    );
    const x = rowsOf(pairs4, n);
    const noise = randomOf(n, 8).normals();
    const one = await stepper.go(way, x, noiseOf(noise));
    const other = await stepper.go(way, { ...x, data: turned(x.data) }, noiseOf(turned(noise)));
    const moved = turned(one.x.data);
    return {
      ratio: Math.max(...one.logRatio.map((value, row) => Math.abs(value - other.logRatio[row]))),
      x: Math.max(...moved.map((value, i) => Math.abs(value - other.x.data[i]))),
    };
  }

  test.each(Object.entries(intervals))("%s: no weight changes, and rows turn along", async (_path, interval) => {
    for (const name of ["bridge", "exponential", "tuned", "low-rank", "map"]) {
      for (const way of ["down", "up"] as const) {
        const { ratio, x } = await change(name, way, interval);
        expect([name, way, ratio < 1e-3, x < 1e-4]).toEqual([name, way, true, true]);
      }
    }
    // The factor of a covariance depends on the order, its density does not.
    expect((await change("full", "up", interval)).ratio).toBeLessThan(1e-4);
  });

  test("control: the diagonal depends on the order", async () => {
    expect((await change("diagonal", "up", intervals.VE)).ratio).toBeGreaterThan(1e-2);
  });
});

test("more rows than fit into memory at once: the bits of rows apart", async () => {
  const dim = 64;
  const rows = 150;
  const wide: AnalyticModel = {
    dim,
    terms: (x) => ({ energy: 0, score: x.map((value) => -0.5 * value), hessian: nearlyRound }),
  };
  const nearlyRound: Matrix = Array.from({ length: dim }, (_, i) =>
    Array.from({ length: dim }, (__, j) => (i === j ? -0.5 : 0.001)),
  );
  const x = rowsOf(wide, rows);
  const random = randomOf(rows, dim);
  for (const name of ["full", "diagonal", "map"]) {
    const stepper = new Stepper(makeTransition(name), wide, intervals.VE, scoreModel(wide, "whole"));
    const whole = await stepper.go("down", x, random);
    const last = rows - 1;
    const part = (data: Float32Array) => data.slice(last * dim);
    const alone = await stepper.go("down", { data: part(x.data), n: 1, dim }, noiseOf(part(random.normals())));
    expect(whole.logRatio.length).toBe(rows);
    expect(alone.x.data).toEqual(part(whole.x.data));
    expect(alone.logRatio[0]).toBe(whole.logRatio[last]);
  }
});

test("mixtures of the tests are mixtures: H is the derivative of s, s of log p", () => {
  for (const model of [mixture1, mixture2, pairs4]) {
    const at = rowOf(rowsOf(model, 1), 0);
    const { score, hessian } = model.terms(at, 0.7);
    at.forEach((_, j) => {
      const [high, low] = [1e-5, -1e-5].map((step) =>
        model.terms(
          at.map((v, i) => (i === j ? v + step : v)),
          0.7,
        ),
      );
      expect(Math.abs((low.energy - high.energy) / 2e-5 - score[j])).toBeLessThan(1e-8);
      score.forEach((__, i) => {
        expect(Math.abs((high.score[i] - low.score[i]) / 2e-5 - hessian[i][j])).toBeLessThan(1e-8);
      });
    });
  }
});
