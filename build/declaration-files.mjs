/** Reads one .d.ts file as tsc writes them: top-level statements, named imports, re-exports. Not TypeScript at large. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const blockKinds = /^(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:interface|class|namespace|enum)\b/;
const declared =
  /^(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:interface|class|namespace|enum|type|function|const|let)\s+([\w$]+)/;

/** Index behind a comment or string that starts at `i`, or `i`. */
export function skipQuiet(text, i) {
  if (text.startsWith("//", i)) return text.indexOf("\n", i) + 1 || text.length;
  if (text.startsWith("/*", i)) return text.indexOf("*/", i) + 2;
  const quote = text[i];
  if (quote !== '"' && quote !== "'" && quote !== "`") return i;
  let end = i + 1;
  while (text[end] !== quote) end += text[end] === "\\" ? 2 : 1;
  return end + 1;
}

/** Top-level statements: { doc, code }, where doc is the comment directly above. */
function statements(text) {
  const found = [];
  let at = 0;
  let code = "";
  let doc = "";
  let depth = 0;
  const finish = () => {
    if (code.trim() !== "") found.push({ doc, code: code.trim() });
    code = "";
    doc = "";
  };
  while (at < text.length) {
    const behind = skipQuiet(text, at);
    if (behind > at) {
      const piece = text.slice(at, behind);
      if (code.trim() === "" && piece.startsWith("/")) doc = piece.startsWith("/**") ? piece : "";
      else code += piece;
      at = behind;
      continue;
    }
    const c = text[at++];
    code += c;
    if ("({[".includes(c)) depth++;
    if (")}]".includes(c)) depth--;
    if (depth === 0 && (c === ";" || (c === "}" && blockKinds.test(code.trim())))) finish();
  }
  finish();
  return found;
}

/** `a, type b as c` -> [[imported, local], ...]. */
function names(list) {
  const parts = list.split(",").map((part) => part.trim().replace(/^type\s+/, ""));
  return parts.filter(Boolean).map((part) => {
    const [from, to] = part.split(/\s+as\s+/);
    return [from, to ?? from];
  });
}

/** Where a specifier points: a .d.ts file, or a package's name unchanged. */
export function target(file, path) {
  return path.startsWith(".") ? join(dirname(file), path).replace(/\.js$/, ".d.ts") : path;
}

/** What each kind of statement adds to the module. */
const readers = [
  [
    /^import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+["']([^"']+)["']/,
    (module, [, list, path]) => {
      for (const [name, local] of names(list)) module.imports.set(local, { from: target(module.file, path), name });
    },
  ],
  [
    /^import\s+(?:type\s+)?(?:\*\s+as\s+)?([\w$]+)\s+from\s+["']([^"']+)["']/,
    (module, [, local, path]) => module.imports.set(local, { from: path, name: "*" }),
  ],
  [
    /^export\s+(?:type\s+)?\{([^}]*)\}\s+from\s+["']([^"']+)["']/,
    (module, [, list, path]) => {
      for (const [name, local] of names(list)) module.exports.set(local, { from: target(module.file, path), name });
    },
  ],
  [/^export\s+(?:type\s+)?\*\s+from\s+["']([^"']+)["']/, (module, [, path]) => module.stars.push(target(module.file, path))],
  [
    /^export\s+(?:type\s+)?\{([^}]*)\}/,
    (module, [, list]) => {
      for (const [name, local] of names(list)) module.exports.set(local, { from: module.file, name });
    },
  ],
  [
    declared,
    (module, [, name], { doc, code }) => {
      // Overloads of one function stand under one name.
      const before = module.declarations.get(name);
      module.declarations.set(name, `${before ? `${before}\n` : ""}${doc ? `${doc}\n` : ""}${code}`);
      if (code.startsWith("export")) module.exports.set(name, { from: module.file, name });
    },
  ],
  [/^import\s+["']/, () => {}],
];

/** @throws Error for a statement of a kind not listed above. */
export function readDeclarationFile(file) {
  const module = { file, declarations: new Map(), imports: new Map(), exports: new Map(), stars: [] };
  for (const statement of statements(readFileSync(file, "utf8"))) {
    const reader = readers.find(([pattern]) => pattern.test(statement.code));
    if (!reader) throw new Error(`${file}: statement not understood: ${statement.code.slice(0, 120)}`);
    reader[1](module, reader[0].exec(statement.code), statement);
  }
  return module;
}
