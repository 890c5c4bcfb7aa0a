/**
 * Loads the two builds of the one kernel module. The plain-SIMD build serves every public call: same bits on every engine. The
 * relaxed-SIMD build (fused multiply-add, rounding left to the processor) is taken only where the engine validates it and only
 * for callers that say `exact: false`. No V8 flag is set here; on Node 20 the relaxed build simply does not load.
 */
import { BnemError } from "../core/errors.js";
import { awake } from "../core/task.js";
import { wasmFiles } from "../core/wasm-asset.js";
import type { KernelExports } from "./abi.js";
import { Arena } from "./arena.js";
import { kernelsAsset } from "./bytes.js";

/** One instantiated build. */
export interface Kernels {
  readonly module: WebAssembly.Module;
  readonly exports: KernelExports;
  readonly arena: Arena;
}

/** What another thread needs to compute the same bits: the builds that this one uses. */
export interface KernelModules {
  readonly plain: WebAssembly.Module;
  /** Absent where this thread does not use the relaxed build. */
  readonly relaxed?: WebAssembly.Module;
  readonly exact: boolean;
}

/** What `initKernels` found. */
export interface KernelReport {
  /** Always true: without 128-bit SIMD `init` throws. */
  readonly simd: true;
  /** The engine accepts relaxed SIMD and `exact: true` was not asked for. */
  readonly relaxed: boolean;
  /** `exact: true` was asked for. */
  readonly exact: boolean;
}

export interface KernelOptions {
  /** True: never load or use the relaxed build, from now on. False: allow it again. Absent: leave as it was (allowed at first). */
  readonly exact?: boolean;
}

let plain: Kernels | undefined;
let relaxed: Kernels | undefined;
let exactOnly = false;
let loadingBytes: Promise<Uint8Array<ArrayBuffer>[]> | undefined;
let loadingPlain: Promise<Kernels> | undefined;
let loadingRelaxed: Promise<Kernels | undefined> | undefined;

/**
 * A compiled module on a memory of its own or of somebody else's. Every wait for WebAssembly keeps the event loop alive: Node 20 otherwise
 * drains its compile threads, which may be waiting for a garbage collection by this one (about 1 start in 45 hung under load).
 */
export async function instanceOn(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<KernelExports> {
  const instance = await awake(WebAssembly.instantiate(module, { env: { memory } }));
  return instance.exports as unknown as KernelExports;
}

async function instantiate(source: WebAssembly.Module | Uint8Array<ArrayBuffer>): Promise<Kernels> {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 32768 });
  const module = source instanceof WebAssembly.Module ? source : await awake(WebAssembly.compile(source));
  const exports = await instanceOn(module, memory);
  return { module, exports, arena: new Arena(memory, exports) };
}

/** The plain build, the relaxed build. */
function bytesOfBuilds(): Promise<Uint8Array<ArrayBuffer>[]> {
  loadingBytes ??= wasmFiles("init", kernelsAsset);
  return loadingBytes;
}

async function startRelaxed(): Promise<Kernels | undefined> {
  const [, bytes] = await bytesOfBuilds();
  return WebAssembly.validate(bytes) ? instantiate(bytes) : undefined;
}

/**
 * Loads the kernels; idempotent, and cheap when already loaded.
 * @throws BnemError("unsupported") where the engine has no WebAssembly SIMD or no DecompressionStream, or a page's CSP lacks `wasm-unsafe-eval`
 */
export async function initKernels(options: KernelOptions = {}): Promise<void> {
  if (options.exact !== undefined) exactOnly = options.exact;
  loadingPlain ??= bytesOfBuilds().then(([bytes]) => instantiate(bytes));
  try {
    plain = await loadingPlain;
  } catch (cause) {
    loadingPlain = undefined;
    loadingBytes = undefined;
    if (cause instanceof BnemError) throw cause;
    throw new BnemError(
      "unsupported",
      "init: the SIMD kernels did not load; this needs an engine with WebAssembly SIMD (every current one) and, in a page with a CSP, 'wasm-unsafe-eval'",
      { cause },
    );
  }
  if (exactOnly) return;
  // Validated and yet refused (too little memory, a broken engine): the plain build does everything, and the report says so.
  loadingRelaxed ??= startRelaxed().catch(() => undefined);
  relaxed = await loadingRelaxed;
}

/**
 * Loads the builds that another thread uses, and makes its choice between them; called again it follows a changed choice.
 * A relaxed build that does not start here is an error: with the plain one instead, bits would depend on where work ran.
 */
export async function initKernelsFrom(modules: KernelModules): Promise<void> {
  loadingPlain ??= instantiate(modules.plain);
  plain = await loadingPlain;
  if (modules.relaxed && !relaxed) relaxed = await instantiate(modules.relaxed);
  loadingRelaxed = Promise.resolve(relaxed);
  exactOnly = modules.exact;
}

/** For `initKernelsFrom` in another thread. @throws BnemError("not-initialized") before `initKernels`. */
export function kernelModules(): KernelModules {
  const { module } = kernels("kernelModules");
  return relaxed && !exactOnly ? { plain: module, relaxed: relaxed.module, exact: false } : { plain: module, exact: exactOnly };
}

/** The build for a call: relaxed only where it is loaded, allowed, and the caller does not need equal bits. */
export function kernels(call: string, exact = true): Kernels {
  if (!plain) throw new BnemError("not-initialized", `${call}: the kernels are not loaded; call \`await init()\` first`);
  return !exact && !exactOnly && relaxed ? relaxed : plain;
}

/** @throws BnemError("not-initialized") before `initKernels`. */
export function kernelReport(): KernelReport {
  kernels("kernelReport");
  return { simd: true, relaxed: relaxed !== undefined && !exactOnly, exact: exactOnly };
}
