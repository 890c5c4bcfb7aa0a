/** Training that is killed again and again, resumed to the end, against a run that was left alone: the same checkpoint but the clock. */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { derive, describeCheckpoint, energyByName, init, keyOf, readSafetensors, resumeTrainer } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { cli, commandIn } from "../support/command.js";

const tiny = [
  ...[
    "--steps",
    "1000",
    "--seed",
    "5",
    "--width",
    "8",
    "--depth",
    "2",
    "--features",
    "8",
    "--batch-size",
    "32",
    "--mc-samples",
    "8",
  ],
  ...["--buffer-every", "7", "--buffer-refill", "32", "--buffer-size", "100", "--bootstrap-from", "0.1"],
  ...["--checkpoint-every", "5", "-n", "16", "--no-evaluate"],
];

const { folder, bnem } = commandIn("resume");
beforeAll(() => init());

/** Trains until a line of progress says `step`, waits `delay` ms more and kills. Returns the last step that was seen. */
function killAt(argv: readonly string[], step: number, delay: number): Promise<{ seen: number; killed: boolean }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [cli, ...argv, "--progress", "json"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let seen = 0;
    let rest = "";
    child.stderr.on("data", (chunk: Buffer) => {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() as string;
      for (const line of lines) {
        const at = /"step":(\d+)/.exec(line);
        if (!at || !line.includes('"training"')) continue;
        if (seen < step && Number(at[1]) >= step) setTimeout(() => child.kill("SIGKILL"), delay);
        seen = Number(at[1]);
      }
    });
    child.on("error", fail);
    child.on("exit", (_, signal) => done({ seen, killed: signal === "SIGKILL" }));
  });
}

/** Everything of a checkpoint that decides the steps to come, and its history; no wall-clock seconds. */
async function contents(name: string): Promise<object> {
  const { tensors, metadata } = readSafetensors(await readFile(join(folder, name)), { checksum: "required" });
  const facts = JSON.parse(metadata["bnem.checkpoint"]);
  facts.progress.counts.seconds = 0;
  const bits = Array.from(tensors, ([key, { dtype, shape, data }]) => [
    key,
    { dtype, shape, bits: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64") },
  ]);
  return { facts, tensors: Object.fromEntries(bits) };
}

describe.each(["bnem", "idem", "me-nem"])("%s", (method) => {
  const argv = (name: string) => ["train", "gmm40", "--method", method, ...tiny, "-o", name];

  test("killed at random moments and resumed, it ends in the same bits", async () => {
    const whole = `${method}-whole.safetensors`;
    const broken = `${method}-killed.safetensors`;
    expect((await bnem(...argv(whole), "--quiet")).code).toBe(0);
    let kills = 0;
    let last = 0;
    for (let round = 0; round < 5; round++) {
      // A step up to 25 after the last checkpoint, and up to 15 ms more: within a step, a refill or a write. Lines of progress come every
      // 100 ms, so 1000 steps leave room for three such kills at .3 ms a step; they take 1.3 to 4 ms.
      const { a, b } = derive(keyOf(17), method, round);
      const { killed } = await killAt([...argv(broken), "--resume"], last + 1 + (a % 25), b % 15);
      if (killed) kills++;
      const there = await stat(join(folder, broken)).catch(() => undefined);
      if (!there) continue;
      // Whatever the moment was, the file under the name is a whole checkpoint, never an older one than before.
      const { step } = describeCheckpoint(await readFile(join(folder, broken)));
      expect(step).toBeGreaterThanOrEqual(last);
      last = step;
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    const end = await bnem(...argv(broken), "--resume", "--quiet");
    expect(end.code, end.stderr).toBe(0);
    expect(await contents(broken)).toEqual(await contents(whole));
    expect(describeCheckpoint(await readFile(join(folder, broken))).step).toBe(1000);
    // Resuming what is finished changes nothing but the samples it draws again.
    expect((await bnem(...argv(broken), "--resume", "--quiet")).code).toBe(0);
    expect(await contents(broken)).toEqual(await contents(whole));
  });
});

test("the command's checkpoint goes on in the library with the same bits", async () => {
  const bytes = await readFile(join(folder, "bnem-whole.safetensors"));
  const trainer = await resumeTrainer(bytes, energyByName("gmm40"));
  expect([trainer.step, trainer.options.seed]).toEqual([1000, 5]);
  expect(Buffer.from(await trainer.save()).equals(bytes)).toBe(true);
  trainer.dispose();
});

describe("files that cannot be used or written", () => {
  const argv = (name: string) => ["train", "gmm40", ...tiny, "-o", name, "--quiet"];

  test("every truncation tried is refused with code 1 and stays as it is", async () => {
    const bytes = await readFile(join(folder, "bnem-whole.safetensors"));
    for (const length of [0, 7, 100, bytes.length >> 1, bytes.length - 1]) {
      const name = `cut-${length}.safetensors`;
      await writeFile(join(folder, name), bytes.subarray(0, length));
      const { code, stderr } = await bnem(...argv(name), "--resume");
      expect([code, stderr.includes("checkpoint")], stderr).toEqual([1, true]);
      expect((await readFile(join(folder, name))).equals(bytes.subarray(0, length))).toBe(true);
    }
  });

  test("a foreign file, and one of another energy", async () => {
    await writeFile(join(folder, "image.safetensors"), Buffer.from("89504e470d0a1a0a", "hex"));
    expect((await bnem(...argv("image.safetensors"), "--resume")).code).toBe(1);
    await writeFile(join(folder, "bowl.mjs"), `export default { name: "bowl", dim: 2, evaluate: (x) => x[0] ** 2 + x[1] ** 2 };`);
    const before = await readFile(join(folder, "bnem-whole.safetensors"));
    const other = await bnem("train", "bowl.mjs", "-o", "bnem-whole.safetensors", "--resume", "--quiet");
    expect([other.code, other.stderr.includes("trained on gmm40")], other.stderr).toEqual([1, true]);
    expect((await readFile(join(folder, "bnem-whole.safetensors"))).equals(before)).toBe(true);
  });

  test.skipIf(process.platform !== "linux")("a full disk, and a folder where nothing can be made", async () => {
    await symlink("/dev/full", join(folder, "full.safetensors"));
    const { code, stderr } = await bnem(...argv("full.safetensors"));
    expect([code, /disk is full/.test(stderr)], stderr).toEqual([1, true]);
    const proc = await bnem(...argv("/proc/model.safetensors"));
    expect([proc.code, proc.stderr.includes("/proc/model.safetensors")], proc.stderr).toEqual([1, true]);
  });

  test.each([
    ["a folder that does not exist", "absent/model.safetensors", /folder/],
    ["a name that is a folder", "taken.safetensors", /it is a folder/],
  ])("%s", async (_, name, text) => {
    if (name.startsWith("taken")) await mkdir(join(folder, name));
    const { code, stderr, stdout } = await bnem(...argv(name));
    expect([code, text.test(stderr)], stderr).toEqual([1, true]);
    expect(stdout).toBe("");
  });

  test("what a kill leaves behind is hidden and temporary; nothing else is", async () => {
    const left = (await readdir(folder)).filter((name) => name.startsWith("."));
    for (const name of left) expect(name).toMatch(/^\..*-killed\.safetensors\.\d+-\d+\.tmp$/);
  });
});
