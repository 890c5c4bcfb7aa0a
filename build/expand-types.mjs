/**
 * Type aliases computed from another package's types (the option types, from the valibot schema) written out as plain objects, so that
 * users need no such package. The compiler does it: the type of `{ ...value }` is printed member by member. Descriptions and defaults
 * come from the schema itself, through the bundle's `describeOptions`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** `folder`: the emitted declarations of src/. `aliases`: [{ file, name }]. Returns Map "file#name" -> declaration text. */
export async function expandTypes(folder, aliases) {
  const work = `${folder}-expand`;
  await mkdir(work, { recursive: true });
  const lines = aliases.map(({ file, name }, i) => {
    const source = join("src", relative(folder, file)).replace(/\.d\.ts$/, ".js");
    const path = relative(work, source).replaceAll("\\", "/");
    return `import type { ${name} as T${i} } from "${path}";\ndeclare const v${i}: T${i};\nexport const e${i} = { ...v${i} };\n`;
  });
  await writeFile(join(work, "expand.ts"), lines.join(""));
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: resolve("."),
    outDir: resolve(work, "out"),
  };
  const files = ["expand.ts", relative(work, "src/core/assets.d.ts")];
  await writeFile(
    join(work, "tsconfig.json"),
    JSON.stringify({ extends: resolve("tsconfig.json"), compilerOptions, files, include: [] }),
  );
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", join(work, "tsconfig.json")], { stdio: "inherit" });
  const text = readFileSync(join(work, "out", work, "expand.d.ts"), "utf8");
  const describe = await optionTexts();
  const result = new Map();
  aliases.forEach(({ file, name }, i) => {
    const body = new RegExp(`export declare const e${i}: (\\{[\\s\\S]*?\\n\\});`).exec(text)?.[1];
    if (!body) throw new Error(`${name}: only object types can be written out`);
    result.set(`${file}#${name}`, `export type ${name} = ${describe(name, body)};`);
  });
  return result;
}

/** Descriptions by option name, from the library just built; none while it has no `describeOptions`. */
async function optionTexts() {
  const bnem = await import(`${pathToFileURL(resolve("dist/bnem.js")).href}?${Date.now()}`);
  return (name, body) => {
    const verb = /^(?:Resolved)?(Train|Sample|Evaluate)Settings$/.exec(name)?.[1].toLowerCase();
    if (!verb || !bnem.describeOptions) return body;
    const fields = new Map(bnem.describeOptions(verb).map((field) => [field.key, field]));
    return body.replace(/^( +)(?:readonly )?([\w$]+)\??:/gm, (line, indent, key) => {
      const field = fields.get(key);
      if (!field?.description) return line;
      const fallback = field.default === undefined ? "" : `; default ${JSON.stringify(field.default)}`;
      return `${indent}/** ${field.description}${fallback} */\n${line}`;
    });
  };
}
