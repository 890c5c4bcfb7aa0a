/**
 * One step of a sampler is one score: -grad_x E of 1,000 rows by back-propagation. Ours: the public score of the GMM-40 preset's model
 * (two coordinates in; its 139 features, base energy and wall included). Peers: a plain perceptron of the same layers, 139 -> 64 x 4 -> 1
 * with SiLU, on features that are given, so that their share of the work is the smaller one.
 */
import { interleave, loadAverage, printRows, quick, report } from "./support/interleave.mjs";
import { nodePeer, pythonPeer, writeCase } from "./support/peer.mjs";
import { startingParameters } from "./support/plain-network.mjs";
import { normalArray } from "./support/random-arrays.mjs";

const inputs = 139;
const width = 64;
const depth = 4;
const seed = 20_262;
const batches = quick ? [1000] : [250, 1000, 4000];

const peers = {
  bnem: nodePeer("bnem", { preset: "nem", sigma: 1 }),
  "bnem all cores": nodePeer("bnem", { preset: "nem", sigma: 1, workers: "auto" }),
  "tfjs wasm": nodePeer("tfjs"),
  "jax-js": nodePeer("jax-js"),
  JavaScript: nodePeer("scalar"),
  "torch 1 thread": pythonPeer({ threads: 1 }),
  "torch 2 threads": pythonPeer({ threads: 2 }),
};

/** The peers' networks are the same one: the root mean square of their gradients agrees. Ours is another network and only finite. */
function check(rows) {
  const others = rows.filter((row) => !row.name.startsWith("bnem"));
  for (const row of rows) {
    const [value] = row.first;
    const wrong = row.name.startsWith("bnem") ? !Number.isFinite(value) : !(Math.abs(value / others[0].first[0] - 1) < 1e-4);
    if (wrong)
      throw new Error(`${row.name}: root mean square of the score is ${value}, that of ${others[0].name} ${others[0].first[0]}`);
  }
}

async function measure(batch) {
  const arrays = { parameters: startingParameters(inputs, width, depth, seed), x: normalArray(seed + 101, batch * inputs) };
  const files = writeCase({ role: "score", inputs, width, depth, batch }, arrays);
  const options = { rounds: quick ? 3 : 15, sliceMs: 40, patienceMs: 3000, firstValues: 2, warmMs: quick ? 150 : 500, check };
  const loadBefore = loadAverage();
  try {
    const rows = await interleave(peers, files.folder, options);
    const result = { batch, loadBefore, loadAfter: loadAverage(), ...report(rows, "bnem") };
    printRows(`${batch} rows`, result);
    return result;
  } finally {
    files.remove();
  }
}

const cases = [];
for (const batch of batches) cases.push(await measure(batch));
console.log(
  JSON.stringify({ question: "ms per score evaluation of an energy network", quick, network: { inputs, width, depth }, cases }),
);
