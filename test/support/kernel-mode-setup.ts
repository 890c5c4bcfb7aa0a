/** BNEM_KERNELS=tfjs: library tests that do not name their kernels run networks on tfjs's, in both copies of the package, src and the built one. */
import { checkOneOf } from "../../src/core/check.js";
import { kernelModes, setKernelMode } from "../../src/networks/wasm/kernel-mode.js";

const asked = process.env.BNEM_KERNELS;
if (asked !== undefined) {
  const kernels = checkOneOf("BNEM_KERNELS", "kernels", asked, kernelModes);
  setKernelMode(kernels);
  const { init } = await import("bnem");
  await init({ kernels });
}
