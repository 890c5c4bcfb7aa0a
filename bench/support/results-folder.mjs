/** Where results lie: bench/results, or the folder that BNEM_RESULTS names; a quick run never overwrites figures that are kept. */
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const kept = fileURLToPath(new URL("../results", import.meta.url));
const quick = join(tmpdir(), "bnem-bench-quick");

export const resultsFolder = resolve(process.env.BNEM_RESULTS ?? (process.env.BNEM_QUICK === "1" ? quick : kept));
