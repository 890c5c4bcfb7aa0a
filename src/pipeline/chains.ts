/** Markov chains for training: brought to the target from the energy alone, moved on the trainer's threads. */
import { derive } from "../core/random.js";
import { removeMean } from "../core/subspace.js";
import { Pace } from "../core/task.js";
import type { Batch, ChainTools, Energy, Equilibrated, HamiltonianRequest, Key } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";
import { hamiltonian } from "../mcmc/hamiltonian.js";

function start(energy: Energy, n: number, key: Key): Batch {
  const { dim, particles } = energy;
  const noise = normalRows(key, 0, 0, n, dim).data;
  const data = new Float32Array(n * dim);
  const side = particles ? Math.ceil(particles.count ** (1 / particles.spatialDim)) : 1;
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < dim; i++) {
      const d = particles ? i % particles.spatialDim : 0;
      const p = particles ? Math.floor(i / particles.spatialDim) : 0;
      const grid = particles ? Math.floor(p / side ** d) % side : 0;
      data[r * dim + i] = 1.05 * grid + (particles ? 0.05 : 1) * noise[r * dim + i];
    }
  }
  if (particles) removeMean(data, n, particles);
  return { data, n, dim };
}

export interface ChainPlan {
  readonly moves: number;
  readonly leapfrogs: number;
}

/** Chains of a run. */
export function chainTools(energy: Energy, plan: ChainPlan): ChainTools {
  return {
    async equilibrate(n: number, key: Key, signal?: AbortSignal): Promise<Equilibrated> {
      const pace = new Pace(signal);
      let x = start(energy, n, derive(key, "start"));
      let step = 0.01;
      let energyCalls = 0;
      let nonFinite = 0;
      for (let move = 0; move < plan.moves; move++) {
        const request: HamiltonianRequest = {
          x,
          key: derive(key, "moves"),
          step: move,
          moves: 1,
          leapfrogs: plan.leapfrogs,
          stepSize: new Float32Array(n).fill(step),
        };
        const result = hamiltonian(energy, request);
        x = result.x;
        const rate = result.acceptance.reduce((a, b) => a + b, 0) / n;
        if (move < 0.6 * plan.moves) step *= Math.exp(0.2 * (rate - 0.8));
        energyCalls += result.energyCalls;
        nonFinite += result.nonFinite;
        await pace.breathe();
      }
      return { x, stepSize: step, energyCalls, nonFinite };
    },
    hamiltonian: async (request) => hamiltonian(energy, request),
  };
}
