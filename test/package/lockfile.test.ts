/** package-lock.json installs on every system: a lock written behind a mirror that lacks other systems' packages is refused by `npm ci`. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Entry> };
const manifest = JSON.parse(readFileSync("package.json", "utf8"));

test("every platform's optional package is named (remedy: npm run lock:complete)", () => {
  const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => !(`node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages),
    ),
  );
  expect(missing).toEqual([]);
});

test("the lock names no host and matches package.json", () => {
  expect(Object.values(lock.packages).filter((entry) => entry.resolved !== undefined)).toEqual([]);
  const root = lock.packages[""] as { version: string; devDependencies: Record<string, string> };
  expect(root.version).toBe(manifest.version);
  expect(root.devDependencies).toEqual(manifest.devDependencies);
});
