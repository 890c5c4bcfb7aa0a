/**
 * Unpacks the Chromium that ships inside @sparticuz/chromium once per test run, into a private folder removed at the end.
 *
 * The package unpacks into the temporary folder and returns any file already called `chromium` there unchecked, so it runs in a
 * child process whose temporary folder is a fresh mkdtemp. It unpacks the system libraries a bare Debian lacks (libnss3,
 * libnspr4, ...) only when it believes to be on Amazon's Linux, hence the variable.
 */
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the unpacked browser, or "" with the reason beside it. */
    chromiumFolder: string;
    chromiumProblem: string;
  }
}

/**
 * The shipped settings look for fonts in fixed folders of Amazon's Linux and in /tmp. With no font found, Chromium ends with
 * "SkFontMgr_FontConfigInterface: Not implemented" at the first form control it draws.
 */
const fontSettings = (folder: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}/fonts/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>
`;

const script = 'const { default: chromium } = await import("@sparticuz/chromium"); console.log(await chromium.executablePath());';

export default async function setup(project: TestProject) {
  if (process.platform !== "linux" || process.arch !== "x64") {
    project.provide("chromiumFolder", "");
    project.provide("chromiumProblem", `the bundled Chromium is for linux-x64, this is ${process.platform}-${process.arch}`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "bnem-chromium-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const env = { ...process.env, TMPDIR: folder, HOME: folder, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" };
    await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { env });
    for (const part of ["chromium", "al2023/lib", "libvk_swiftshader.so", "vk_swiftshader_icd.json"]) {
      if (!existsSync(join(folder, part))) throw new Error(`${part} was not unpacked`);
    }
    writeFileSync(join(folder, "fonts/fonts.conf"), fontSettings(folder));
    project.provide("chromiumFolder", folder);
    project.provide("chromiumProblem", "");
  } catch (error) {
    project.provide("chromiumFolder", "");
    project.provide(
      "chromiumProblem",
      `unpacking @sparticuz/chromium failed (${error}); run \`npm ci\` again and free 500 MB in ${tmpdir()}`,
    );
  }
  return remove;
}
