import { randomUUID } from "node:crypto";
import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FileSystem, WriteError, writeAtomically } from "../../src/cli/atomic-write.js";

let root: string;
let folder: string;
beforeAll(async () => {
  root = await files.mkdtemp(join(tmpdir(), "bnem-atomic-"));
});
afterAll(() => files.rm(root, { recursive: true }));

/** A folder of its own for every call. */
async function fresh(): Promise<string> {
  folder = join(root, randomUUID());
  await files.mkdir(folder);
  return folder;
}

const old = Uint8Array.of(1, 2, 3);
const next = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
const read = async (path: string) => new Uint8Array(await files.readFile(path));

/** The real file system with some calls of an open file replaced. */
function failing(
  call: "writeFile" | "sync" | "close" | "chmod",
  code: string,
  first: Uint8Array = new Uint8Array(0),
): FileSystem {
  const fail = Object.assign(new Error(code), { code });
  return {
    ...files,
    open: async (...args) => {
      const file = await files.open(...args);
      if (!String(args[0]).endsWith(".tmp")) return file;
      const real = file[call].bind(file) as () => Promise<void>;
      const broken = async () => {
        if (call === "writeFile") await file.write(first);
        if (call === "close") await real();
        throw fail;
      };
      return Object.assign(file, { [call]: broken });
    },
  };
}

describe("writeAtomically", () => {
  it("writes a new file and replaces an old one, leaving nothing else in the folder", async () => {
    const path = join(await fresh(), "m.safetensors");
    await writeAtomically(path, old);
    expect(await read(path)).toEqual(old);
    await writeAtomically(path, next);
    expect(await read(path)).toEqual(next);
    expect(await files.readdir(folder)).toEqual(["m.safetensors"]);
  });

  it("writes no bytes, and names with odd characters", async () => {
    const path = join(await fresh(), `é ${"x".repeat(200)}.npz`);
    await writeAtomically(path, new Uint8Array(0));
    expect(await read(path)).toEqual(new Uint8Array(0));
  });

  it("never shows a reader half a file", async () => {
    const path = join(await fresh(), "x");
    const contents = [7, 8].map((value) => new Uint8Array(200_000).fill(value));
    await writeAtomically(path, contents[0]);
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 40; i++) await writeAtomically(path, contents[i & 1]);
      writing = false;
    })();
    let reads = 0;
    for (; writing; reads++) {
      const seen = await read(path);
      expect(seen.length).toBe(200_000);
      expect(new Set(seen).size).toBe(1);
    }
    await writer;
    expect(reads).toBeGreaterThan(10);
  });

  it("keeps the permissions of what it replaces", async () => {
    const path = join(await fresh(), "x");
    await files.writeFile(path, old);
    await files.chmod(path, 0o666);
    await writeAtomically(path, next);
    if (process.platform !== "win32") expect((await files.stat(path)).mode & 0o777).toBe(0o666);
  });

  it("follows a symbolic link and leaves it a link", async () => {
    const target = join(await fresh(), "target");
    const link = join(folder, "link");
    await files.writeFile(target, old);
    await files.symlink(target, link);
    await writeAtomically(link, next);
    expect(await read(target)).toEqual(next);
    expect((await files.lstat(link)).isSymbolicLink()).toBe(true);
  });

  it("writes into a device or pipe instead of replacing it", async () => {
    const path = join(await fresh(), "device");
    await files.writeFile(path, old);
    const device: FileSystem = {
      ...files,
      stat: (async () => ({ isDirectory: () => false, isFile: () => false, mode: 0o20666 })) as never,
    };
    const { ino } = await files.stat(path);
    await writeAtomically(path, next, device);
    expect(await read(path)).toEqual(next);
    expect((await files.stat(path)).ino).toBe(ino);
  });
});

describe("writeAtomically when it cannot", () => {
  async function expectUntouched(fs: FileSystem, code: string, message: RegExp) {
    for (const before of [old, undefined]) {
      const path = join(await fresh(), "m.safetensors");
      if (before) await files.writeFile(path, before);
      const error = await writeAtomically(path, next, fs).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(WriteError);
      expect(error).toMatchObject({ name: "WriteError", code, path, message: expect.stringMatching(message), cause: { code } });
      expect(await files.readdir(folder)).toEqual(before ? ["m.safetensors"] : []);
      if (before) expect(await read(path)).toEqual(before);
    }
  }

  it("full disk, in the middle of the bytes", () =>
    expectUntouched(failing("writeFile", "ENOSPC", next.subarray(0, 400)), "ENOSPC", /disk is full/));
  it("full disk, found by the flush", () => expectUntouched(failing("sync", "ENOSPC"), "ENOSPC", /disk is full/));
  it("full disk, found by closing", () => expectUntouched(failing("close", "EDQUOT"), "EDQUOT", /quota/));
  it("an error of the disk", () => expectUntouched(failing("writeFile", "EIO"), "EIO", /disk reported an error/));

  for (const [code, message] of [
    ["EROFS", /read-only/],
    ["EACCES", /permission denied/],
    ["EXDEV", /EXDEV/],
  ] as const) {
    const fail = Promise.reject.bind(Promise, Object.assign(new Error(code), { code })) as () => Promise<never>;
    it(`${code} on opening`, () => expectUntouched({ ...files, open: fail }, code, message));
    it(`${code} on renaming`, () => expectUntouched({ ...files, rename: fail }, code, message));
  }

  it("a write-protected file is refused, not replaced", async () => {
    const path = join(await fresh(), "x");
    await files.writeFile(path, old);
    const refuse = Object.assign(new Error("EACCES"), { code: "EACCES" });
    const fs: FileSystem = {
      ...files,
      open: async (...args) => (args[0] === path ? Promise.reject(refuse) : files.open(...args)),
    };
    await expect(writeAtomically(path, next, fs)).rejects.toMatchObject({ code: "EACCES" });
    expect(await read(path)).toEqual(old);
  });

  it("a folder, a missing folder, a path through a file, a name that is too long", async () => {
    const file = join(await fresh(), "file");
    await files.writeFile(file, old);
    await expect(writeAtomically(folder, next)).rejects.toMatchObject({
      code: "EISDIR",
      message: expect.stringContaining("it is a folder"),
    });
    await expect(writeAtomically(join(folder, "no", "x"), next)).rejects.toMatchObject({
      code: "ENOENT",
      message: /folder does not exist/,
    });
    const through = writeAtomically(join(file, "x"), next);
    // Windows says ENOENT here.
    await expect(through).rejects.toMatchObject({ name: "WriteError", code: expect.stringMatching(/^ENOTDIR|ENOENT$/) });
    await expect(writeAtomically(join(folder, "x".repeat(300)), next)).rejects.toBeInstanceOf(WriteError);
    expect(await files.readdir(folder)).toEqual(["file"]);
    expect(await read(file)).toEqual(old);
  });

  it("removes only its own temporary file", async () => {
    await fresh();
    const taken = Object.assign(new Error("EEXIST"), { code: "EEXIST" });
    const removed: string[] = [];
    const fs: FileSystem = {
      ...files,
      open: () => Promise.reject(taken),
      unlink: async (path) => void removed.push(String(path)),
    };
    await expect(writeAtomically(join(folder, "x"), next, fs)).rejects.toBeInstanceOf(WriteError);
    expect(removed).toEqual([]);
  });
});
