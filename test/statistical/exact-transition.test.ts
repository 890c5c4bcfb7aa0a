/**
 * Exact transitions take exact draws of one level to exact draws of the next, and draws of `anisotropicMixture` have its moments. Rows are independent;
 * with 40,000 of them a variance 5 % off is 7 standard errors off in a coordinate.
 */
import { anisotropicMixture, type Batch, exactTransition, gaussianMixture, init, twoModes } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { componentsOf, densityAt, noisedComponents } from "../reference/normal-mixture.js";
import { drawsAt, mixtureCases, stepRandom } from "../support/mixture-cases.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => init());

const factories = { anisotropicMixture, gaussianMixture, twoModes };
type Target = ReturnType<typeof twoModes>;
type Rule = ReturnType<typeof exactTransition>;
type Step = Parameters<Rule["down"]>[0];
type Level = Step["interval"]["to"];

const n = 40_000;

/** Largest |z| of first and second moments, and of products of neighbouring coordinates, against those of the level. */
function worstMoment(target: Target, level: Level, x: Batch): number {
  const components = noisedComponents(componentsOf(target.mixture), level.scale, level.variance);
  const { dim } = target;
  const mean = (value: (j: number) => number) => components.reduce((sum, { weight }, j) => sum + weight * value(j), 0);
  const column = (value: (from: number) => number) => Float64Array.from({ length: x.n }, (_, r) => value(r * dim));
  const scores: number[] = [];
  for (let a = 0; a < dim; a++) {
    const b = (a + 1) % dim;
    const first = mean((j) => components[j].mean[a]);
    scores.push(
      zOfMean(
        column((from) => x.data[from + a]),
        first,
      ),
    );
    for (const other of new Set([a, b])) {
      const product = mean((j) => components[j].covariance[a][other] + components[j].mean[a] * components[j].mean[other]);
      scores.push(
        zOfMean(
          column((from) => x.data[from + a] * x.data[from + other]),
          product,
        ),
      );
    }
  }
  return Math.max(...scores.map(Math.abs));
}

/** Moved rows, and |z| of their products with the rows they come from: E[x_from . x_to] = a E|x_to|^2. */
async function moved(target: Target, rule: Pick<Rule, "down">, from: Level, to: Level) {
  const pull = from.scale / to.scale;
  const interval = { from, to, pull, noise: from.variance - pull * pull * to.variance };
  const x = drawsAt(target, from, n, 41);
  const random = stepRandom(6, 1, n, target.dim);
  const down = (await rule.down({ interval, x, random } as Step)).x;
  const components = noisedComponents(componentsOf(target.mixture), to.scale, to.variance);
  const square = components.reduce((sum, { weight, mean, covariance }) => {
    return sum + weight * mean.reduce((all, m, d) => all + m * m + covariance[d][d], 0);
  }, 0);
  const inner = Float64Array.from({ length: n }, (_, r) => {
    let sum = 0;
    for (let i = r * target.dim; i < (r + 1) * target.dim; i++) sum += x.data[i] * down.data[i];
    return sum;
  });
  return { worst: worstMoment(target, to, down), joint: Math.abs(zOfMean(inner, pull * square)) };
}

const variances = Float64Array.of(1e-4, 0.05, 0.6, 40);
/** Of variance 1.3 kept, where the variance is preserved. */
const scales = Array.from(variances, (h, k) => (k === 0 ? 1 : Math.sqrt(1.3 / (1.3 + h))));
const paths: readonly (readonly [string, Level[]])[] = [
  ["VE", Array.from(variances, (variance) => ({ scale: 1, variance }))],
  ["VP", scales.map((scale, k) => ({ scale, variance: scale * scale * variances[k] }))],
];

/** The DDPM step of a VE path with the exact score: right mean, and the variance that points have. */
const ddpm = (target: Target): Pick<Rule, "down"> => ({
  async down({ interval: { from, to, noise }, x, random }) {
    const components = noisedComponents(componentsOf(target.mixture), 1, from.variance);
    const std = Math.sqrt((noise * to.variance) / from.variance);
    const data = random.normals();
    for (let r = 0; r < x.n; r++) {
      const at = x.data.subarray(r * x.dim, (r + 1) * x.dim);
      densityAt(components, at).score.forEach((s, d) => {
        data[r * x.dim + d] = at[d] + noise * s + std * data[r * x.dim + d];
      });
    }
    return { x: { ...x, data }, logRatio: new Float64Array(x.n) };
  },
});

describe.each(mixtureCases)("%s", (_name, make) => {
  test("its own draws have its moments, and draws of another level have not", () => {
    const target = make(factories);
    const own = { scale: 1, variance: 0 };
    expect(worstMoment(target, own, drawsAt(target, own, n, 51))).toBeLessThan(6);
    expect(worstMoment(target, own, drawsAt(target, { scale: 1.1, variance: 0 }, n, 51))).toBeGreaterThan(11);
  });

  test.each(paths)("on a %s path every step down takes exact draws to exact draws", async (_path, levels) => {
    const target = make(factories);
    for (let k = levels.length - 1; k > 0; k--) {
      const { worst, joint } = await moved(target, exactTransition(target), levels[k], levels[k - 1]);
      expect(worst).toBeLessThan(6);
      expect(joint).toBeLessThan(6);
    }
  });

  test("negative control: the DDPM step with the exact score does not", async () => {
    const target = make(factories);
    const levels = paths[0][1];
    expect((await moved(target, ddpm(target), levels[3], levels[1])).worst).toBeGreaterThan(11);
  });
});
