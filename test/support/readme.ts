/**
 * The README's code, as the reader gets it. Fenced blocks say in their info string what happens to them:
 *
 *   ```js runnable              its own ES module, run by Node in a bare project that has the packed package
 *   ```js runnable continues    the same, after the lines of the block before
 *   ```ts runnable              type-checked as it stands by the test, then run
 *   ```text output              what the runnable block just above prints, exactly
 *   ```sh runnable              `npm ...` lines are matched with package.json; `bnem ...` lines are run, in order, in one folder
 *   ```sh runnable tiny="..."   the same with these flags added to each `bnem train`, where the flags shown would take minutes
 *   ```js not-run="reason"      shown only; the reason is for whoever edits the README
 */
export interface Block {
  readonly language: string;
  readonly flags: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** Fenced blocks in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; info: string; line: number; lines: string[] } | undefined;
  markdown.split("\n").forEach((line, index) => {
    if (!open) {
      const fence = /^```(\w+)?\s*(.*)$/.exec(line);
      if (fence) open = { language: fence[1] ?? "", info: fence[2], line: index + 1, lines: [] };
    } else if (line.startsWith("```")) {
      const settings: Record<string, string> = {};
      const rest = open.info.replace(/([\w-]+)="([^"]*)"/g, (_, name, value) => {
        settings[name] = value;
        return "";
      });
      const flags = rest.split(/\s+/).filter(Boolean);
      blocks.push({ language: open.language, flags, settings, text: `${open.lines.join("\n")}\n`, line: open.line });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  });
  if (open) throw new Error(`README: the block opened on line ${open.line} is not closed`);
  return blocks;
}

const code = ["js", "ts", "sh"];

/** Blocks of code that say neither `runnable` nor `not-run`. */
export function unmarked(blocks: readonly Block[]): Block[] {
  return blocks.filter(
    (block) => code.includes(block.language) && !block.flags.includes("runnable") && !("not-run" in block.settings),
  );
}

export interface Program {
  readonly language: "js" | "ts";
  readonly source: string;
  readonly line: number;
  /** Exact output promised by the block below, if any. */
  readonly output?: string;
}

/** Runnable programs, continued blocks joined. */
export function programsOf(blocks: readonly Block[]): Program[] {
  const programs: Program[] = [];
  blocks.forEach((block, index) => {
    if ((block.language !== "js" && block.language !== "ts") || !block.flags.includes("runnable")) return;
    const next = blocks[index + 1];
    const before = programs[programs.length - 1];
    if (block.flags.includes("continues") && !before) throw new Error(`README line ${block.line}: continues what?`);
    const source = block.flags.includes("continues") ? `${before.source}${block.text}` : block.text;
    const output = next?.flags.includes("output") ? next.text : undefined;
    programs.push({ language: block.language, source, line: block.line, output });
  });
  return programs;
}

export interface Command {
  readonly words: readonly string[];
  readonly line: number;
}

/** Commands of the runnable sh blocks: prompts, comments and line continuations resolved, `tiny` flags added. */
export function commandsOf(blocks: readonly Block[]): Command[] {
  const commands: Command[] = [];
  for (const block of blocks) {
    if (block.language !== "sh" || !block.flags.includes("runnable")) continue;
    block.text
      .replaceAll("\\\n", " ")
      .split("\n")
      .forEach((raw, index) => {
        const text = raw.replace(/^\$ /, "").replace(/(^|\s)#.*$/, "");
        for (const part of text.split("&&")) {
          const words = (part.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
          if (words.length === 0) continue;
          const tiny =
            words[0] === "bnem" && words[1] === "train" ? (block.settings.tiny ?? "").split(/\s+/).filter(Boolean) : [];
          commands.push({ words: [...words, ...tiny], line: block.line + 1 + index });
        }
      });
  }
  return commands;
}
