/**
 * Whole files or none: a crash, a full disk or a signal at any moment leaves either the old file or the new one. A kill between the
 * first byte and the rename leaves a hidden `.name.<pid>-<n>.tmp` beside the target, never a half-written target.
 */
import * as nodeFiles from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The calls used; tests give their own to play full and read-only disks. */
export type FileSystem = Pick<typeof nodeFiles, "open" | "realpath" | "rename" | "stat" | "unlink">;

/** A file could not be written; what stood under its name before is untouched. `code` is the system's ("ENOSPC", ...). */
export class WriteError extends Error {
  readonly code: string;
  readonly path: string;
  constructor(path: string, code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.name = "WriteError";
    this.code = code;
    this.path = path;
  }
}

const REASONS: { readonly [code: string]: string } = {
  ENOSPC: "the disk is full; free some space or choose another disk",
  EDQUOT: "the disk quota is used up; free some space or choose another disk",
  EROFS: "the file system is read-only; choose another folder",
  EACCES: "permission denied; choose a folder you may write to",
  EPERM: "not permitted; choose a folder you may write to",
  EISDIR: "it is a folder; give a file name",
  ENOENT: "the folder does not exist; create it first",
  ENOTDIR: "a part of the path is a file, not a folder; check the path",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  EFBIG: "the file system does not take files of this size; choose another disk",
  EIO: "the disk reported an error; choose another disk",
};

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "UNKNOWN";
}

function writeError(path: string, cause: unknown): WriteError {
  const code = codeOf(cause);
  const reason = REASONS[code] ?? (cause as Error).message;
  return new WriteError(path, code, `cannot write ${path}: ${reason} (${code})`, cause);
}

/** Where the bytes end up: symbolic links are followed, so the link stays. `kind` "special" is a device or pipe. */
async function resolveTarget(
  path: string,
  fs: FileSystem,
): Promise<{ target: string; kind: "new" | "file" | "special"; mode: number }> {
  try {
    const target = await fs.realpath(path);
    const found = await fs.stat(target);
    if (found.isDirectory()) throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
    return { target, kind: found.isFile() ? "file" : "special", mode: found.mode & 0o777 };
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw cause;
    return { target: path, kind: "new", mode: 0o666 };
  }
}

/** Writes and closes; `mode` restores permissions that the umask took, where it took any: Node's permission model allows no change of them. */
async function fill(file: nodeFiles.FileHandle, bytes: Uint8Array, lasting: boolean, mode?: number): Promise<void> {
  try {
    await file.writeFile(bytes);
    if (mode !== undefined && ((await file.stat()).mode & 0o777) !== mode) await file.chmod(mode);
    if (lasting) await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename last through a power cut; not every system can open a folder, and then there is nothing to do. */
async function syncFolder(folder: string, fs: FileSystem): Promise<void> {
  try {
    const handle = await fs.open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {}
}

let counter = 0;

/**
 * Writes all bytes under a temporary name in the same folder, flushes them, and renames. An existing file keeps its permissions, and
 * a write-protected one is refused; a symbolic link is followed. Devices and pipes (`/dev/stdout`) are written to directly: a rename
 * would replace them.
 * @throws WriteError; the temporary file is removed and what was there before is untouched.
 */
export async function writeAtomically(path: string, bytes: Uint8Array, fs: FileSystem = nodeFiles): Promise<void> {
  let temporary: string | undefined;
  try {
    const { target, kind, mode } = await resolveTarget(path, fs);
    if (kind === "special") return await fill(await fs.open(target, "w"), bytes, false);
    // The rename would replace a write-protected file; opening it asks the system whether it may be changed.
    if (kind === "file") await (await fs.open(target, "r+")).close();
    const folder = dirname(target);
    const name = join(folder, `.${basename(target).slice(0, 64)}.${process.pid}-${counter++}.tmp`);
    // "wx": never writes into something that is already there, so only a file of our own is ever removed.
    const file = await fs.open(name, "wx", mode);
    temporary = name;
    await fill(file, bytes, true, kind === "file" ? mode : undefined);
    await fs.rename(name, target);
    temporary = undefined;
    await syncFolder(folder, fs);
  } catch (cause) {
    if (temporary !== undefined) await fs.unlink(temporary).catch(() => {});
    throw writeError(path, cause);
  }
}
