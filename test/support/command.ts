/** The command as it ships, dist/cli.js, in processes of its own and in a folder that lasts as long as a test file. */
import { mkdtempSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readSafetensors } from "bnem";
import { afterAll, expect } from "vitest";
import { run } from "./runtimes.js";

export const cli = resolve("dist/cli.js");

/** Makes the folder; it goes after the file's last test. */
export function commandIn(name: string) {
  const folder = mkdtempSync(join(tmpdir(), `bnem-${name}-`));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  /** Runs the command in the folder. */
  const bnem = (...argv: string[]) => run(process.execPath, [cli, ...argv], { cwd: folder, timeout: 110_000 });
  const read = (file: string) => readFile(join(folder, file));
  return {
    folder,
    bnem,
    read,
    /** Runs it with --json: stdout must be one JSON object and nothing else. */
    async bnemJson(...argv: string[]) {
      const { code, stdout, stderr } = await bnem(...argv, "--json");
      expect(stdout.endsWith("}\n"), `${stdout}${stderr}`).toBe(true);
      expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
      return { code, data: JSON.parse(stdout), stderr };
    },
    /** Every tensor of a checkpoint as bytes: what "same bits" is about. */
    async tensorsOf(file: string): Promise<Record<string, string>> {
      const { tensors } = readSafetensors(await read(file));
      const text = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
        Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64");
      return Object.fromEntries([...tensors].map(([key, { data }]) => [key, text(data)]));
    },
  };
}
