/** `bnem doctor`: what this machine and runtime give, and which backend would train, with the reason. */
import type { Command } from "commander";
import { energyByName, init, startBackend, version } from "../index.js";
import { addCommonFlags, parseNumber } from "./flags.js";
import { describeMachine } from "./machine.js";
import { printResult } from "./outcome.js";
import { allowRelaxedSimd, hasRelaxedSimd } from "./relaxed-simd.js";

interface DoctorFlags {
  readonly parameters?: number;
  readonly json?: boolean;
}

/** Relaxed SIMD: there by itself, there because the CLI set V8's flag, or not there. */
function relaxedState(): "available" | "switched on by the CLI" | "absent" {
  if (hasRelaxedSimd()) return "available";
  return allowRelaxedSimd() ? "switched on by the CLI" : "absent";
}

async function runDoctor(flags: DoctorFlags): Promise<void> {
  const relaxed = relaxedState();
  const started = performance.now();
  const kernels = await init();
  const energy = energyByName("gmm40");
  const value = energy.energy({ data: Float32Array.from(energy.check.x), n: 1, dim: energy.dim })[0];
  const milliseconds = performance.now() - started;
  // The check value is in f64, the kernel computes in f32: relative 1e-5 is far above its error and far below any mistake's.
  const healthy = Math.abs(value - energy.check.energy) <= 1e-5 * Math.abs(energy.check.energy);
  const backend = await startBackend("auto", { parameters: flags.parameters });
  const machine = describeMachine();
  const adapter = backend.adapter ? `${backend.adapter}${backend.fallbackAdapter ? " (software)" : ""}` : "none";
  const data = {
    version,
    machine,
    simd: kernels.simd,
    relaxedSimd: relaxed,
    kernels: { healthy, check: value, expected: energy.check.energy, milliseconds },
    webgpu: { adapter: backend.adapter ?? null, fallback: backend.fallbackAdapter ?? null },
    backend: backend.backend,
    reason: backend.reason,
  };
  const rows = [
    ["bnem", version],
    ["runtime", machine.runtime],
    ["system", `${machine.system}, ${machine.cores} cores, ${machine.cpu}`],
    ["SIMD", kernels.simd ? "yes" : "no"],
    ["relaxed SIMD", relaxed],
    ["kernels", healthy ? `check value reproduced, ready in ${milliseconds.toFixed(0)} ms` : `WRONG check value ${value}`],
    ["WebGPU adapter", adapter],
    ["backend", `${backend.backend}: ${backend.reason}`],
  ];
  printResult(flags.json === true, data, rows.map(([name, text]) => `${name.padEnd(16)}${text}`).join("\n"));
  if (!healthy) process.exitCode = 1;
}

export function addDoctorCommand(program: Command): void {
  const command = program
    .command("doctor")
    .description("what this machine gives: runtime, SIMD, WebGPU, and which backend will be used and why")
    .option("--parameters <count>", "size of the network to choose the backend for", parseNumber)
    .action(runDoctor);
  addCommonFlags(command);
}
