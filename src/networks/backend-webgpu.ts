/**
 * The webgpu backend. tfjs's own registration runs at import time and only where `navigator.gpu` exists then; this one runs when asked,
 * with the page's GPU or one passed in (npm `webgpu` in Node), and asks the device for the adapter's limits.
 * Only asynchronous reads work off a page: `dataSync` needs a canvas.
 */
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu.js";
import { registerBackend, setBackend } from "@tensorflow/tfjs-core";
import { BnemError } from "../core/errors.js";
import { webgpuKernels } from "./kernels-webgpu.js";
import { forget, isRegistered, registerKernels } from "./register.js";

/** What is used of an adapter (the WebGPU standard's GPUAdapter). */
interface Adapter {
  readonly features: { has(name: string): boolean };
  readonly limits: { readonly [name: string]: number };
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly description?: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly isFallbackAdapter?: boolean;
  requestDevice(descriptor: object): Promise<Device>;
}

interface Device {
  readonly lost: Promise<{ readonly reason?: string; readonly message?: string }>;
}

/** The WebGPU standard's GPU object: `navigator.gpu`, or npm webgpu's `create([])`. */
export interface GpuSource {
  requestAdapter(options?: object): Promise<unknown>;
}

/** An adapter that answered, and what it is in words. */
export interface FoundAdapter {
  readonly gpu: GpuSource;
  readonly adapter: unknown;
  readonly name: string;
  /** Rasterises on the CPU (SwiftShader, llvmpipe): right numbers, 10 to 100 times slower than wasm. */
  readonly fallback: boolean;
}

const limitsAskedFor = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
];

/** The page's or runtime's own GPU object, if any. */
export function systemGpu(): GpuSource | undefined {
  return (globalThis as { navigator?: { gpu?: GpuSource } }).navigator?.gpu;
}

/** Asks for the fast adapter; null where there is none. */
export async function findAdapter(gpu: GpuSource | undefined = systemGpu()): Promise<FoundAdapter | null> {
  if (!gpu) return null;
  let adapter: Adapter | null;
  try {
    adapter = (await gpu.requestAdapter({ powerPreference: "high-performance" })) as Adapter | null;
  } catch {
    return null; // a browser may refuse by throwing; for the caller that is the same answer
  }
  if (!adapter) return null;
  const info = adapter.info ?? {};
  const name = [info.vendor, info.architecture, info.description].filter(Boolean).join(" ") || "unnamed adapter";
  const software = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp/i.test(name);
  return { gpu, adapter, name, fallback: Boolean(info.isFallbackAdapter ?? adapter.isFallbackAdapter) || software };
}

/** tfjs looks at navigator.gpu while the backend is constructed; a GPU passed in is shown there for that moment. */
function withVisibleGpu<T>(gpu: GpuSource, make: () => T): T {
  if (systemGpu()) return make();
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true, writable: true });
  try {
    return make();
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
}

async function makeBackend(found: FoundAdapter, onLost: (message: string) => void): Promise<WebGPUBackend> {
  const adapter = found.adapter as Adapter;
  const requiredLimits: Record<string, number> = {};
  for (const name of limitsAskedFor) requiredLimits[name] = adapter.limits[name];
  const requiredFeatures = adapter.features.has("timestamp-query") ? ["timestamp-query"] : [];
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  const backend = withVisibleGpu(
    found.gpu,
    () => new WebGPUBackend(...([device, adapter.info] as unknown as ConstructorParameters<typeof WebGPUBackend>)),
  );
  void device.lost.then((info) => onLost(`${info.reason ?? "unknown reason"}${info.message ? `: ${info.message}` : ""}`));
  return backend;
}

/** Makes the adapter's device tfjs's current backend. @throws BnemError("unsupported") */
export async function startWebgpu(found: FoundAdapter, renew: boolean, onLost: (message: string) => void): Promise<void> {
  const missing = ["GPUBuffer", "GPUBufferUsage", "GPUMapMode", "GPUShaderStage", "GPUTextureUsage"].filter(
    (n) => !(n in globalThis),
  );
  if (missing.length > 0) {
    const remedy = "with npm webgpu: Object.assign(globalThis, globals) before the first call";
    throw new BnemError("unsupported", `networks: the webgpu backend needs ${missing.join(", ")} as globals; ${remedy}`);
  }
  if (renew) forget("webgpu");
  if (!isRegistered("webgpu")) {
    let backend: WebGPUBackend;
    try {
      backend = await makeBackend(found, onLost);
    } catch (cause) {
      throw new BnemError("unsupported", `networks: no WebGPU device could be made on ${found.name}`, { cause });
    }
    registerBackend("webgpu", () => backend, 0);
  }
  registerKernels(webgpuKernels);
  await setBackend("webgpu");
}
