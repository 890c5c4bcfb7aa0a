/** How a kernel of this package is registered with tfjs: under a name of its own, or in place of a stock kernel that still serves what it cannot do. */
import type { KernelConfig, KernelFunc, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import { hasHeap } from "./heap.js";
import type { HeapBackend } from "./heap-backend.js";

export interface KernelArguments {
  readonly inputs: { readonly [name: string]: TensorInfo };
  readonly attrs: NamedAttrMap;
  readonly backend: HeapBackend;
}

export type Run = (args: KernelArguments) => TensorInfo | TensorInfo[] | null;

/** A kernel with no stock counterpart. `run` must not give up. */
export function own(kernelName: string, run: Run): KernelConfig {
  return { kernelName, backendName: "wasm", kernelFunc: ((args: unknown) => run(args as KernelArguments)) as KernelFunc };
}

/** The stock kernel's place: where `run` returns null (another dtype, a shape it has no walk for) the stock kernel runs. */
export function instead(stock: KernelConfig, run: Run): KernelConfig {
  const kernelFunc = ((args: Parameters<KernelFunc>[0]) => {
    const result = hasHeap(args.backend as object) ? run(args as unknown as KernelArguments) : null;
    return result ?? stock.kernelFunc(args);
  }) as KernelFunc;
  return { ...stock, kernelFunc };
}
