/**
 * Which tfjs kernels, gradients and operations are in a bundle though no module that is reached by name from src/ asks for them. esbuild
 * decides by side effects what to keep; this follows names instead, in the sources, so it notices what esbuild keeps for no one.
 */
import { readFileSync } from "node:fs";
import type { Metafile } from "esbuild";

const guarded = /@tensorflow\/tfjs-(backend-\w+\/dist\/kernels|core\/dist\/(gradients|ops))\//;
/** Modules that only pass on what others export, or register everything: to import one is not to ask for all of it. */
const hub = /@tensorflow\/tfjs-[\w-]+\/dist\/(index|base|shared|kernel_utils\/shared|ops\/ops|register_all_\w+)\.js$/;
/** What tfjs-core does when it is imported. */
const start = /tfjs-core\/dist\/base_side_effects\.js$/;

interface Statement {
  /** [name in the other module, name here]. */
  readonly names: readonly (readonly [string, string])[];
  readonly specifier: string;
  /** `* as name` or `*`. */
  readonly star?: string;
  readonly exports: boolean;
}

function statementsOf(text: string): Statement[] {
  const pattern = /^\s*(import|export)\s+(?:\* as (\w+)|(\*)|\{([^{}]*)\})\s+from\s+["']([^"']+)["']/gm;
  return [...text.matchAll(pattern)].map(([, verb, namespace, star, list, specifier]) => ({
    names: (list ?? "")
      .split(",")
      .filter((item) => item.trim() !== "" && !/^\s*type\s/.test(item))
      .map((item) => {
        const [from, to] = item.trim().split(/\s+as\s+/);
        return [from, to ?? from] as const;
      }),
    specifier,
    star: namespace ?? star,
    exports: verb === "export",
  }));
}

class Reach {
  readonly reached = new Set<string>();
  private readonly texts = new Map<string, string>();

  constructor(private readonly meta: Metafile) {}

  private text(path: string): string {
    const known = this.texts.get(path) ?? readFileSync(path, "utf8");
    this.texts.set(path, known);
    return known;
  }

  /** The file that `specifier` stands for in `path`, as esbuild resolved it. */
  private target(path: string, specifier: string): string | undefined {
    return this.meta.inputs[path]?.imports.find((item) => item.original === specifier)?.path;
  }

  /** Everything that the module needs, whichever of its exports is asked for. */
  visit(path: string): void {
    if (this.reached.has(path) || !this.meta.inputs[path]) return;
    this.reached.add(path);
    for (const { path: target } of this.meta.inputs[path].imports) if (!hub.test(target)) this.visit(target);
    if (!/\.[jt]s$/.test(path)) return;
    const text = this.text(path);
    for (const { names, specifier, star } of statementsOf(text)) {
      const target = this.target(path, specifier);
      if (!target || !hub.test(target)) continue;
      const members = star ? [...text.matchAll(new RegExp(`\\b${star}\\.(\\w+)`, "g"))].map(([, name]) => name) : [];
      for (const name of [...names.map(([from]) => from), ...members]) this.ask(target, name);
    }
  }

  /** What stands behind one export of a hub; a name it does not have is a type. */
  private ask(path: string, name: string): boolean {
    if (!hub.test(path)) {
      this.visit(path);
      return new RegExp(`\\bexport\\b[^;]*\\b${name}\\b`).test(this.text(path));
    }
    const statements = statementsOf(this.text(path));
    const follow = (statement: Statement, wanted: string) => {
      const target = this.target(path, statement.specifier);
      return target !== undefined && this.ask(target, wanted);
    };
    for (const statement of statements) {
      const pair = statement.names.find(([, to]) => to === name);
      if (pair) return follow(statement, pair[0]);
      if (statement.star === name) return follow(statement, "");
    }
    // The webgpu backend takes the cpu backend's part asunder: `const { addImpl: addImplCPU } = shared`.
    const taken = new RegExp(`\\b(\\w+): ${name}\\b`).exec(this.text(path))?.[1];
    const shared = statements.find((statement) => statement.star === "shared");
    if (taken && shared) return follow(shared, taken);
    return statements.filter((statement) => statement.star === "*").some((statement) => this.passes(path, statement, name));
  }

  /** `export *`: asks on only where the module has the name, so that looking does not count as asking. */
  private passes(path: string, statement: Statement, name: string): boolean {
    const target = this.target(path, statement.specifier);
    if (!target) return false;
    if (hub.test(target)) return this.ask(target, name);
    if (!new RegExp(`^export [^;]*\\b${name}\\b`, "m").test(this.text(target))) return false;
    return this.ask(target, name);
  }
}

/** Paths, each with its bytes in the bundle, largest first. */
export function unusedTfjs(meta: Metafile): string[] {
  const reach = new Reach(meta);
  for (const path of Object.keys(meta.inputs)) if (/^src\//.test(path) || start.test(path)) reach.visit(path);
  const inside = Object.values(meta.outputs).flatMap((output) => Object.entries(output.inputs));
  return inside
    .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && guarded.test(path) && !reach.reached.has(path))
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .map(([path, { bytesInOutput }]) => `${path} (${bytesInOutput} bytes)`);
}
