/**
 * How much CPU does a fresh Node process need to import the bundle, initialise and evaluate its first energy?
 * Target: 0.5 s in all, the bare process included. CPU time of the process (user + system), so a busy machine disturbs it less
 * than a clock would. Median of 11 fresh processes; a bare `node -e ""` stands beside it.
 */
import { execFileSync } from "node:child_process";

const runs = 11;

const script = `
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const marks = { process: cpu() };
const bnem = await import("./dist/bnem.js");
marks.import = cpu();
await bnem.init();
marks.init = cpu();
const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
energy.energy({ data: new Float32Array(2), n: 1, dim: 2 });
marks.firstEnergy = cpu();
console.log(JSON.stringify(marks));
`;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const marks = Array.from({ length: runs }, () =>
  JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" })),
);
const at = (name) => median(marks.map((mark) => mark[name]));
const result = {
  unit: "CPU milliseconds since process start, median",
  runs,
  bareProcess: at("process"),
  afterImport: at("import"),
  afterInit: at("init"),
  afterFirstEnergy: at("firstEnergy"),
  target: 500,
};
console.error(
  `bare ${result.bareProcess.toFixed(0)} ms, import ${result.afterImport.toFixed(0)}, init ${result.afterInit.toFixed(0)}, first energy ${result.afterFirstEnergy.toFixed(0)} (target ${result.target})`,
);
console.log(JSON.stringify(result));
