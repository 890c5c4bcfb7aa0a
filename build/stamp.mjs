/** A hash of everything dist/ is made from, kept in dist/.stamp: `npm ci && npm start` builds once, not twice. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { put } from "./outputs.mjs";

const inputs = [
  "assembly",
  "build",
  "src",
  "asconfig.json",
  "build.mjs",
  "package-lock.json",
  "package.json",
  "tsconfig.json",
  "tsconfig.types.json",
];
const products = ["bnem.js", "bnem.d.ts", "NOTICE"];

function* files(path) {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.isDirectory()) yield* files(join(path, entry.name));
    else yield join(path, entry.name);
  }
}

/** Taken before a build, so that a file changed during it makes the result stale. */
export function currentStamp() {
  const hash = createHash("sha256");
  for (const input of inputs) {
    if (!existsSync(input)) continue;
    for (const file of /\./.test(input) ? [input] : files(input))
      hash.update(`${file}\0`).update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

export async function isFresh() {
  if (!products.every((name) => existsSync(join("dist", name)))) return false;
  return existsSync("dist/.stamp") && readFileSync("dist/.stamp", "utf8") === currentStamp();
}

export async function writeStamp(stamp) {
  await put(".stamp", stamp);
}
