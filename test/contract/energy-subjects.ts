/** The energies with kernels of their own, for the contract: points, bounds and proposals. */
import {
  type Batch,
  doubleWell,
  type Energy,
  funnel,
  keyOf,
  lennardJones,
  manyWell,
  muellerBrown,
  normalRows,
  rings,
  twoMoons,
} from "bnem";
import { energyCases, pointsOf } from "../support/energy-cases.js";
import type { EnergySubject, Proposal } from "./energy-checks.js";

type Propose = NonNullable<EnergySubject["proposal"]>;

const HALF_LOG = 0.5 * Math.log(2 * Math.PI);
const logNormal = (z: number, std: number) => -0.5 * (z / std) ** 2 - Math.log(std) - HALF_LOG;

/** Bimodal in the first coordinate of every pair, with some weight on the barrier and more on the left than it has: wrong masses are seen. */
const WELLS = [
  { share: 0.25, mean: -1.71, std: 0.21 },
  { share: 0.72, mean: 1.75, std: 0.2 },
  { share: 0.03, mean: 0, std: 0.8 },
];

const manyWellProposal =
  (dim: number): Propose =>
  (widening, seed, n) => {
    const noise = normalRows(keyOf(seed), 0, 0, n, dim).data;
    const pick = normalRows(keyOf(seed), 1, 0, n, dim / 2).data;
    // Levels of one normal choose the well: below -1.88 (3 %) the barrier, then 25 % the left one.
    const wellOf = (level: number) => WELLS[level < -1.8807936 ? 2 : level < -0.5828415 ? 0 : 1];
    const data = noise.map((z, i) => {
      if (i % 2) return widening * z;
      const well = wellOf(pick[i / 2]);
      return well.mean + widening * well.std * z;
    });
    const logWell = (x: number) => {
      const sum = WELLS.reduce((s, w) => s + w.share * Math.exp(logNormal(x - w.mean, widening * w.std)), 0);
      return Math.log(sum);
    };
    const logDensity = (x: ArrayLike<number>, from: number) => {
      let sum = 0;
      for (let d = from; d < from + dim; d += 2) sum += logWell(x[d]) + logNormal(x[d + 1], widening);
      return sum;
    };
    return { x: { data, n, dim }, logDensity };
  };

const funnelProposal =
  (dim: number): Propose =>
  (widening, seed, n) => {
    const { data } = normalRows(keyOf(seed), 0, 0, n, dim);
    for (let from = 0; from < data.length; from += dim) {
      data[from] *= 3 * widening;
      for (let d = from + 1; d < from + dim; d++) data[d] *= widening * Math.exp(data[from] / 2);
    }
    const logDensity = (x: ArrayLike<number>, from: number) => {
      let sum = logNormal(x[from], 3 * widening);
      for (let d = from + 1; d < from + dim; d++) sum += logNormal(x[d], widening * Math.exp(x[from] / 2));
      return sum;
    };
    return { x: { data, n, dim }, logDensity };
  };

/** Normal radii about rings of equal share, uniform angles. */
const ringsProposal =
  (radii: readonly number[], std: number): Propose =>
  (widening, seed, n): Proposal => {
    const noise = normalRows(keyOf(seed), 0, 0, n, 3).data;
    const data = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const r = radii[i % radii.length] + widening * std * noise[3 * i];
      const angle = Math.atan2(noise[3 * i + 1], noise[3 * i + 2]);
      data[2 * i] = r * Math.cos(angle);
      data[2 * i + 1] = r * Math.sin(angle);
    }
    const logDensity = (x: ArrayLike<number>, from: number) => {
      const r = Math.hypot(x[from], x[from + 1]);
      const sum = radii.reduce((s, ring) => s + Math.exp(logNormal(r - ring, widening * std)) / radii.length, 0);
      return Math.log(sum / (2 * Math.PI * r));
    };
    return { x: { data, n, dim: 2 }, logDensity };
  };

const proposals: { readonly [name: string]: Propose } = {
  manywell32: manyWellProposal(32),
  "many wells in 6 dimensions": manyWellProposal(6),
  funnel: funnelProposal(10),
  "funnel in 3 dimensions": funnelProposal(3),
  rings: ringsProposal([1.5, 3, 4.5], 0.15),
  "two rings of unequal weight": ringsProposal([2, 2.5], 0.2),
};

/** Steps small against the length over which the energy bends. */
const steps: { readonly [name: string]: number } = {
  rings: 1 / 128,
  "two-moons": 1 / 128,
  "two rings of unequal weight": 1 / 128,
};

/** Largest `size` of the twin over the points, with room for what the other checks move. */
function sizeOf(twin: (x: Float32Array) => { readonly size: number }, { data, n, dim }: Batch): number {
  return Math.max(...Array.from({ length: n }, (_, r) => twin(data.subarray(r * dim, (r + 1) * dim)).size));
}

export const kernelSubjects: readonly (readonly [string, () => EnergySubject])[] = energyCases.map((subject) => [
  subject.name,
  () => {
    const energy: Energy = subject.make({ doubleWell, funnel, lennardJones, manyWell, muellerBrown, rings, twoMoons });
    const points = pointsOf(subject, energy, normalRows(keyOf(6), 0, 0, 24, energy.dim).data);
    const bound = subject.roundings * 2 ** -24 * sizeOf(subject.twin, points);
    const step = steps[subject.name] ?? (energy.particles ? 1 / 256 : 1 / 32);
    return { energy, points, roundoff: () => bound, step, proposal: proposals[subject.name] };
  },
]);
