/** Start of everything: loads the kernels, says what it found. Networks start when one is first needed. */
import { checkOptions } from "../core/check.js";
import { initKernels, type KernelOptions, type KernelReport, kernelReport } from "../kernels/load.js";

/**
 * Loads the SIMD kernels; idempotent, and implied by every asynchronous call of this package.
 *
 * @param options.exact true: targets of training come from the plain build too, same bits on every engine
 * @throws BnemError("unsupported") where WebAssembly SIMD is missing or forbidden by a page's CSP
 */
export async function init(options: KernelOptions = {}): Promise<KernelReport> {
  checkOptions("init", options, ["exact"]);
  if (options.exact !== undefined && typeof options.exact !== "boolean") {
    throw new TypeError(`init: exact must be true or false, got ${JSON.stringify(options.exact)}`);
  }
  await initKernels(options);
  return kernelReport();
}
