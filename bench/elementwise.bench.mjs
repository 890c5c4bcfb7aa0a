/**
 * What does one number cost in the elementwise kernels, beside plain JavaScript loops and the stock kernels of tfjs's wasm backend?
 * ns per number over interleaved rounds, one thread; arrays of 8192 numbers (L1 and L2) and of 131072 (L2 and L3). A tfjs figure has its
 * engine's cost per operation in it, as every user of tfjs pays it. BNEM_CASES=mapExp,adam measures only those.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { median, summary } from "./support/interleave.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();
const ROUNDS = 21;
const SLICE_MS = 1.5;
const COLS = 128;

async function kernelBuild(name) {
  const memory = new WebAssembly.Memory({ initial: 128, maximum: 65536 });
  const bytes = readFileSync(new URL(`../dist/${name}.wasm`, import.meta.url));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  return { memory, kernel: instance.exports };
}

async function stockKernels() {
  const tf = await import("@tensorflow/tfjs-core");
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  wasm.setWasmPaths(`${folder}/dist/`);
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  return tf;
}

/** kernel(k, pointers a b c d e, n), js(arrays a b c d e as out, n), tf(tf, tensors a b row column, n); a missing one is not measured. */
const CASES = {
  zipAdd: {
    kernel: (k, [a, b, c], n) => k.zipAdd(a, COLS, 1, b, COLS, 1, c, n / COLS, COLS),
    js: ([a, b, c], n) => {
      for (let i = 0; i < n; i++) c[i] = a[i] + b[i];
    },
    tf: (tf, t) => tf.add(t.a, t.b),
  },
  "zipAdd row vector": {
    kernel: (k, [a, b, c], n) => k.zipAdd(a, COLS, 1, b, 0, 1, c, n / COLS, COLS),
    js: ([a, b, c], n) => {
      for (let i = 0; i < n; i += COLS) for (let j = 0; j < COLS; j++) c[i + j] = a[i + j] + b[j];
    },
    tf: (tf, t) => tf.add(t.a, t.row),
  },
  "zipMul column vector": {
    kernel: (k, [a, b, c], n) => k.zipMul(a, COLS, 1, b, 1, 0, c, n / COLS, COLS),
    js: ([a, b, c], n) => {
      for (let i = 0, r = 0; i < n; i += COLS, r++) for (let j = 0; j < COLS; j++) c[i + j] = a[i + j] * b[r];
    },
    tf: (tf, t) => tf.mul(t.a, t.column),
  },
  "zipMul column vector, 2 columns": {
    kernel: (k, [a, b, c], n) => k.zipMul(a, 2, 1, b, 1, 0, c, n / 2, 2),
    js: ([a, b, c], n) => {
      for (let i = 0, r = 0; i < n; i += 2, r++) for (let j = 0; j < 2; j++) c[i + j] = a[i + j] * b[r];
    },
    tf: (tf, t) => tf.mul(t.a.pairs, t.column.half),
  },
  "zipMul scalar": {
    kernel: (k, [a, b, c], n) => k.zipMul(a, COLS, 1, b, 0, 0, c, n / COLS, COLS),
    js: ([a, b, c], n) => {
      const factor = b[0];
      for (let i = 0; i < n; i++) c[i] = a[i] * factor;
    },
    tf: (tf, t) => tf.mul(t.a, t.scalar),
  },
  zipDiv: {
    kernel: (k, [a, b, c], n) => k.zipDiv(a, COLS, 1, b, COLS, 1, c, n / COLS, COLS),
    js: ([a, b, c], n) => {
      for (let i = 0; i < n; i++) c[i] = a[i] / b[i];
    },
    tf: (tf, t) => tf.div(t.a, t.b),
  },
  zipMax: {
    kernel: (k, [a, b, c], n) => k.zipMax(a, COLS, 1, b, COLS, 1, c, n / COLS, COLS),
    js: ([a, b, c], n) => {
      for (let i = 0; i < n; i++) c[i] = Math.max(a[i], b[i]);
    },
    tf: (tf, t) => tf.maximum(t.a, t.b),
  },
  zipMultiplyAdd: {
    kernel: (k, [a, b, c, d], n) => k.zipMultiplyAdd(a, COLS, 1, b, COLS, 1, c, COLS, 1, d, n / COLS, COLS),
    js: ([a, b, c, d], n) => {
      for (let i = 0; i < n; i++) d[i] = a[i] * b[i] + c[i];
    },
    tf: (tf, t) => tf.add(tf.mul(t.a, t.b), t.a),
  },
  accumulate: {
    kernel: (k, [a, , c], n) => k.accumulate(a, c, n),
    js: ([a, , c], n) => {
      for (let i = 0; i < n; i++) c[i] += a[i];
    },
  },
  mapSquare: {
    kernel: (k, [a, , c], n) => k.mapSquare(a, c, n),
    js: ([a, , c], n) => {
      for (let i = 0; i < n; i++) c[i] = a[i] * a[i];
    },
    tf: (tf, t) => tf.square(t.a),
  },
  mapSqrt: {
    kernel: (k, [a, , c], n) => k.mapSqrt(a, c, n),
    js: ([a, , c], n) => {
      for (let i = 0; i < n; i++) c[i] = Math.sqrt(a[i]);
    },
    tf: (tf, t) => tf.sqrt(t.a),
  },
  mapExp: {
    kernel: (k, [a, , c], n) => k.mapExp(a, c, n),
    js: ([a, , c], n) => {
      for (let i = 0; i < n; i++) c[i] = Math.exp(a[i]);
    },
    tf: (tf, t) => tf.exp(t.a),
  },
  mapLog: {
    kernel: (k, [a, , c], n) => k.mapLog(a, c, n),
    js: ([a, , c], n) => {
      for (let i = 0; i < n; i++) c[i] = Math.log(a[i]);
    },
    tf: (tf, t) => tf.log(t.a),
  },
  mapSigmoid: {
    kernel: (k, [a, , c], n) => k.mapSigmoid(a, c, n),
    js: ([a, , c], n) => {
      for (let i = 0; i < n; i++) c[i] = 1 / (1 + Math.exp(-a[i]));
    },
    tf: (tf, t) => tf.sigmoid(t.a),
  },
  mapTanh: {
    kernel: (k, [a, , c], n) => k.mapTanh(a, c, n),
    js: ([a, , c], n) => {
      for (let i = 0; i < n; i++) c[i] = Math.tanh(a[i]);
    },
    tf: (tf, t) => tf.tanh(t.a),
  },
  rowSums: {
    kernel: (k, [a, , c], n) => k.rowSums(a, c, n / COLS, COLS),
    js: ([a, , c], n) => {
      for (let i = 0, r = 0; i < n; r++) {
        let s = 0;
        for (const end = i + COLS; i < end; i++) s += a[i];
        c[r] = s;
      }
    },
    tf: (tf, t) => tf.sum(t.a, 1),
  },
  columnSums: {
    kernel: (k, [a, , c], n) => k.columnSums(a, c, n / COLS, COLS),
    js: ([a, , c], n) => {
      c.fill(0, 0, COLS);
      for (let i = 0; i < n; i += COLS) for (let j = 0; j < COLS; j++) c[j] += a[i + j];
    },
    tf: (tf, t) => tf.sum(t.a, 0),
  },
  softmaxRows: { kernel: (k, [a, , c], n) => k.softmaxRows(a, c, n / COLS, COLS), tf: (tf, t) => tf.softmax(t.a) },
  logSumExpRows: { kernel: (k, [a, , c], n) => k.logSumExpRows(a, c, n / COLS, COLS), tf: (tf, t) => tf.logSumExp(t.a, 1) },
  transposeMatrix: {
    kernel: (k, [a, , c], n) => k.transposeMatrix(a, c, n / COLS, COLS),
    js: ([a, , c], n) => {
      const rows = n / COLS;
      for (let r = 0; r < rows; r++) for (let j = 0; j < COLS; j++) c[j * rows + r] = a[r * COLS + j];
    },
    tf: (tf, t) => tf.transpose(t.a),
  },
  fillArray: {
    kernel: (k, [, , c], n) => k.fillArray(c, 1.5, n),
    js: ([, , c], n) => c.fill(1.5, 0, n),
    tf: (tf, t) => tf.fill(t.a.shape, 1.5),
  },
  sumOfSquares: {
    kernel: (k, [a], n) => k.sumOfSquares(a, n),
    js: ([a, , c], n) => {
      let s = 0;
      for (let i = 0; i < n; i++) s += a[i] * a[i];
      c[0] = s;
    },
    tf: (tf, t) => tf.sum(tf.square(t.a)),
  },
  adamStep: {
    kernel: (k, [a, b, c, d, e], n) => k.adamStep(e, b, c, a, d, n, 1e-6, 0.9, 0.99, 1e-8, 1, 1, 0.999),
    js: ([v, g, m, ema, p], n) => {
      for (let i = 0; i < n; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
        p[i] -= (1e-6 * m[i]) / (Math.sqrt(v[i]) + 1e-8);
        ema[i] = 0.999 * ema[i] + 0.001 * p[i];
      }
    },
  },
};

const wave = (n) => Float32Array.from({ length: n }, (_, i) => 0.5 + ((i * 7919) % 1009) / 300);

function onKernel({ memory, kernel }, call, n) {
  const start = 1 << 17;
  const at = [0, 1, 2, 3, 4].map((i) => start + i * (4 * n + 64));
  for (const pointer of at) new Float32Array(memory.buffer, pointer, n).set(wave(n));
  return () => call(kernel, at, n);
}

function onTensors(tf, call, n) {
  const a = tf.tensor2d(wave(n), [n / COLS, COLS]);
  a.pairs = tf.reshape(a, [n / 2, 2]);
  const column = tf.tensor2d(wave(n / COLS), [n / COLS, 1]);
  column.half = tf.tensor2d(wave(n / 2), [n / 2, 1]);
  const tensors = { a, b: tf.clone(a), row: tf.tensor1d(wave(COLS)), column, scalar: tf.scalar(1.5) };
  return () => call(tf, tensors).dispose();
}

/** ns per number of a slice of calls. */
function slice(row) {
  const start = performance.now();
  for (let i = 0; i < row.calls; i++) row.run();
  return ((performance.now() - start) * 1e6) / (row.calls * row.n);
}

function rowsOf(name, n, engines) {
  const { kernel, js, tf } = CASES[name];
  const rows = { plain: onKernel(engines.plain, kernel, n), relaxed: onKernel(engines.relaxed, kernel, n) };
  if (js) {
    const arrays = [0, 1, 2, 3, 4].map(() => wave(n));
    rows.javascript = () => js(arrays, n);
  }
  if (tf) rows.tfjs = onTensors(engines.tf, tf, n);
  return Object.entries(rows).map(([peer, run]) => {
    const row = { peer, run, n, calls: 1, ns: [] };
    const start = performance.now();
    let warm = 0;
    for (; performance.now() - start < 30; warm++) run();
    row.calls = Math.max(1, Math.round((warm * SLICE_MS) / 30));
    return row;
  });
}

const tf = await stockKernels();
const engines = { plain: await kernelBuild("kernels"), relaxed: await kernelBuild("kernels-relaxed"), tf };
const wanted = process.env.BNEM_CASES?.split(",");
const figures = {};
for (const n of [8192, 131072]) {
  console.error(`${n} numbers, ns per number: median (least)`);
  for (const name of Object.keys(CASES)) {
    if (wanted && !wanted.some((word) => name.includes(word))) continue;
    const rows = rowsOf(name, n, engines);
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < rows.length; i++) {
        const row = rows[(i + round) % rows.length];
        row.ns.push(slice(row));
      }
    }
    const cells = rows.map(({ peer, ns }) => `${peer} ${median(ns).toFixed(3)} (${Math.min(...ns).toFixed(3)})`);
    console.error(`  ${name.padEnd(32)} ${cells.join("  ")}`);
    figures[n] ??= {};
    figures[n][name] = Object.fromEntries(rows.map(({ peer, ns }) => [peer, summary(ns)]));
  }
}
console.log(
  JSON.stringify({
    question: "ns per number of the elementwise kernels, one thread",
    columns: COLS,
    rounds: ROUNDS,
    tfjs: tf.version_core,
    nanoseconds: figures,
  }),
);
