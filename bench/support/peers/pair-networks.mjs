/** Networks of particle systems of this package, one recorded program each: the gradient in the parameters, or energies and scores. */
import { importInside } from "../bundle-inside.mjs";

const inside = `
export { engine, mul, sum, zeros } from "@tensorflow/tfjs-core";
export { keyOf } from "./core/random.js";
export { initKernels } from "./kernels/load.js";
export { Machine } from "./kernels/machine.js";
export { startBackend } from "./networks/backend.js";
export * as networks from "./pipeline/networks.js";
export { NeuralModel } from "./networks/model.js";
export { sizeOf } from "./networks/network.js";
export { blockRowsOf, recordProgram } from "./networks/record.js";
`;

let loading;
/** The package's inside, started. */
export function started() {
  loading ??= importInside(inside).then(async (lib) => {
    await lib.initKernels();
    await lib.startBackend("wasm");
    return lib;
  });
  return loading;
}

/** The network of a case: { network: name, options, particles, dim }. */
export function networkOf(lib, { network, options, particles, dim }) {
  return lib.networks[network](options)(dim, "energy", { scale: 1, baseStd: 1, particles });
}

/** sum_b weight_b E(x_b) and its gradient in the parameters. */
function record(lib, network) {
  return lib.recordProgram(network, false, (recorder, { pieces, x, variance }) => {
    const weight = lib.zeros([lib.blockRowsOf(network)]);
    recorder.input("weight", weight);
    const loss = () => lib.sum(lib.mul(network.forward(pieces, x, variance), weight));
    const { value, grads } = recorder.listen(() => lib.engine().gradients(loss, [...pieces], undefined, true));
    recorder.output("loss", value);
    recorder.outputSum("gradient", grads, network.shapes.map(lib.sizeOf));
  });
}

const rootMeanSquare = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

async function training(lib, theCase) {
  const { parameters, x, variance, weight, batch, dim, exact = false } = theCase;
  const network = networkOf(lib, theCase);
  const program = record(lib, network);
  if (!program) throw new Error(`the ${network.name} network cannot be recorded`);
  const machine = await lib.Machine.load(program, exact);
  machine.view("parameters").set(parameters);
  const rows = lib.blockRowsOf(network);
  const step = () => {
    machine.view("gradient").fill(0);
    let loss = 0;
    for (let first = 0; first < batch; first += rows) {
      const end = Math.min(batch, first + rows);
      machine.view("x").set(x.subarray(first * dim, end * dim));
      machine.view("variance").set(variance.subarray(first, end));
      machine.view("weight").fill(0).set(weight.subarray(first, end));
      machine.run();
      loss += machine.view("loss")[0];
    }
    return [loss, rootMeanSquare(machine.view("gradient"))];
  };
  return { step, profile: () => profileOf(machine, Math.ceil(batch / rows)) };
}

/** Milliseconds of one step by kernel, each call of the program timed by itself. */
function profileOf(machine, blocks) {
  const repeats = 100;
  const byKernel = new Map();
  for (let repeat = -10; repeat < repeats; repeat++) {
    machine.calls.forEach(({ call, args }, at) => {
      const start = performance.now();
      call(...args);
      const spent = performance.now() - start;
      const name = machine.program.instructions[at].call;
      const entry = byKernel.get(name) ?? { kernel: name, calls: 0, ms: 0 };
      byKernel.set(name, entry);
      if (repeat < 0) return;
      entry.calls += blocks / repeats;
      entry.ms += (spent * blocks) / repeats;
    });
  }
  const rows = [...byKernel.values()].map((row) => ({ ...row, calls: Math.round(row.calls), ms: Number(row.ms.toPrecision(3)) }));
  return rows.sort((a, b) => b.ms - a.ms);
}

async function inference(lib, theCase) {
  const { parameters, x, variance, batch, dim, exact = false } = theCase;
  const model = new lib.NeuralModel(networkOf(lib, theCase), parameters, exact);
  const rows = { data: x, n: batch, dim };
  const step = async () => {
    const { energy, score } = await model.energyAndScore(rows, variance);
    return [energy.reduce((sum, e) => sum + e, 0), rootMeanSquare(score)];
  };
  return { step };
}

export async function pairNetwork(theCase) {
  const lib = await started();
  const version = `this tree${theCase.exact ? ", plain SIMD" : ""}`;
  return { version, ...(await (theCase.task === "training" ? training : inference)(lib, theCase)) };
}
