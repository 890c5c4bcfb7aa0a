/** Requests for estimators, and energies that count or spoil what they are asked. */
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy, EstimateRequest, ScoreModel } from "../../src/core/types.js";
import { geometricSchedule } from "../../src/schedules/geometric.js";

export const schedule = geometricSchedule({ sigmaMin: 0.25, sigmaMax: 50 });

export function requestOf(
  energy: Energy,
  x: Batch,
  variance: Float32Array,
  more: Partial<EstimateRequest> = {},
): EstimateRequest {
  return { energy, schedule, x, variance, key: keyOf(21), exact: true, progress: 0, memory: new Map(), ...more };
}

/** Without its fused kernel: the path of energies known only as functions. */
export function withoutKernel(energy: Energy): Energy {
  const { noised: _, ...rest } = energy;
  return rest;
}

/** Counts the rows whose energy is asked for, through any door but the fused kernel. */
export function counting(energy: Energy): Energy & { readonly rows: () => number } {
  let rows = 0;
  return {
    ...withoutKernel(energy),
    energy: (x) => {
      rows += x.n;
      return energy.energy(x);
    },
    energyAndGradient: (x) => {
      rows += x.n;
      return energy.energyAndGradient(x);
    },
    rows: () => rows,
  };
}

/** A function of one coordinate as an energy in one dimension; the gradient is given too. */
export function lineEnergy(e: (x: number) => number, slope: (x: number) => number = () => 0): Energy {
  const energy = (x: Batch) => x.data.map(e);
  return {
    name: "line",
    dim: 1,
    convention: "",
    options: null,
    check: { x: [0], energy: e(0) },
    energy,
    energyAndGradient: (x) => ({ energy: energy(x), gradient: x.data.map(slope) }),
  };
}

/** The closed form of a target's noised energy as a teacher, plus `shift` kT. */
export function oracle(
  energy: Energy,
  shift = 0,
): ScoreModel & Required<Pick<ScoreModel, "energy">> & { readonly rows: () => number } {
  const closed = energy.noisedExact as NonNullable<Energy["noisedExact"]>;
  let rows = 0;
  return {
    dim: energy.dim,
    score: async (x, h) => closed(x, h).score,
    energy: async (x, h) => {
      rows += x.n;
      return closed(x, h).energy.map((e) => e + shift);
    },
    rows: () => rows,
  };
}
