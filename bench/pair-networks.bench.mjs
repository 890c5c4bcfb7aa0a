/**
 * Networks of particle systems against the same networks in PyTorch. "training": the gradient in the parameters of a weighted sum of energies,
 * one forward and one backward pass, every row with its own sigma. "inference": energies and scores of rows that share one sigma, as a
 * sampler asks for them. Every peer has the same parameters and must find the same value and gradient.
 *
 *   npm run bench -- pair-networks
 *   BNEM_CASES=descriptor-lj13-training npm run bench -- pair-networks
 */
import { interleave, loadAverage, printRows, quick, report } from "./support/interleave.mjs";
import { nodePeer, pythonPeer, writeCase } from "./support/peer.mjs";
import { networkOf, started } from "./support/peers/pair-networks.mjs";
import { normalArray, uniformArray } from "./support/random-arrays.mjs";

const seed = 20_263;
/** Relative; f32 sums in different orders. */
const agreement = 2e-4;

const lj13 = { count: 13, spatialDim: 3 };
const lj55 = { count: 55, spatialDim: 3 };
/** `network`: an export of src/pipeline/networks.ts, and a function of bench/python/pair_networks.py. */
const systems = [
  { name: "descriptor-lj13", network: "descriptor", particles: lj13, options: {}, batch: 128 },
  { name: "descriptor-lj55", network: "descriptor", particles: lj55, options: { cutoff: 3 }, batch: 32 },
  { name: "egnn3-lj13", network: "egnn", particles: lj13, options: { width: 128, depth: 3 }, batch: 32 },
  { name: "egnn5-lj13", network: "egnn", particles: lj13, options: { width: 128, depth: 5 }, batch: 32 },
  { name: "egnn5-lj55", network: "egnn", particles: lj55, options: { width: 128, depth: 5 }, batch: 2 },
];
const tasks = ["training", "inference"];
const cases = systems.flatMap((system) => tasks.map((task) => ({ ...system, task, name: `${system.name}-${task}` })));
const chosen = process.env.BNEM_CASES?.split(",");

const peers = {
  bnem: nodePeer("pair-networks"),
  "bnem plain": nodePeer("pair-networks", { exact: true }),
  "torch 1 thread": pythonPeer({ threads: 1 }),
  // With a row of joined features for every edge, as the papers' programs are written.
  "torch as published 1 thread": pythonPeer({ threads: 1, formulation: "published" }),
};
const publishedNetworks = ["egnn"];
const peersOf = ({ network }) =>
  Object.fromEntries(
    Object.entries(peers).filter(([name]) => !name.includes("published") || publishedNetworks.includes(network)),
  );

/** Clusters about a grid of spacing 1.05 with thermal motion and noise of variance h. */
function clusters(count, rows, variance) {
  const side = Math.ceil(Math.cbrt(count));
  const motion = normalArray(seed + 1, rows * count * 3);
  return motion.map((z, at) => {
    const particle = Math.floor(at / 3) % count;
    const place = Math.floor(particle / side ** (at % 3)) % side;
    return 1.05 * (place - (side - 1) / 2) + Math.sqrt(0.01 + variance[Math.floor(at / (3 * count))]) * z;
  });
}

/** What a case writes for its peers. */
async function filesOf({ network, options, particles, batch, task }) {
  const dim = particles.count * particles.spatialDim;
  const made = networkOf(await started(), { network, options, particles, dim });
  const lib = await started();
  const jitter = uniformArray(seed + 2, made.parameterCount, 0.1);
  const parameters = made.initialize(lib.keyOf(seed)).map((p, i) => p + jitter[i]);
  const spread = uniformArray(seed + 3, batch);
  const variance = Float32Array.from(spread, (u) => (task === "training" ? Math.exp(2 * (-2 + 2.5 * u)) : 0.04));
  const x = clusters(particles.count, batch, variance);
  const weight = uniformArray(seed + 4, batch, 1 / batch);
  const facts = { role: "pairNetwork", network, task, options: made.options, shapes: made.shapes, particles, batch, dim };
  return writeCase(facts, { parameters, x, variance, weight });
}

function check(rows) {
  for (const row of rows) {
    row.first[0].forEach((value, i) => {
      const truth = rows[0].first[0][i];
      if (!(Math.abs(value - truth) < agreement * Math.max(1e-2, Math.abs(truth))))
        throw new Error(`${row.name}: value ${i} is ${value}, that of ${rows[0].name} ${truth}`);
    });
  }
}

async function measure(theCase) {
  const files = await filesOf(theCase);
  const options = { rounds: quick ? 3 : 15, sliceMs: 60, patienceMs: 6000, firstValues: 1, warmMs: quick ? 200 : 600 };
  const loadBefore = loadAverage();
  try {
    const rows = await interleave(peersOf(theCase), files.folder, { ...options, check, profile: true });
    const result = { ...theCase, loadBefore, loadAfter: loadAverage(), ...report(rows, "bnem") };
    printRows(theCase.name, result);
    return result;
  } finally {
    files.remove();
  }
}

const results = [];
for (const theCase of cases) if (!chosen || chosen.includes(theCase.name)) results.push(await measure(theCase));

console.log(
  JSON.stringify({
    question: "ms per gradient in the parameters, and per energies and scores, of networks of particle systems",
    quick,
    agreement,
    /** Times the time of one torch thread at most, training. */
    targets: { descriptor: 1.5, egnn: 2 },
    cases: results,
  }),
);
