/** `node large-sample.mjs CHECKPOINT SMALL LARGE`: seconds of both samples, and the peak memory of this process in MiB. */
import { readFileSync } from "node:fs";
import { relaxedSimd } from "./relaxed-simd.mjs";

relaxedSimd();
const { gaussianMixture, init, loadSampler } = await import("bnem");

const [file, small, large] = process.argv.slice(2);
await init();
const sampler = await loadSampler(readFileSync(file), gaussianMixture({ components: 40, seed: 0 }));
const secondsOf = async (n, seed) =>
  (await sampler.sample(Number(n), { correction: "path", integrator: "bridge", seed })).seconds;
await secondsOf(small, 1);
const smalls = [];
for (let seed = 2; seed < 5; seed++) smalls.push(await secondsOf(small, seed));
const largeSeconds = await secondsOf(large, 5);
const result = {
  smallSeconds: smalls.sort((a, b) => a - b)[1],
  largeSeconds,
  peakMiB: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(result));
