/** What the numbers were measured on. */
import { availableParallelism, cpus } from "node:os";
import { hasRelaxedSimd } from "./relaxed-simd.js";

/** Name and version of the runtime; Deno and Bun call themselves Node too. */
export function runtimeName(): string {
  const versions = process.versions as Record<string, string | undefined>;
  if (versions.bun) return `Bun ${versions.bun}`;
  if (versions.deno) return `Deno ${versions.deno}`;
  return `Node ${versions.node}`;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly runtime: string;
  readonly relaxedSimd: boolean;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || "unknown",
    cores: availableParallelism(),
    system: `${process.platform} ${process.arch}`,
    runtime: runtimeName(),
    relaxedSimd: hasRelaxedSimd(),
  };
}
