/** Start of everything: loads the kernels, says what it found. Networks start when one is first needed. */
import { checkOneOf, checkOptions } from "../core/check.js";
import { initKernels, type KernelOptions, type KernelReport, kernelReport } from "../kernels/load.js";
import { type KernelMode, kernelModes, setKernelMode } from "../networks/wasm/kernel-mode.js";
import { setStandardWorkers, type Workers } from "./threads.js";

/** Options of `init`; what is absent stays as it was. */
export interface InitOptions extends KernelOptions {
  /**
   * "bnem" (default): networks run on this package's kernels inside tfjs's wasm heap, and as recorded programs. "tfjs": on tfjs's own kernels
   * only. Takes effect when a backend is next started: by createTrainer, train, resumeTrainer or loadSampler.
   */
  readonly kernels?: KernelMode;
  /** Threads of every call that does not say: "auto" (default, one per core, at most 8) or a number; 1: the calling thread alone. */
  readonly workers?: Workers;
}

/**
 * Loads the SIMD kernels; idempotent, and implied by every asynchronous call of this package.
 *
 * @param options.exact true: targets of training and networks come from the plain build too, same bits on every engine
 * @throws TypeError / RangeError for options of the wrong kind or value; BnemError("unsupported") where WebAssembly SIMD is missing or forbidden by a page's CSP
 */
export async function init(options: InitOptions = {}): Promise<KernelReport> {
  checkOptions("init", options, ["exact", "kernels", "workers"]);
  if (options.exact !== undefined && typeof options.exact !== "boolean") {
    throw new TypeError(`init: exact must be true or false, got ${JSON.stringify(options.exact)}`);
  }
  const { kernels } = options;
  if (kernels !== undefined) checkOneOf("init", "kernels", kernels, kernelModes);
  if (options.workers !== undefined) setStandardWorkers("init", options.workers);
  if (kernels !== undefined) setKernelMode(kernels);
  const { exact } = options;
  await initKernels({ exact });
  return kernelReport();
}
