/** bench/c/dense_step.c, kept running: matrix products and MLP training steps at 128 bits. */
import { startProgram } from "./c-program.mjs";

/**
 * { missing } without gcc, otherwise
 *   gemm(mode, m, n, k, batch, repeats) -> { ns a call, checksum }; modes as in assembly/gemm.ts
 *   open({ loss: "regression" | "double", inputs, width, depth, batch }, folder): reads parameters.f32, x.f32 and target.f32; once
 *   steps(count) -> [{ ms, loss }]
 */
export function startDense(flags = []) {
  const program = startProgram("dense_step", flags);
  if (program.missing) return program;
  const { ask } = program;
  return {
    compiler: program.compiler,
    async gemm(mode, m, n, k, batch, repeats) {
      const [ns, checksum] = (await ask(`gemm ${mode} ${m} ${n} ${k} ${batch} ${repeats}`)).split(" ").map(Number);
      return { ns, checksum };
    },
    open: ({ loss, inputs, width, depth, batch }, files) => ask(`case ${loss} ${inputs} ${width} ${depth} ${batch} ${files}`),
    async steps(count) {
      const values = (await ask(`step ${count}`)).split(" ").map(Number);
      return Array.from({ length: count }, (_, i) => ({ ms: values[2 * i], loss: values[2 * i + 1] }));
    },
    stop: program.stop,
  };
}
