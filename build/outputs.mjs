/** Atomic writing into dist/ and the sizes printed at each build. */
import { readFileSync } from "node:fs";
import { chmod, rename, writeFile } from "node:fs/promises";
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

/** Package, folder of src/, or file of dist/ that an input belongs to. */
function partOf(input) {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input) ?? [];
  return name ?? input.split("/").slice(0, 2).join("/");
}

function largest(sizes, count) {
  return [...sizes].sort(([, a], [, b]) => b - a).slice(0, count);
}

/** Prints what an output is made of, as minified bytes: the largest parts, and the largest files with their place in the part. */
export function reportInputs(metafile, count = 10) {
  const files = new Map();
  const parts = new Map();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      files.set(input, (files.get(input) ?? 0) + bytesInOutput);
      parts.set(partOf(input), (parts.get(partOf(input)) ?? 0) + bytesInOutput);
    }
  }
  const cell = ([name, bytes]) => `${(bytes / 1000).toFixed(1).padStart(7)} KB  ${name.replace(/^.*node_modules\//, "")}`;
  const rows = largest(files, count).map(cell);
  for (const [i, part] of largest(parts, count).entries()) console.log(`  ${cell(part).padEnd(56)}${rows[i] ?? ""}`);
}

/** Prints raw and gzip size of dist/NAME; throws above the budget (bytes, gzip -9). */
export function reportSize(name, budget = Infinity) {
  const bytes = readFileSync(join("dist", name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  const kb = (n) => `${(n / 1000).toFixed(1)} KB`;
  console.log(`${name.padEnd(24)} ${kb(bytes.length).padStart(10)} raw ${kb(packed).padStart(10)} gzip`);
  if (packed > budget) throw new Error(`dist/${name} is ${kb(packed)} gzip; the budget is ${kb(budget)}`);
}
