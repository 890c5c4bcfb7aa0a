/** Atomic writing into dist/ and the sizes printed at each build. */
import { readFileSync } from "node:fs";
import { chmod, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** A name in dist/ that no other build uses. */
export function temporary(name) {
  return join("dist", `.${process.pid}-${name}`);
}

/** Writes dist/NAME in one step. */
export async function put(name, content, mode = 0o644) {
  const file = temporary(name);
  await writeFile(file, content);
  await chmod(file, mode);
  await rename(file, join("dist", name));
}

/** Replaces the folder dist/NAME by dist/.PID-NAME. */
export async function putFolder(name) {
  await rm(join("dist", name), { recursive: true, force: true });
  await rename(temporary(name), join("dist", name));
}

/** Prints raw and gzip size of dist/NAME; throws above the budget (bytes, gzip -9). */
export function reportSize(name, budget = Infinity) {
  const bytes = readFileSync(join("dist", name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  const kb = (n) => `${(n / 1000).toFixed(1)} KB`;
  console.log(`${name.padEnd(24)} ${kb(bytes.length).padStart(10)} raw ${kb(packed).padStart(10)} gzip`);
  if (packed > budget) throw new Error(`dist/${name} is ${kb(packed)} gzip; the budget is ${kb(budget)}`);
}
