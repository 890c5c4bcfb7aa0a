/** Every name a user can import says what it is, in the declaration file that their editor reads. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

interface Declarations {
  /** Public name -> the declaration it stands for. */
  readonly exports: ReadonlyMap<string, { readonly name: string }>;
  /** Declared name -> its text, the comment directly above included. */
  readonly declarations: ReadonlyMap<string, string>;
}

const path = "../../build/declaration-files.mjs";
const { readDeclarationFile } = (await import(path)) as { readDeclarationFile(file: string): Declarations };

/** Exports without a docstring, or with one of fewer than three words. */
function undocumented({ exports, declarations }: Declarations): string[] {
  return [...exports].flatMap(([name, { name: declared }]) => {
    const text = declarations.get(declared);
    if (text === undefined) return [`${name} (not declared)`];
    const doc = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? "";
    return (doc.match(/[\w`]{2,}/g) ?? []).length >= 3 ? [] : [name];
  });
}

/** Option lists whose members all have a docstring of their own, and whose name says whose they are. */
const exceptions: string[] = [];

const built = readDeclarationFile("dist/bnem.d.ts");

test("every public export of dist/bnem.d.ts has a docstring", () => {
  expect(built.exports.size).toBeGreaterThan(100);
  expect(undocumented(built).filter((name) => !exceptions.includes(name))).toEqual([]);
});

test("every exception is a public name", () => {
  expect(exceptions.filter((name) => !built.exports.has(name))).toEqual([]);
});

test("control: exports without a docstring, with an empty one, and with the comment of a neighbour are found", () => {
  const folder = mkdtempSync(join(tmpdir(), "bnem-docstrings-"));
  try {
    const file = join(folder, "sample.d.ts");
    const lines = [
      "/** The number of the day, raw units. */",
      "declare const told: number;",
      "declare const bare: number;",
      "/** */",
      "interface Empty {\n    /** A member that is documented. */\n    readonly a: number;\n}",
      "// What a plain comment says is not shown by editors.",
      "declare function plain(x: number): number;",
      "/** Hidden helpers need none. */",
      "type Renamed$1 = string;",
      "declare const hidden: number;",
      "export { told, bare, Empty, plain, Renamed$1 as Renamed };",
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    expect(undocumented(readDeclarationFile(file))).toEqual(["bare", "Empty", "plain"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
