/** A folder outside the repository with only the bundle and the probes: no node_modules, no configuration to be found. */
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Stage {
  readonly folder: string;
  remove(): void;
}

/** Copies repository files to one flat folder and writes `texts` beside them. */
export function stage(files: readonly string[], texts: Readonly<Record<string, string>> = {}): Stage {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "bnem-stage-")));
  for (const file of files) cpSync(file, join(folder, file.slice(file.lastIndexOf("/") + 1)));
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
