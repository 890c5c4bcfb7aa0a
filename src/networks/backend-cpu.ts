/** The plain JavaScript backend: the second opinion in tests, and a way out where neither wasm nor WebGPU runs. */
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu/dist/backend_cpu.js";
import { registerBackend } from "@tensorflow/tfjs-core";
import { cpuKernels } from "./kernels-cpu.js";
import { isRegistered, registerKernels } from "./register.js";

export function registerCpu(): void {
  if (!isRegistered("cpu")) registerBackend("cpu", () => new MathBackendCPU(), 1);
  registerKernels(cpuKernels);
}
