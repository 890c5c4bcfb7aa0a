/** `bnem doctor`: what this machine and runtime give, and which backend would train, with the reason. */
import type { Command } from "commander";
import { type BackendReport, energyByName, startBackend, type ThreadReport, threadReport, version } from "../index.js";
import { addCommonFlags, parseNumber, type Settings } from "./flags.js";
import { describeMachine } from "./machine.js";
import { printResult } from "./outcome.js";
import { allowRelaxedSimd, hasRelaxedSimd } from "./relaxed-simd.js";
import { addRuntimeFlags, runtimeOf, startRuntime } from "./runtime-flags.js";

interface DoctorFlags extends Settings {
  readonly parameters?: number;
  readonly json?: boolean;
}

/** Relaxed SIMD: there by itself, there because the CLI set V8's flag, or not there. */
function relaxedState(): "available" | "switched on by the CLI" | "absent" {
  if (hasRelaxedSimd()) return "available";
  return allowRelaxedSimd() ? "switched on by the CLI" : "absent";
}

/** The build of the kernels that training targets and networks run on. */
const buildOf = (kernels: { readonly relaxed: boolean }) => (kernels.relaxed ? "relaxed" : "plain");

function networksText({ backend, kernels }: BackendReport): string {
  if (kernels === "bnem") return "this package's kernels in tfjs's heap, recorded programs";
  return `tfjs's own kernels on ${backend}`;
}

function threadsText({ cores, threads, roundTrip, notice }: ThreadReport): string {
  const job = roundTrip === undefined ? "" : `, an empty job there and back ${roundTrip.toFixed(2)} ms`;
  return `${threads} of ${cores}${job}${notice === undefined ? "" : `; ${notice}`}`;
}

async function runDoctor(flags: DoctorFlags): Promise<void> {
  const relaxed = relaxedState();
  const started = performance.now();
  const kernels = await startRuntime(runtimeOf("doctor", flags).runtime);
  const energy = energyByName("gmm40");
  const value = energy.energy({ data: Float32Array.from(energy.check.x), n: 1, dim: energy.dim })[0];
  const milliseconds = performance.now() - started;
  // The check value is in f64, the kernel computes in f32: relative 1e-5 is far above its error and far below any mistake's.
  const healthy = Math.abs(value - energy.check.energy) <= 1e-5 * Math.abs(energy.check.energy);
  const backend = await startBackend("auto", { parameters: flags.parameters });
  const threads = await threadReport();
  const machine = describeMachine();
  const adapter = backend.adapter ? `${backend.adapter}${backend.fallbackAdapter ? " (software)" : ""}` : "none";
  const data = {
    version,
    machine,
    simd: kernels.simd,
    relaxedSimd: relaxed,
    kernels: { healthy, build: buildOf(kernels), check: value, expected: energy.check.energy, milliseconds },
    webgpu: { adapter: backend.adapter ?? null, fallback: backend.fallbackAdapter ?? null },
    backend: backend.backend,
    reason: backend.reason,
    networks: backend.kernels,
    threads: { ...threads, notice: threads.notice ?? null },
  };
  const took = `${milliseconds.toFixed(0)} ms`;
  const rows = [
    ["bnem", version],
    ["runtime", machine.runtime],
    ["system", `${machine.system}, ${machine.cores} cores, ${machine.cpu}`],
    ["SIMD", kernels.simd ? "yes" : "no"],
    ["relaxed SIMD", relaxed],
    [
      "kernels",
      `${buildOf(kernels)} build, ${healthy ? `check value reproduced, ready in ${took}` : `WRONG check value ${value}`}`,
    ],
    ["WebGPU adapter", adapter],
    ["backend", `${backend.backend}: ${backend.reason}`],
    ["networks", networksText(backend)],
    ["threads", threadsText(threads)],
  ];
  printResult(flags.json === true, data, rows.map(([name, text]) => `${name.padEnd(16)}${text}`).join("\n"));
  if (!healthy) process.exitCode = 1;
}

export function addDoctorCommand(program: Command): void {
  const command = program
    .command("doctor")
    .description("what this machine gives: runtime, SIMD, WebGPU, threads, which backend and kernels will be used, and why")
    .option("--parameters <count>", "size of the network to choose the backend for", parseNumber)
    .action(runDoctor);
  addRuntimeFlags(command, "doctor");
  addCommonFlags(command);
}
