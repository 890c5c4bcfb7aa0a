/**
 * One declaration file from the compiler's many: keeps what the entry's exports reach, drops the rest, and refuses a public type
 * that needs a package the user does not have (no tensor in any signature).
 */
import { readDeclarationFile, skipQuiet, target } from "./declaration-files.mjs";

const word = /[A-Za-z_$][\w$]*/y;
const modifiers =
  /^(?:export\s+)?(?:declare\s+)?(?=(?:abstract\s+)?(?:interface|class|namespace|enum|type|function|const|let)\s)/gm;
const values = /^(?=(?:abstract\s+)?(?:class|namespace|enum|function|const|let)\s)/gm;

class DeclarationBundle {
  modules = new Map();
  /** Aliases that need another package's types: [{ file, name }]. */
  foreign = [];
  /** "file#name" -> name in the bundle. */
  finalNames = new Map();
  output = [];

  /** `written`: "file#name" -> text that replaces the declaration in its file. */
  constructor(written) {
    this.written = written;
  }

  load(file) {
    if (!this.modules.has(file)) this.modules.set(file, readDeclarationFile(file));
    return this.modules.get(file);
  }

  /** Follows re-exports and imports to the declaring module. */
  find(file, name, via) {
    if (!file.endsWith(".d.ts")) {
      throw new Error(`the public types need ${name} of the package ${file} (through ${via}); keep it out of signatures`);
    }
    const module = this.load(file);
    const next = module.exports.get(name) ?? module.imports.get(name);
    if (next && !(next.from === file && next.name === name)) return this.find(next.from, next.name, file);
    if (module.declarations.has(name)) return { file, name };
    for (const star of module.stars) {
      const found = this.find(star, name, file);
      if (found) return found;
    }
    return undefined;
  }

  exportsOf(file) {
    const module = this.load(file);
    return [...new Set([...module.stars.flatMap((star) => this.exportsOf(star)), ...module.exports.keys()])];
  }

  /** Final name of a declaration; emits it and what it mentions. */
  include({ file, name }) {
    const id = `${file}#${name}`;
    if (this.finalNames.has(id)) return this.finalNames.get(id);
    const taken = new Set(this.finalNames.values());
    let final = name;
    for (let k = 1; taken.has(final); k++) final = `${name}$${k}`;
    this.finalNames.set(id, final);
    this.output.push(this.rewrite(file, name));
    return final;
  }

  /** The declaration's text, with its own comment where a written-out text replaces it. */
  declarationOf(module, name) {
    const original = module.declarations.get(name);
    const written = this.written.get(`${module.file}#${name}`);
    if (!written) return original;
    const doc = /^\/\*\*[\s\S]*?\*\/\n/.exec(original)?.[0] ?? "";
    return doc + written;
  }

  /** A type alias in terms of a package: `v.InferInput<...>`. */
  isForeign(module, declaration) {
    const alias = /^(?:\/\*\*[\s\S]*?\*\/\s*)?(?:export\s+)?(?:declare\s+)?type\s/.test(declaration);
    if (!alias) return false;
    const code = declaration.replace(/\/\*[\s\S]*?\*\//g, "");
    return [...module.imports].some(
      ([local, { from }]) => !from.endsWith(".d.ts") && new RegExp(`\\b${local}\\s*[.<]`).test(code),
    );
  }

  /** The declaration with every name it mentions replaced by that name in the bundle. */
  rewrite(file, name) {
    const module = this.load(file);
    const declaration = this.declarationOf(module, name);
    if (this.isForeign(module, declaration)) {
      this.foreign.push({ file, name });
      return "";
    }
    const text = declaration
      .replace(modifiers, "")
      .replace(/import\(["'](\.[^"']+)["']\)\.([\w$]+)/g, (_, path, inner) =>
        this.include(this.find(target(file, path), inner, file)),
      );
    let result = "";
    for (let i = 0; i < text.length; ) {
      const behind = skipQuiet(text, i);
      word.lastIndex = i;
      const token = behind > i ? text.slice(i, behind) : (word.exec(text)?.[0] ?? text[i]);
      i += token.length;
      const known = module.declarations.has(token) || module.imports.has(token);
      // `a.b` and the name in `b: ...`, `b?: ...`, `b(...)` are members, not references.
      const member = /\.\s*$/.test(result) || (token !== name && /^\??\s*[:(]/.test(text.slice(i)));
      result += known && !member ? this.include(this.find(file, token, `${name} in ${file}`)) : token;
    }
    return result.replace(values, "declare ");
  }
}

/**
 * Text of the declaration file `main` with everything it needs inside, and the aliases that must be written out first (text is
 * incomplete then): call again with their texts in `written`.
 */
export function bundleDeclarations(main, written = new Map()) {
  const bundle = new DeclarationBundle(written);
  const list = bundle.exportsOf(main).map((name) => {
    const found = bundle.find(main, name, main);
    if (!found) throw new Error(`${main}: ${name} is exported but declared nowhere`);
    const final = bundle.include(found);
    return final === name ? name : `${final} as ${name}`;
  });
  // A method [Symbol.dispose] is part of the types whatever the user's own lib setting.
  const disposable = bundle.output.some((text) => text.includes("Symbol.dispose"))
    ? '/// <reference lib="esnext.disposable" />\n'
    : "";
  return { text: `${disposable}${bundle.output.join("\n")}\nexport { ${list.join(", ")} };\n`, foreign: bundle.foreign };
}
