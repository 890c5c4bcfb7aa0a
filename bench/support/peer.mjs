/**
 * Peers as child processes with one line protocol, so that a driver can interleave them whatever they are written in: a peer says
 * {"ready": true, "version": ...} or {"missing": ..., "remedy": ...}, answers {"steps": n} with {"ms": [n], "cpuMs": [n], "values": [n]}
 * and {"profile": true} with {"profile": [...] | null}, and ends when its input ends. Inputs lie in raw files that all of them read.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const host = fileURLToPath(new URL("peer-host.mjs", import.meta.url));
const torchScript = fileURLToPath(new URL("../python/peer.py", import.meta.url));

/** Node 20 has relaxed SIMD behind a flag that newer versions do not know. */
const nodeFlags = process.versions.v8.startsWith("11.") ? ["--experimental-wasm-relaxed-simd"] : [];

/** A peer written in JavaScript: `bench/support/peers/MODULE.mjs`, its export `role`. */
export function nodePeer(module, settings = {}) {
  return { label: module, command: process.execPath, args: [...nodeFlags, host, module], settings };
}

/** A peer in Python, where BNEM_PYTHON or python3 has what it needs. */
export function pythonPeer(settings = {}) {
  return {
    label: "python",
    command: process.env.BNEM_PYTHON ?? "python3",
    args: [torchScript],
    settings,
    remedy: "install Python 3 with torch or scipy",
  };
}

/** The case in `folder` as JavaScript peers get it: facts, and arrays as Float32Array. */
export function readCase(folder) {
  const facts = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
  const arrays = Object.entries(facts.arrays).map(([name, length]) => {
    const bytes = readFileSync(join(folder, `${name}.f32`));
    return [name, new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * length))];
  });
  return { ...facts, ...Object.fromEntries(arrays) };
}

/** Writes a case into a folder of its own: numbers in case.json, each array of `arrays` as NAME.f32. */
export function writeCase(facts, arrays) {
  const folder = mkdtempSync(join(os.tmpdir(), "bnem-bench-"));
  for (const [name, data] of Object.entries(arrays)) writeFileSync(join(folder, `${name}.f32`), data);
  const shapes = Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, data.length]));
  writeFileSync(join(folder, "case.json"), JSON.stringify({ ...facts, arrays: shapes }));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts `peer` on the case in `folder`; a peer with a protocol of its own brings `start(folder)`. Resolves to { run, profile, stop, version } or { missing, remedy }; never rejects. */
export async function startPeer(peer, folder) {
  if (peer.start) return peer.start(folder);
  const child = spawn(peer.command, [...peer.args, folder, JSON.stringify(peer.settings)], {
    stdio: ["pipe", "pipe", "pipe"],
    // One thread unless a peer is told otherwise: OpenMP would take every core by itself.
    env: { ...process.env, OMP_NUM_THREADS: String(peer.settings.threads ?? 1) },
  });
  let complaint = "";
  let failure = null;
  child.on("error", (error) => {
    failure = `${peer.label} did not start (${error.code})`;
  });
  child.stdin.on("error", () => {});
  child.stderr.on("data", (text) => {
    complaint = (complaint + text).slice(-600);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done)
      return {
        missing: failure ?? (complaint.trim().split("\n").at(-1) || "it ended without a word"),
        remedy: peer.remedy ?? "see the message",
      };
    return JSON.parse(value);
  };
  const ask = async (question) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return next();
  };
  const greeting = await next();
  if (greeting.missing) {
    child.stdin.end();
    return { missing: greeting.missing, remedy: greeting.remedy };
  }
  return {
    version: greeting.version,
    note: greeting.note,
    async run(steps) {
      const answer = await ask({ steps });
      if (answer.missing) throw new Error(`${peer.label}: ${answer.missing}`);
      return answer;
    },
    profile: async () => (await ask({ profile: true })).profile ?? null,
    stop() {
      child.stdin.end();
    },
  };
}
