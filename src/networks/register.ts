/**
 * Registration in tfjs's registries, which live on globalThis and are shared by every copy of tfjs in the process: what is there
 * already is kept where it is stock, and replaced where this package mends it.
 */
import {
  findBackendFactory,
  getKernel,
  type KernelConfig,
  registerKernel,
  removeBackend,
  unregisterKernel,
} from "@tensorflow/tfjs-core";

/** Registers each kernel once; one that is there already is replaced only when `replace` says so. */
export function registerKernels(
  kernels: readonly KernelConfig[],
  replace: (config: KernelConfig) => boolean = () => false,
): void {
  for (const config of kernels) {
    const present = getKernel(config.kernelName, config.backendName);
    if (present === config) continue;
    if (present && !replace(config)) continue;
    if (present) unregisterKernel(config.kernelName, config.backendName);
    registerKernel(config);
  }
}

/** True where the name is taken, by this copy of tfjs or another one in the process; that backend serves as well. */
export function isRegistered(name: string): boolean {
  return findBackendFactory(name) != null;
}

/** Forgets a backend, so that it can be made anew (a lost device). */
export function forget(name: string): void {
  if (isRegistered(name)) removeBackend(name);
}
