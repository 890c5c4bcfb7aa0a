/** Several named arrays in one .npz file, as numpy.savez writes and numpy.load reads them. */
import { serializeNpzSync } from "numpy-ts/core";
import { BnemError } from "../core/errors.js";
import { asNumpy, type NumpyArray, type NumpyFile, readNpy } from "./npy.js";
import { readZip } from "./zip.js";

/**
 * .npz bytes, uncompressed; `numpy.load(path)["x"]` gives one array back. Names are snake_case by convention.
 * @throws TypeError / RangeError for a name that is no identifier, no arrays, a bad array (see writeNpy), or 4 GiB and more in all.
 */
export function writeNpz(arrays: { readonly [name: string]: NumpyArray }): Uint8Array {
  if (arrays === null || typeof arrays !== "object") throw new TypeError("writeNpz: arrays must be an object of arrays by name");
  const names = Object.keys(arrays);
  if (names.length === 0) throw new RangeError("writeNpz: give at least one array");
  const views = new Map(
    names.map((name) => {
      if (!/^[A-Za-z_]\w*$/.test(name))
        throw new RangeError(`writeNpz: ${JSON.stringify(name)} is not a name NumPy users can type`);
      return [name, asNumpy(`writeNpz, array ${name}`, arrays[name])] as const;
    }),
  );
  const total = names.reduce((sum, name) => sum + arrays[name].data.byteLength + 1024, 0);
  if (total >= 2 ** 32)
    throw new RangeError(`writeNpz: ${total} bytes do not fit a zip archive; write fewer rows or several files`);
  return serializeNpzSync(views);
}

/**
 * Every array of .npz bytes by name, stored or compressed; other entries are passed over.
 * @throws BnemError "bad-file" when the archive or an array in it is damaged (checksums are compared), foreign or not numeric.
 */
export async function readNpz(bytes: Uint8Array): Promise<Map<string, NumpyFile>> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("readNpz: bytes must be a Uint8Array");
  const arrays = new Map<string, NumpyFile>();
  for (const [file, content] of await readZip(bytes)) {
    if (!file.endsWith(".npy")) continue;
    const name = file.slice(0, -4);
    try {
      arrays.set(name, readNpy(content));
    } catch (cause) {
      throw new BnemError("bad-file", `readNpz: array ${name}: ${(cause as Error).message}`, { cause });
    }
  }
  if (arrays.size === 0) throw new BnemError("bad-file", "readNpz: the archive holds no array; write it with numpy.savez");
  return arrays;
}
