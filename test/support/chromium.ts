/** The headless Chromium of the tests: software WebGPU, no sandbox (tests run as root in containers), no calls home. */
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { inject } from "vitest";

const flags = [
  "--no-sandbox",
  "--headless",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
];

/** Why Chromium cannot run on this system, or "" when it must. */
export function chromiumProblem(): string {
  return inject("chromiumProblem");
}

/** Folder with the unpacked browser and SwiftShader. @throws Error with the remedy. */
export function chromiumFolder(): string {
  if (chromiumProblem() !== "") throw new Error(chromiumProblem());
  return inject("chromiumFolder");
}

/** Environment that gives Node and Deno the software Vulkan device shipped with Chromium. */
export function swiftshaderEnvironment(): Record<string, string> {
  const folder = chromiumFolder();
  return { VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"), LD_LIBRARY_PATH: folder, XDG_RUNTIME_DIR: folder };
}

/** Starts the browser; the caller closes it. */
export async function launchChromium(): Promise<Browser> {
  const folder = chromiumFolder();
  const libraries = [join(folder, "al2023/lib"), folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  const env = { ...process.env, LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: join(folder, "fonts"), HOME: folder } as Record<
    string,
    string
  >;
  return chromium.launch({ executablePath: join(folder, "chromium"), args: flags, env });
}
