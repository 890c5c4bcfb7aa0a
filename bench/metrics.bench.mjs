/**
 * Metrics of two samples of GMM-40 against peers: W2 by exact assignment, W2 of the energies, kernelised Stein discrepancy. Ours from
 * inside the package (`evaluate` computes twenty such numbers at once, floors included); scalar JavaScript; SciPy and NumPy in f64.
 * All must agree on the number.
 */
import { gaussianMixture, init } from "bnem";
import { interleave, loadAverage, printRows, quick, report } from "./support/interleave.mjs";
import { nodePeer, pythonPeer, writeCase } from "./support/peer.mjs";

await init();

const bandwidth = 30;
const cases = [
  { metric: "positionW2", rows: 1000 },
  { metric: "positionW2", rows: 2000 },
  { metric: "ksd", rows: 1000 },
  { metric: "ksd", rows: 2000 },
  { metric: "energyW2", rows: 2000 },
].filter(({ rows, metric }) => !quick || rows === 1000 || metric === "energyW2");

const peers = { bnem: nodePeer("bnem"), JavaScript: nodePeer("scalar"), SciPy: pythonPeer({ threads: 1 }) };
const target = gaussianMixture({ components: 40, seed: 0 });

function check(rows) {
  for (const row of rows) {
    const [value] = row.first;
    if (!(Math.abs(value / rows[0].first[0] - 1) < 1e-5))
      throw new Error(`${row.name}: ${value}, ${rows[0].name}: ${rows[0].first[0]}`);
  }
}

async function measure({ metric, rows }) {
  const a = target.exact.sample(rows, 31);
  const b = target.exact.sample(rows, 32);
  const { energy, gradient } = target.energyAndGradient(a);
  const arrays = { a: a.data, b: b.data, gradient, energiesA: energy, energiesB: target.energy(b) };
  const files = writeCase({ role: "metric", metric, rows, dim: 2, bandwidth }, arrays);
  const options = { rounds: quick ? 3 : 9, sliceMs: 150, patienceMs: 4000, firstValues: 1, warmMs: quick ? 100 : 800, check };
  const loadBefore = loadAverage();
  try {
    const list = await interleave(peers, files.folder, options);
    const result = { metric, rows, loadBefore, loadAfter: loadAverage(), ...report(list, "bnem") };
    printRows(`${metric}, ${rows} rows`, result);
    return result;
  } finally {
    files.remove();
  }
}

const results = [];
for (const theCase of cases) results.push(await measure(theCase));
console.log(JSON.stringify({ question: "ms per metric of two samples of GMM-40", quick, bandwidth, cases: results }));
