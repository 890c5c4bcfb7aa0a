/**
 * Which tfjs backend runs the networks, chosen once and said in words. tfjs's registries are process-wide: starting a backend makes it
 * current for every copy of tfjs in the process, and the mends (mends.ts) reach them too.
 */
import { engine, setBackend } from "@tensorflow/tfjs-core";
import { checkOneOf } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import { awake } from "../core/task.js";
import { initKernels, kernelReport } from "../kernels/load.js";
import { registerCpu } from "./backend-cpu.js";
import { registerOwnKernels, registerWasm } from "./backend-wasm.js";
import { type FoundAdapter, findAdapter, type GpuSource, startWebgpu } from "./backend-webgpu.js";
import { registerStockGradients } from "./gradients.js";
import { mendGradients } from "./mends.js";
import { ensurePlatform } from "./platform.js";
import { type KernelMode, kernelMode, setOwnKernelsRun } from "./wasm/kernel-mode.js";

export type { GpuSource } from "./backend-webgpu.js";

export const backendChoices = ["auto", "wasm", "webgpu", "cpu"] as const;
export type BackendChoice = (typeof backendChoices)[number];
export type BackendName = Exclude<BackendChoice, "auto">;

export interface BackendHint {
  /** Parameters of the network that will run; `auto` needs it to consider WebGPU. */
  readonly parameters?: number;
  /** A GPU object to use instead of navigator.gpu: npm webgpu's `create([])` in Node and Bun. */
  readonly gpu?: GpuSource;
  /** True: the plain-SIMD build of this package's kernels on tfjs's heap, also where `init` allows the relaxed one. */
  readonly exact?: boolean;
}

/** What `startBackend` started, and why. */
export interface BackendReport {
  readonly backend: BackendName;
  /** Why this one, for the user to read. */
  readonly reason: string;
  /** "bnem": this package's kernels and recorded programs run the networks; "tfjs": tfjs's own kernels. */
  readonly kernels: KernelMode;
  /** The WebGPU adapter that was found, used or not. */
  readonly adapter?: string;
  readonly fallbackAdapter?: boolean;
}

/**
 * Networks smaller than this stay on wasm under `auto`. On wasm a training step of batch 512 takes 4.2, 6.4 and 8.6 ms with 17, 32 and 51
 * thousand parameters (measured, one core): 2 ms and 0.13 us per parameter. On WebGPU its 270 kernels cost 5 to 14 ms at 20 to 50 us of
 * submission each (an estimate: no real adapter was at hand) whatever the size, and reading the loss adds a round trip. They meet below 100
 * thousand; twice that, because choosing wrongly costs every user of a small network.
 */
export const webgpuMinimumParameters = 200_000;

let lost: BnemError | null = null;
let current: BackendReport | null = null;
const listeners = new Set<(failure: BnemError) => void>();

function deviceWasLost(adapter: string, message: string): void {
  if (current?.backend !== "webgpu" || lost) return;
  lost = new BnemError(
    "device-lost",
    `networks: the WebGPU device (${adapter}) was lost: ${message}. Resume from the last checkpoint`,
  );
  for (const listener of listeners) listener(lost);
}

/** The typed error of a backend that can no longer compute, or null. Training asks at each step. */
export function backendFailure(): BnemError | null {
  return lost;
}

/** Calls `listener` once when the WebGPU device is lost. Returns the way to unsubscribe. */
export function onDeviceLost(listener: (failure: BnemError) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The backend in use, or null before the first `startBackend`. */
export function currentBackend(): BackendReport | null {
  return current;
}

function adapterFields(found: FoundAdapter | null): Pick<BackendReport, "adapter" | "fallbackAdapter"> {
  return found ? { adapter: found.name, fallbackAdapter: found.fallback } : {};
}

interface Plan {
  readonly report: Omit<BackendReport, "kernels">;
  readonly found: FoundAdapter | null;
}

/** What `auto` takes, without starting it: WebGPU only with a real adapter and a network of at least `webgpuMinimumParameters`. */
export async function chooseBackend(hint: BackendHint = {}): Promise<Plan> {
  const parameters = hint.parameters ?? 0;
  const found = await findAdapter(hint.gpu);
  const fields = adapterFields(found);
  if (!found) return { report: { backend: "wasm", reason: "no WebGPU adapter here" }, found };
  if (found.fallback) {
    return { report: { backend: "wasm", reason: `the only WebGPU adapter is software (${found.name})`, ...fields }, found };
  }
  if (parameters < webgpuMinimumParameters) {
    const reason = `${parameters} parameters are fewer than the ${webgpuMinimumParameters} from which WebGPU pays (${found.name} is there)`;
    return { report: { backend: "wasm", reason, ...fields }, found };
  }
  return {
    report: { backend: "webgpu", reason: `${found.name}, and ${parameters} parameters are enough for it to pay`, ...fields },
    found,
  };
}

async function plan(choice: BackendChoice, hint: BackendHint): Promise<Plan> {
  if (choice === "auto") return chooseBackend(hint);
  if (choice !== "webgpu") return { report: { backend: choice, reason: "asked for" }, found: null };
  const found = await findAdapter(hint.gpu);
  if (!found) {
    const remedy = "use backend: 'wasm', or in Node pass { gpu: create([]) } of npm webgpu";
    throw new BnemError("unsupported", `networks: WebGPU was asked for and there is no adapter; ${remedy}`);
  }
  return { report: { backend: "webgpu", reason: `asked for (${found.name})`, ...adapterFields(found) }, found };
}

/** Turns this package's kernels on or off for the backend that has just become current. */
async function chooseKernels(backend: BackendName, exact = false): Promise<KernelMode> {
  setOwnKernelsRun(false);
  if (backend !== "wasm" || kernelMode() === "tfjs") return "tfjs";
  await initKernels();
  const running = await registerOwnKernels(engine().backend, exact || kernelReport().exact);
  setOwnKernelsRun(running);
  return running ? "bnem" : "tfjs";
}

async function start(choice: BackendChoice, hint: BackendHint): Promise<BackendReport> {
  ensurePlatform();
  registerStockGradients();
  mendGradients();
  const { report, found } = await plan(choice, hint);
  if (report.backend === "webgpu") {
    const adapter = found as FoundAdapter;
    const running = engine().backendName === "webgpu" && current?.backend === "webgpu" && !lost;
    if (!running) await startWebgpu(adapter, lost !== null, (message) => deviceWasLost(adapter.name, message));
  } else {
    if (report.backend === "wasm") await registerWasm();
    else registerCpu();
    if (engine().backendName !== report.backend && !(await setBackend(report.backend))) {
      throw new BnemError("unsupported", `networks: the ${report.backend} backend did not start`);
    }
  }
  lost = null;
  current = { ...report, kernels: await chooseKernels(report.backend, hint.exact) };
  return current;
}

let queue: Promise<unknown> = Promise.resolve();

/**
 * Makes a backend current and reports which and why. Calls one after another wait their turn; asking again for the one that runs is cheap.
 * Do not switch while tensors live: tfjs would move them with synchronous reads, which WebGPU off a page has not.
 *
 * @throws RangeError for an unknown choice; BnemError("unsupported") where the asked-for backend cannot start.
 */
export function startBackend(choice: BackendChoice, hint: BackendHint = {}): Promise<BackendReport> {
  checkOneOf("startBackend", "backend", choice, backendChoices);
  const turn = queue.then(() => awake(start(choice, hint)));
  queue = turn.catch(() => undefined);
  return turn;
}
