/**
 * Where the same bits are promised, no function that engines compute differently: Math.exp and its family, and powers. Measured: x ** 3 and
 * x ** 4 differ in the last place between the engines of Node 20, Deno and Bun; squares and powers of integers do not.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Everything but training, pictures and pages. */
const folders = [
  "core",
  "correction",
  "energies",
  "estimators",
  "io",
  "kernels",
  "mcmc",
  "metrics",
  "priors",
  "samplers",
  "schedules",
  "worker",
];
const inside = folders.flatMap((folder) =>
  readdirSync(`src/${folder}`, { recursive: true, encoding: "utf8" }).map((name) => join("src", folder, name)),
);
const references = readdirSync("src/pipeline").filter((name) => name.startsWith("reference"));
const files = [...inside, ...references.map((name) => join("src/pipeline", name))].filter((name) => name.endsWith(".ts"));

const functions = /\bMath\.(a?sinh?|a?cosh?|a?tanh?|atan2|exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot)\b/;
/** Squares, powers of two, and integers by integers. */
const exact = [/\*\* 2(?![\w.])/g, /\b[28] \*\* /g, /\bside \*\* /g, /\(2 \* reach - 3\) \*\* /g];

/** Lines with a function or a power that is not the same everywhere. */
function found(text: string): string[] {
  const lines = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").split("\n");
  const engineMath = (line: string) =>
    functions.test(line) || exact.reduce((rest, power) => rest.replaceAll(power, ""), line).includes("**");
  return lines.filter(engineMath).map((line) => line.trim());
}

test("no engine's own functions where the same bits are promised", () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((file) => found(readFileSync(file, "utf8")).map((line) => `${file}: ${line}`))).toEqual([]);
});

test("control: what differs is seen, squares and comments are not", () => {
  expect(found("/** x ** 3, Math.exp */\nconst a = x ** 2 + 2 ** k; // Math.log")).toEqual([]);
  const bad = ["const a = x ** 4;", "const b = Math.exp(1) + Math.sqrt(2);", "const c = x ** 2.5 + y ** 2;"];
  expect(found(bad.join("\n"))).toEqual(bad);
});
