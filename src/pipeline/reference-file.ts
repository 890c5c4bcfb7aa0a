/** Reference sets as .npz bytes: arrays NumPy reads, and the recipe and diagnostics as JSON text in bytes. */
import { BnemError } from "../core/errors.js";
import type { Energy } from "../core/types.js";
import { batchFromArray, type NumpyFile } from "../io/npy.js";
import { readNpz, writeNpz } from "../io/npz.js";
import { initKernels } from "../kernels/load.js";
import type { Reference } from "./reference.js";

const ENTRIES = ["recipe", "diagnostics"] as const;
/** Rows whose energies are compared with those of the file. */
const COMPARED = 64;

function jsonBytes(value: object): { data: Uint8Array; shape: number[] } {
  const data = new TextEncoder().encode(JSON.stringify(value));
  return { data, shape: [data.length] };
}

/**
 * .npz bytes with arrays x [n, dim], energy [n], and recipe_json and diagnostics_json, UTF-8 text in bytes: in NumPy
 * `json.loads(bytes(f["recipe_json"]))`. No date goes in: the same set is the same bytes.
 */
export function saveReference({ x, energy, recipe, diagnostics }: Reference): Uint8Array {
  return writeNpz({
    x: { data: x.data, shape: [x.n, x.dim] },
    energy: { data: energy, shape: [x.n] },
    recipe_json: jsonBytes(recipe),
    diagnostics_json: jsonBytes(diagnostics),
  });
}

function bad(problem: string, cause?: unknown): BnemError {
  return new BnemError("bad-file", `loadReference: ${problem}`, { cause });
}

function need(arrays: Map<string, NumpyFile>, name: string): NumpyFile {
  const found = arrays.get(name);
  if (!found) throw bad(`no array "${name}"; it holds ${[...arrays.keys()].join(", ")}; make the file with saveReference`);
  return found;
}

function jsonOf(arrays: Map<string, NumpyFile>, entry: string): unknown {
  const { data } = need(arrays, `${entry}_json`);
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(data as Uint8Array)));
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  } catch (cause) {
    throw bad(`${entry}_json is no JSON text`, cause);
  }
  throw bad(`${entry}_json is no JSON object`);
}

/** Whether two energies of f32 are one up to the sum's order in another version. */
function same(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-3 * Math.max(1, Math.abs(b));
}

/**
 * A reference set from the bytes of `saveReference` or `bnem reference`, such as those that ship as `bnem/references/lj13.npz`: fetch or read
 * the file yourself.
 *
 * @param energy the target it is for; its energies of the first 64 rows are then compared with those of the file
 * @throws BnemError("bad-file") for bytes that are no such file, or where the file is of another energy
 */
export async function loadReference(bytes: Uint8Array, energy?: Energy): Promise<Reference> {
  const arrays = await readNpz(bytes);
  const x = batchFromArray(need(arrays, "x"));
  const energies = Float32Array.from(need(arrays, "energy").data as Float32Array);
  if (energies.length !== x.n) throw bad(`energy has ${energies.length} entries for ${x.n} rows of x`);
  const [recipe, diagnostics] = ENTRIES.map((entry) => jsonOf(arrays, entry));
  const { notice } = diagnostics as Reference["diagnostics"];
  const found = { x, energy: energies, recipe, diagnostics, ...(notice && { notice }) } as Reference;
  if (!energy) return found;
  await initKernels();
  checkFits(found, energy);
  return found;
}

function checkFits({ x, energy: energies, recipe }: Reference, energy: Energy): void {
  const { name } = recipe.energy ?? {};
  if (x.dim !== energy.dim) throw bad(`its rows have ${x.dim} coordinates (${name}), ${energy.name} takes ${energy.dim}`);
  const n = Math.min(COMPARED, x.n);
  const again = energy.energy({ data: x.data.slice(0, n * x.dim), n, dim: x.dim });
  const row = again.findIndex((value, i) => !same(value, energies[i]));
  if (row < 0) return;
  throw bad(
    `row ${row} has energy ${energies[row]} in the file, made for ${name}, and ${again[row]} for ${energy.name}; give the file of this energy`,
  );
}
