/** The tasks: target, configurations at it, noise levels, what is compared and against which reference. */
import { derive, doubleWell, gaussianMixture, keyOf, lennardJones, manyWell } from "bnem";
import { noisy, sampledReference } from "./annealed.mjs";
import { manyWellReference, mixtureReference, noisedManyWell } from "./closed-forms.mjs";

/** n configurations at a target of particles: Hamiltonian moves from a lattice, each row a chain of its own. */
function settled(energy, n, { moves, leapfrogs, step }) {
  const { dim } = energy;
  const start = { data: new Float32Array(n * dim), n, dim };
  for (let i = 0; i < n; i++) start.data.set(energy.check.x, i * dim);
  let x = noisy(energy, start, step, derive(keyOf(61), "start"));
  // A lattice start falls in with small steps first.
  for (const [phase, scale] of [0.1, 0.3, 1].entries()) {
    const stepSize = new Float32Array(n).fill(step * scale);
    x = energy.hamiltonian({ x, key: derive(keyOf(61), phase), moves, leapfrogs, stepSize }).x;
  }
  return x;
}

const exactly = (energy) => (n) => energy.exact.sample(n, 62);
const settledBy = (energy, plan) => (n) => settled(energy, n, plan);
const sampled = (energy, plan) => (x, h, seed) => sampledReference(energy, x, h, plan, seed);

const flat = (energy) => (energies) => ({ dim: energy.dim, score: async () => new Float32Array(0), energy: energies });
/** A teacher that is right. */
const teacherOf = {
  gmm40: (energy) => flat(energy)(async (x, h) => energy.noisedExact(x, h).energy),
  manywell32: (energy) =>
    flat(energy)(async (x, h) =>
      Float32Array.from({ length: x.n }, (_, i) => noisedManyWell(x.data.subarray(i * x.dim, (i + 1) * x.dim), h[i])),
    ),
};

const gmm = gaussianMixture({ components: 40, seed: 0 });
const dw4 = doubleWell();
const wells = manyWell();
const lj13 = lennardJones();
const lj55 = lennardJones({ count: 55 });

/** `rows` configurations, `keys` repetitions of each estimate of `K` draws. */
export const tasks = [
  {
    name: "gmm40",
    energy: gmm,
    sigmas: [0.2, 0.5, 1.3, 5, 15],
    rows: 16,
    keys: 60,
    K: 128,
    configurations: exactly(gmm),
    reference: mixtureReference(gmm),
    referenceKind: "closed form",
    teacher: teacherOf.gmm40(gmm),
    drawn: ["iid", "lattice", "shifted", "laplace", "bootstrapped"],
  },
  {
    name: "dw4",
    energy: dw4,
    sigmas: [0.02, 0.05, 0.1, 0.3, 1, 3],
    rows: 12,
    keys: 40,
    K: 128,
    configurations: settledBy(dw4, { moves: 200, leapfrogs: 8, step: 0.1 }),
    reference: sampled(dw4, { draws: 4096, chains: 2048, temperatures: 384, leapfrogs: 6, stiffness: 60 }),
    referenceKind: "Laplace mixture or annealing",
    drawn: ["iid", "antithetic", "shifted", "laplace", "perParticle"],
  },
  {
    name: "lj13",
    energy: lj13,
    sigmas: [0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6],
    rows: 8,
    keys: 24,
    K: 128,
    configurations: settledBy(lj13, { moves: 300, leapfrogs: 10, step: 0.03 }),
    reference: sampled(lj13, { draws: 8192, chains: 512, temperatures: 512, leapfrogs: 6, stiffness: 1500, wide: 0.2 }),
    referenceKind: "Laplace mixture or annealing",
    drawn: ["iid", "antithetic", "shifted", "laplace", "perParticle"],
  },
  {
    name: "manywell32",
    energy: wells,
    sigmas: [0.02, 0.05, 0.1, 0.3, 1],
    rows: 12,
    keys: 40,
    K: 128,
    configurations: exactly(wells),
    reference: manyWellReference,
    referenceKind: "quadrature over its independent wells",
    teacher: teacherOf.manywell32(wells),
    drawn: ["iid", "lattice", "shifted", "laplace", "bootstrapped"],
  },
  {
    name: "lj55",
    energy: lj55,
    sigmas: [0.01, 0.02, 0.04, 0.08, 0.15],
    rows: 3,
    keys: 10,
    K: 64,
    configurations: settledBy(lj55, { moves: 100, leapfrogs: 10, step: 0.015 }),
    reference: sampled(lj55, { draws: 2048, chains: 128, temperatures: 384, leapfrogs: 6, stiffness: 2500, wide: 0.06 }),
    referenceKind: "Laplace mixture or annealing",
    drawn: ["iid", "antithetic", "shifted", "laplace", "perParticle"],
  },
];
