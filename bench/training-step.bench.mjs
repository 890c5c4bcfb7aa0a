/**
 * One training step of an MLP 130 -> H -> H -> H -> 1 (SiLU, biases, Adam), the same in every peer: (i) regression, mean (E - t)^2;
 * (ii) double backward, mean over rows of |grad_x E - t|^2. Interleaved rounds, wall time a step, loss read back each time. Every peer
 * starts from the same parameters and must report the same first three losses, or it is not a peer.
 *
 *   npm run bench -- training-step
 *   BNEM_CASES=128x512-regression BNEM_PEERS=bnem,c npm run bench -- training-step
 */

import { interleave, loadAverage, printRows, quick, report } from "./support/interleave.mjs";
import { nodePeer, pythonPeer, writeCase } from "./support/peer.mjs";
import { cTrainingStep } from "./support/peers/c.mjs";
import { adam, startingParameters } from "./support/plain-network.mjs";
import { normalArray } from "./support/random-arrays.mjs";

const inputs = 130;
const depth = 3;
const seed = 20_261;
/** Relative; f32 sums in different orders and one Adam step of sign size leave 1e-5. */
const agreement = 1e-4;

/** The four cases with targets, and the width curve between and below them. */
const cases = [
  { width: 128, batch: 512, loss: "regression" },
  { width: 128, batch: 512, loss: "double" },
  { width: 256, batch: 2048, loss: "regression" },
  { width: 256, batch: 2048, loss: "double" },
  { width: 64, batch: 512, loss: "regression", curve: true },
  { width: 256, batch: 512, loss: "regression", curve: true },
  { width: 64, batch: 512, loss: "double", curve: true },
  { width: 256, batch: 512, loss: "double", curve: true },
];
const nameOf = ({ width, batch, loss }) => `${width}x${batch}-${loss}`;
const chosen = process.env.BNEM_CASES?.split(",") ?? (quick ? ["128x512-regression", "128x512-double"] : null);

const peers = {
  bnem: nodePeer("bnem"),
  "bnem plain": nodePeer("bnem", { exact: true }),
  "bnem on tfjs kernels": nodePeer("bnem", { kernels: "tfjs" }),
  // It tries six ways to share the blocks for a dozen steps each, then keeps the fastest.
  "bnem all cores": nodePeer("bnem", { workers: "auto", warmSteps: 90 }),
  "tfjs wasm": nodePeer("tfjs"),
  "tfjs cpu": nodePeer("tfjs", { backend: "cpu" }),
  "jax-js": nodePeer("jax-js"),
  JavaScript: nodePeer("scalar"),
  C: cTrainingStep(),
  "torch 1 thread": pythonPeer({ formulation: "reference", threads: 1 }),
  "torch careful 1 thread": pythonPeer({ formulation: "careful", threads: 1 }),
  "torch 2 threads": pythonPeer({ formulation: "reference", threads: 2 }),
  "torch careful 2 threads": pythonPeer({ formulation: "careful", threads: 2 }),
};
/** A step of tfjs's "cpu" backend takes 0.7 s at the smallest case and 20 at the largest: shown once. */
const tooSlow = (name, theCase) => name === "tfjs cpu" && nameOf(theCase) !== "128x512-regression";
const wantedPeers = process.env.BNEM_PEERS?.split(",");

function check(rows) {
  const base = rows.find((row) => row.name === "bnem") ?? rows[0];
  for (const row of rows) {
    row.first.forEach((value, at) => {
      const error = Math.abs(value / base.first[at] - 1);
      if (!(error < agreement))
        throw new Error(`${row.name}: loss ${at + 1} is ${value}, that of ${base.name} ${base.first[at]}`);
    });
  }
}

async function measure(theCase) {
  const { width, batch, loss } = theCase;
  const arrays = {
    parameters: startingParameters(inputs, width, depth, seed),
    x: normalArray(seed + 101, batch * inputs),
    // Score targets of the size of the network's own gradients: larger ones would drown a wrong second derivative in the loss.
    target: loss === "regression" ? normalArray(seed + 102, batch) : normalArray(seed + 102, batch * inputs, 0.1),
  };
  const files = writeCase({ role: "trainingStep", inputs, width, depth, batch, loss, adam }, arrays);
  const some = Object.entries(peers).filter(
    ([name]) => !tooSlow(name, theCase) && (!wantedPeers || wantedPeers.some((word) => name.startsWith(word))),
  );
  const options = { rounds: quick ? 3 : 15, sliceMs: 60, patienceMs: 8000, firstValues: 3, warmMs: quick ? 200 : 800 };
  const loadBefore = loadAverage();
  try {
    const rows = await interleave(Object.fromEntries(some), files.folder, { ...options, check, profile: !theCase.curve });
    const result = { ...theCase, loadBefore, loadAfter: loadAverage(), ...report(rows, "bnem") };
    printRows(nameOf(theCase), result);
    return result;
  } finally {
    files.remove();
  }
}

const results = [];
for (const theCase of cases) if (!chosen || chosen.includes(nameOf(theCase))) results.push(await measure(theCase));

console.log(
  JSON.stringify({
    question: "ms per training step of an MLP 130 -> H x 3 -> 1, SiLU, Adam, f32; wall time, interleaved rounds",
    quick,
    network: { inputs, depth, adam },
    agreement,
    /** Times faster than stock tfjs at least; times the time of C and of one torch thread at most. */
    targets: {
      "128x512": { "tfjs wasm": 14, C: 1.25, "torch 1 thread": 1.5 },
      "256x2048": { "tfjs wasm": 12, "torch 1 thread": 2 },
    },
    cases: results,
  }),
);
