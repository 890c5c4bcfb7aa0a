/**
 * `npm run lock:complete`, after any `npm install`: names every platform's optional package in package-lock.json.
 *
 * A registry mirror may lack the packages of other systems. `npm install` then leaves them out of the lock file without a word, and
 * `npm ci` refuses that file ("Missing: ... from lock file") everywhere. The entries added here carry the exact version their parent
 * asks for and the platform their name says, no integrity (npm fills it in where it installs one), and are skipped elsewhere.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

const systems = { android: "android", darwin: "darwin", freebsd: "freebsd", linux: "linux", win32: "win32", windows: "win32" };
const processors = { arm64: "arm64", aarch64: "arm64", x64: "x64" };

function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.map((word) => systems[word]).find(Boolean);
  const cpu = words.map((word) => processors[word]).find(Boolean);
  if (!os || !cpu) throw new Error(`${name}: which platform? add its words to build/complete-lock.mjs`);
  const libc = words.includes("musl") ? "musl" : words.includes("glibc") ? "glibc" : undefined;
  return { cpu: [cpu], os: [os], ...(libc ? { libc: [libc] } : {}) };
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => a.localeCompare(b, "en")));

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const added = [];
for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
    if (!/^\d+\.\d+\.\d+$/.test(version)) continue;
    const { cpu, os, libc } = platformOf(name);
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu,
      dev: true,
      ...(libc ? { libc } : {}),
      license: parent.license,
      optional: true,
      os,
      engines: parent.engines,
    };
    added.push(`${name}@${version}`);
  }
}
if (added.length > 0) {
  lock.packages = sorted(lock.packages);
  writeFileSync("package-lock.json.part", `${JSON.stringify(lock, null, 2)}\n`);
  renameSync("package-lock.json.part", "package-lock.json");
}
console.log(added.length > 0 ? `added ${added.join(", ")}` : "package-lock.json names every platform");
