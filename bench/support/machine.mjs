/** What a figure must be read with: processor, cores, memory, system, Node, package version. */
import { readFileSync } from "node:fs";
import os from "node:os";

export function machine() {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? "unknown",
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    bnem: version,
    loadAverage: os.loadavg().map((load) => Math.round(load * 100) / 100),
  };
}
