/**
 * Node, Deno and Bun as the tests start them. Node is the one running the tests: the system's own. Deno and Bun come from
 * npm packages; with install scripts off their binaries stay in the platform package, so both places are looked at.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export type RuntimeName = "node" | "deno" | "bun";

/** On linux-x64 every runtime must start: its absence is a failure there and a named omission elsewhere. */
export const complete = process.platform === "linux" && process.arch === "x64";

const root = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "../..");
const require = createRequire(import.meta.url);

function packageFolder(name: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    const folder = join(root, "node_modules", name);
    return existsSync(folder) ? folder : undefined;
  }
}

function candidates(name: RuntimeName): string[] {
  if (name === "node") return [process.execPath];
  const exe = process.platform === "win32" ? ".exe" : "";
  const cpu = process.arch === "arm64" ? "arm64" : "x64";
  const system = process.platform === "win32" ? "windows" : process.platform;
  const places: [string, string][] =
    name === "deno"
      ? [
          ["deno", `deno${exe}`],
          [`@deno/${process.platform}-${cpu}${system === "linux" ? "-glibc" : ""}`, `deno${exe}`],
        ]
      : [
          [`@oven/bun-${system}-${cpu === "arm64" ? "aarch64" : "x64"}`, `bin/bun${exe}`],
          ["bun", "bin/bun.exe"],
        ];
  return places.flatMap(([pack, file]) => {
    const folder = packageFolder(pack);
    return folder === undefined ? [] : [join(folder, file)];
  });
}

/** Path of the binary. @throws Error with the remedy when it is not installed. */
export function runtimePath(name: RuntimeName): string {
  const found = candidates(name).find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    `no ${name} binary in node_modules for ${process.platform}-${process.arch}: run \`npm ci\` (optional packages included)`,
  );
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  readonly timeout?: number;
}

/** Runs a program to its end; kills it after `timeout` ms (60 s). Never throws for an exit code. */
export function run(file: string, parameters: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      NODE_OPTIONS: undefined,
      FORCE_COLOR: undefined,
      NO_COLOR: "1",
      ...options.env,
    } as NodeJS.ProcessEnv;
    const child: ChildProcess = spawn(file, parameters, { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeout ?? 60_000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs a program that must succeed; the error carries all it printed. */
export async function mustRun(file: string, parameters: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(file, parameters, options);
  if (code !== 0) throw new Error(`${[file, ...parameters].join(" ")} ended with code ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Starts a script without any permission, configuration, network or node_modules. */
export function scriptCommand(name: RuntimeName, script: string): [string, string[]] {
  const binary = runtimePath(name);
  if (name === "deno") return [binary, ["run", "--no-config", "--no-prompt", "--no-remote", "--no-npm", "--cached-only", script]];
  // V8 refuses eval and new Function outright: the promise to strict-CSP pages, tested outside a page as well.
  if (name === "node") return [binary, ["--disallow-code-generation-from-strings", script]];
  return [binary, ["run", "--no-install", script]];
}
