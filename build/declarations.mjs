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
  /** "file#name" -> name in the bundle. */
  finalNames = new Map();
  output = [];

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

  /** The declaration with every name it mentions replaced by that name in the bundle. */
  rewrite(file, name) {
    const module = this.load(file);
    const text = module.declarations
      .get(name)
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
      result += known && !member ? this.include(this.find(file, token, file)) : token;
    }
    return result.replace(values, "declare ");
  }
}

/** Text of the declaration file `main` with everything it needs inside. */
export function bundleDeclarations(main) {
  const bundle = new DeclarationBundle();
  const list = bundle.exportsOf(main).map((name) => {
    const found = bundle.find(main, name, main);
    if (!found) throw new Error(`${main}: ${name} is exported but declared nowhere`);
    const final = bundle.include(found);
    return final === name ? name : `${final} as ${name}`;
  });
  return `${bundle.output.join("\n")}\nexport { ${list.join(", ")} };\n`;
}
