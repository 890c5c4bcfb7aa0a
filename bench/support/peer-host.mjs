/** Runs one JavaScript peer as a child process: see peer.mjs. `node peer-host.mjs MODULE FOLDER SETTINGS`. */
import { createInterface } from "node:readline";
import { readCase } from "./peer.mjs";

const [module, folder, settings] = process.argv.slice(2);
// The protocol owns stdout; what a library prints goes beside it.
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
console.log = console.info = console.warn = (...words) => console.error(...words);

async function runSteps(peer, count) {
  const answer = { ms: [], cpuMs: [], values: [] };
  for (let i = 0; i < count; i++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const value = await peer.step();
    answer.ms.push(performance.now() - start);
    const { user, system } = process.cpuUsage(cpu);
    answer.cpuMs.push((user + system) / 1000);
    answer.values.push(ArrayBuffer.isView(value) ? Array.from(value) : value);
  }
  return answer;
}

async function main() {
  const theCase = { ...readCase(folder), ...JSON.parse(settings) };
  let peer;
  try {
    const roles = await import(`./peers/${module}.mjs`);
    peer = await roles[theCase.role](theCase);
  } catch (error) {
    say({
      missing: `${error.message}`.replace(/\s+/g, " ").slice(0, 300),
      remedy: error.remedy ?? "run `npm ci` in the repository",
    });
    return;
  }
  if (peer.missing) {
    say(peer);
    return;
  }
  say({ ready: true, version: peer.version, note: peer.note });
  for await (const line of createInterface({ input: process.stdin })) {
    const ask = JSON.parse(line);
    if (ask.profile) say({ profile: (await peer.profile?.()) ?? null });
    else say(await runSteps(peer, ask.steps));
  }
  await peer.stop?.();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
