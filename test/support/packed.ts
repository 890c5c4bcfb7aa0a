/** The tarball npm would publish, and a bare project it is installed into, offline. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "./runtimes.js";

export interface Packed {
  readonly tarball: string;
  /** Paths inside the package, sorted. */
  readonly files: readonly string[];
  /** A project whose only dependency is the tarball. */
  readonly project: string;
  remove(): void;
}

const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Packs dist/ as it stands (no scripts run) and installs the result with the network off. */
export async function packAndInstall(): Promise<Packed> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "bnem-packed-")));
  const text = await mustRun(npm, ["pack", "--ignore-scripts", "--json", "--pack-destination", folder]);
  const answer = JSON.parse(text);
  // npm 11 answers with a list, newer ones with an object keyed by package name.
  const [pack] = Array.isArray(answer) ? answer : Object.values<{ filename: string; files: { path: string }[] }>(answer);
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const tarball = join(folder, pack.filename);
  await mustRun(npm, ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball], { cwd: project });
  return {
    tarball,
    files: pack.files.map((file: { path: string }) => file.path).sort(),
    project,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
