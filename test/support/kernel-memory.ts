/** Bytes of the memories of both builds of the kernels in this thread. */
import { kernels } from "../../src/kernels/load.js";

export function kernelBytes(): number {
  const bytesOf = (exact: boolean) => {
    const { arena } = kernels("kernelBytes", exact);
    return (arena as unknown as { readonly memory: WebAssembly.Memory }).memory.buffer.byteLength;
  };
  return bytesOf(true) + bytesOf(false);
}
