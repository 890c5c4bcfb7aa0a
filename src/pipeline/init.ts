/** Getting ready: the kernels. tfjs starts later, with the first call that needs a network. */
import { checkOptions } from "../core/check.js";
import { initKernels, type KernelOptions, type KernelReport, kernelReport } from "../kernels/load.js";

/**
 * Loads the kernels and says what was found. Idempotent and implied by every async call; the synchronous ones (energies, schedules,
 * estimators) need it once before. Costs about 10 ms of CPU, fetches nothing.
 *
 * @throws TypeError / RangeError for unknown options; BnemError("unsupported") where the engine has no WebAssembly SIMD or a page's CSP
 * lacks `wasm-unsafe-eval`
 */
export async function init(options: KernelOptions = {}): Promise<KernelReport> {
  checkOptions("init", options, ["exact"]);
  await initKernels(options);
  return kernelReport();
}
