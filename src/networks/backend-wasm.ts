/**
 * The wasm backend: tfjs's own class and kernels, started from bytes inside the bundle, so nothing is fetched and no worker is made.
 * Only the SIMD build is carried (139 KB gzip); single-threaded, because threads need files on disk or cross-origin isolation.
 */
import { BackendWasm } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js";
import wasmFactory from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
import wasmAsset from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm";
import { registerBackend } from "@tensorflow/tfjs-core";
import { BnemError } from "../core/errors.js";
import { awake } from "../core/task.js";
import { wasmFiles } from "../core/wasm-asset.js";
import { wasmKernels } from "./kernels-wasm.js";
import { matMulKernel } from "./matmul-wasm.js";
import { isRegistered, registerKernels } from "./register.js";
import { type Allocator, guardMalloc } from "./wasm/guarded-malloc.js";
import { prepareHeap } from "./wasm/heap.js";
import { ownWasmKernels } from "./wasm/own-kernels.js";

/** The glue's module object, with what its type leaves out of Emscripten. */
type Module = ConstructorParameters<typeof BackendWasm>[0] &
  Allocator & { cwrap<F>(name: string, result: "number" | null, parameters: readonly string[]): F };

/** The C entry points that BackendWasm calls, bound as tfjs's own `init` binds them. */
function bindEntryPoints(module: Module): void {
  module.tfjs = {
    init: module.cwrap("init", null, []),
    initWithThreadsCount: module.cwrap("init_with_threads_count", null, ["number"]),
    getThreadsCount: module.cwrap("get_threads_count", "number", []),
    registerTensor: module.cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: module.cwrap("dispose_data", null, ["number"]),
    dispose: module.cwrap("dispose", null, []),
  };
}

async function makeBackend(): Promise<BackendWasm> {
  const [wasmBinary] = await wasmFiles("networks", wasmAsset);
  try {
    // The glue's type does not know `wasmBinary`, and that no path is ever asked for then.
    const settings = { wasmBinary, locateFile: (path: string) => path };
    const module = (await awake(wasmFactory(settings as Parameters<typeof wasmFactory>[0]))) as Module;
    bindEntryPoints(module);
    guardMalloc(module);
    return new BackendWasm(module);
  } catch (cause) {
    throw new BnemError("unsupported", "networks: the wasm backend did not start; this engine needs WebAssembly with SIMD", {
      cause,
    });
  }
}

/** Registers the backend and tfjs's kernels under the name "wasm"; kernels of this package that are in their place give it back. */
export async function registerWasm(): Promise<void> {
  if (!isRegistered("wasm")) {
    const backend = await makeBackend();
    registerBackend("wasm", () => backend, 2);
  }
  const ours = new Set(ownWasmKernels.map(({ kernelName }) => kernelName));
  registerKernels(wasmKernels, (config) => config === matMulKernel || ours.has(config.kernelName));
}

/**
 * Puts this package's kernels in the place of tfjs's and adds those tfjs has not.
 * @returns false where the running backend is not one whose memory is known; nothing has changed then
 */
export async function registerOwnKernels(backend: object, exact: boolean): Promise<boolean> {
  if (!(await prepareHeap(backend, exact))) return false;
  registerKernels(ownWasmKernels, () => true);
  return true;
}
