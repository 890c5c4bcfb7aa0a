/** C peers: gcc at 128-bit vectors, compiled when a bench starts. */
import { startDense } from "../c-dense.mjs";
import { startC } from "../c-estimator.mjs";
import { C_FLAGS } from "../c-program.mjs";
import { readCase } from "../peer.mjs";

const remedy = "install gcc";

/** The noised-energy estimator of bench/c/noised_mixture.c; the program times itself. */
export function cEstimator() {
  return {
    label: "C",
    settings: {},
    async start(folder) {
      const { means, std, points, rows, mcSamples, sigma } = readCase(folder);
      const pairs = (flat) => Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
      const program = startC(pairs(means), std, pairs(points));
      if (program.missing) return { missing: program.missing, remedy };
      const step = async () => {
        const { ns, checksum } = await program.measure(0, sigma, mcSamples, 1);
        return { ms: (ns * rows * mcSamples) / 1e6, mean: checksum / rows };
      };
      return {
        version: `${program.compiler}, ${C_FLAGS.join(" ")}`,
        async run(steps) {
          const results = [];
          for (let i = 0; i < steps; i++) results.push(await step());
          const ms = results.map((result) => result.ms);
          return { ms, cpuMs: [], values: results.map((result) => [result.mean]) };
        },
        profile: async () => null,
        stop: () => program.stop(),
      };
    },
  };
}

/** A training step of bench/c/dense_step.c, which times itself. */
export function cTrainingStep() {
  return {
    label: "C",
    settings: {},
    async start(folder) {
      const program = startDense();
      if (program.missing) return { missing: program.missing, remedy };
      await program.open(readCase(folder), folder);
      return {
        version: `${program.compiler}, ${C_FLAGS.join(" ")}`,
        async run(count) {
          const steps = await program.steps(count);
          const ms = steps.map((step) => step.ms);
          return { ms, cpuMs: [], values: steps.map((step) => step.loss) };
        },
        profile: async () => null,
        stop: () => program.stop(),
      };
    },
  };
}
