/** dist/NOTICE: the licence of every package whose code is inside an output, read from the packages themselves. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { put } from "./outputs.mjs";

/** Not in any metafile: the runtime library compiled into the kernels. */
const compiledIn = ["node_modules/assemblyscript"];

function packageFolders(metas) {
  const folders = new Set(compiledIn);
  for (const meta of metas) {
    for (const output of Object.values(meta.outputs)) {
      for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
        const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
        // "(disabled):node_modules/x" is an empty module that stands for a Node-only package.
        if (folder && bytesInOutput > 0 && !file.startsWith("(disabled)")) folders.add(folder);
      }
    }
  }
  return [...folders].sort();
}

/** The package's licence text, its README's licence section, or for Apache-2.0 the text another inlined package carries. */
function licenceText(folder, manifest) {
  const own = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  if (own.length > 0) return own.map((name) => readFileSync(join(folder, name), "utf8").trim()).join("\n\n");
  const readme = join(folder, "README.md");
  const section =
    existsSync(readme) &&
    /^#*\s*LICEN[CS]E[^\n]*\n[-=]*\n([\s\S]*Permission is hereby granted[\s\S]*)/im.exec(readFileSync(readme, "utf8"));
  if (section) return section[1].trim();
  const fromSource = /Apache License, Version 2\.0|Apache-2\.0/;
  if (fromSource.test(manifest.license ?? ""))
    return "Licensed under the Apache License, Version 2.0; its text stands in this file under assemblyscript.";
  throw new Error(`${folder}: no licence text found (package.json says ${manifest.license}); NOTICE would be incomplete`);
}

export async function writeNotice(metas) {
  const parts = ["The files of this package contain code of the following packages, each under its own licence.\n"];
  for (const folder of packageFolders(metas)) {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const rule = "-".repeat(80);
    parts.push(
      `${rule}\n${manifest.name} ${manifest.version} (${manifest.license})\n${rule}\n\n${licenceText(folder, manifest)}\n`,
    );
  }
  await put("NOTICE", parts.join("\n"));
}
