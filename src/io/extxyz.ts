/**
 * Extended XYZ, the text format of molecular viewers and ASE: one frame per configuration,
 *
 *   13
 *   Properties=species:S:1:pos:R:3 energy=-43.25 log_weight=0.5 ancestor=12 log_z=0.013
 *   Ar 0.5 0.25 -1
 *   ...
 *
 * Numbers that belong to all frames stand in the first one. Coordinates are the target's own. In two dimensions z is written as 0 and dropped on reading. Refuses frames of different sizes, counts that do
 * not match the lines, and coordinates that are not finite, each with the number of the line.
 */
import { checkBatch, checkInteger, checkOptions } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import type { Batch, Particles } from "../core/types.js";

/** Configurations with what is known of each. */
export interface ExtxyzSamples {
  readonly x: Batch;
  /** kT, [n]. */
  readonly energy?: Float32Array;
  /** Natural log weights, [n]. */
  readonly logWeights?: Float64Array;
  /** Frames with equal numbers descend from one row, [n]. */
  readonly ancestors?: Int32Array;
  /** Numbers of all frames together, by name. */
  readonly scalars?: { readonly [name: string]: number | undefined };
}

/** Options of `writeExtxyz`. */
export interface WriteExtxyzOptions {
  /** Name of every particle; default "Ar". */
  readonly species?: string;
}

/** Options of `readExtxyz`: what the file must hold. */
export interface ReadExtxyzOptions {
  /** 2: z must be 0 and is dropped. Default 3. */
  readonly spatialDim?: 2 | 3;
  /** Particles every frame must have; default those of the first. */
  readonly count?: number;
}

/** Shortest text of nine digits at most, which give every f32 back. */
function text32(value: number): string {
  return String(Number(value.toPrecision(9)));
}

/** Numbers as Python's float() reads them. */
function text64(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/** Names of single frames; every other number of the first frame is one of all. */
const OF_FRAMES: readonly string[] = ["energy", "log_weight", "ancestor"];

function scalarFacts(call: string, scalars: NonNullable<ExtxyzSamples["scalars"]>): string[] {
  return Object.entries(scalars).flatMap(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name) || OF_FRAMES.includes(name)) {
      throw new RangeError(`${call}: scalars must have names like "log_z", not ${JSON.stringify(name)}`);
    }
    if (value !== undefined && typeof value !== "number") throw new TypeError(`${call}: scalars.${name} must be a number`);
    return value === undefined ? [] : [`${name}=${text64(value)}`];
  });
}

/**
 * Text of frames; reading it gives the same f32 coordinates.
 *
 * @throws TypeError / RangeError for a batch that is not finite or not of these particles, values that are not one per row, a species of more
 * than letters and digits, or spatialDim above 3
 */
export function writeExtxyz(samples: ExtxyzSamples, particles: Particles, options: WriteExtxyzOptions = {}): string {
  const call = "writeExtxyz";
  checkOptions(call, options, ["species"]);
  const { species = "Ar" } = options;
  if (typeof species !== "string" || !/^\w{1,16}$/.test(species)) {
    throw new RangeError(`${call}: species must be a word of letters and digits like "Ar", got ${JSON.stringify(species)}`);
  }
  const count = checkInteger(call, "particles.count", particles?.count, 1);
  const spatialDim = checkInteger(call, "particles.spatialDim", particles.spatialDim, 1, 3);
  const { x, energy, logWeights, ancestors, scalars = {} } = samples ?? {};
  checkBatch(call, x, count * spatialDim);
  for (const [name, values] of Object.entries({ energy, logWeights, ancestors })) {
    if (values !== undefined && values.length !== x.n) {
      throw new RangeError(`${call}: ${name} must hold n = ${x.n} numbers, got ${values.length}`);
    }
  }
  const zeros = " 0".repeat(3 - spatialDim);
  const lines: string[] = [];
  for (let row = 0; row < x.n; row++) {
    const facts = ["Properties=species:S:1:pos:R:3"];
    if (energy) facts.push(`energy=${Number.isFinite(energy[row]) ? text32(energy[row]) : text64(energy[row])}`);
    if (logWeights) facts.push(`log_weight=${text64(logWeights[row])}`);
    if (ancestors) facts.push(`ancestor=${ancestors[row]}`);
    if (row === 0) facts.push(...scalarFacts(call, scalars));
    lines.push(String(count), facts.join(" "));
    for (let at = row * x.dim; at < (row + 1) * x.dim; at += spatialDim) {
      lines.push(`${species} ${Array.from(x.data.subarray(at, at + spatialDim), text32).join(" ")}${zeros}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function bad(line: number, problem: string): BnemError {
  return new BnemError("bad-file", `readExtxyz: line ${line}: ${problem}`);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/;

/** A number as Fortran, C or Python write it; NaN and infinities by name; undefined when it is no number. */
function parsed(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  if (NUMBER.test(word)) return Number(word.replace(/[dD]/, "e"));
  const named = /^([+-]?)(nan|inf|infinity)$/i.exec(word);
  if (!named) return undefined;
  if (named[2].toLowerCase() === "nan") return Number.NaN;
  return named[1] === "-" ? -Infinity : Infinity;
}

/** Columns before the position and columns in all, from the comment; plain XYZ is a name and three numbers. */
function columnsOf(comment: string, line: number): { first: number; total: number } {
  const properties = /(?:^|\s)Properties=("?)([^\s"]*)\1/i.exec(comment)?.[2];
  if (properties === undefined) return { first: 1, total: 4 };
  const fields = properties.split(":");
  let total = 0;
  let first = -1;
  for (let k = 0; k < fields.length; k += 3) {
    const width = Number(fields[k + 2]);
    if (!Number.isInteger(width) || width < 1) throw bad(line, `Properties=${properties} is not a list of name:type:columns`);
    if (fields[k] === "pos") {
      if (width !== 3) throw bad(line, `pos must have 3 columns, Properties gives it ${width}`);
      first = total;
    }
    total += width;
  }
  if (first < 0) throw bad(line, "Properties names no pos; write coordinates as pos:R:3");
  return { first, total };
}

/** A number after `key=` in a comment; undefined where the key is absent. */
function factOf(comment: string, key: string, line: number): number | undefined {
  const word = new RegExp(`(?:^|\\s)${key}=("?)([^\\s"]*)\\1`).exec(comment)?.[2];
  if (word === undefined) return undefined;
  const value = parsed(word);
  if (value === undefined) throw bad(line, `${key}=${word} is not a number`);
  return value;
}

/** All `key=number` of a comment but those of single frames. */
function scalarsOf(comment: string): { [name: string]: number } {
  const scalars: { [name: string]: number } = {};
  // Texts with blanks in quotes may look like anything.
  const plain = comment.replace(/"[^"]*"/g, (text) => (/\s/.test(text) ? "" : text));
  for (const [, name, , word] of plain.matchAll(/(?:^|\s)([A-Za-z_]\w*)=("?)([^\s"]*)\2(?=\s|$)/g)) {
    const value = parsed(word);
    if (value !== undefined && !OF_FRAMES.includes(name)) scalars[name] = value;
  }
  return scalars;
}

/** Collects frames into arrays. */
class Frames {
  readonly coordinates: number[] = [];
  readonly facts = {
    energy: [] as (number | undefined)[],
    log_weight: [] as (number | undefined)[],
    ancestor: [] as (number | undefined)[],
  };
  scalars: { readonly [name: string]: number } = {};
  count = 0;

  constructor(
    private readonly lines: readonly string[],
    private readonly spatialDim: number,
    private readonly wanted: number | undefined,
  ) {}

  get n(): number {
    return this.facts.energy.length;
  }

  /** The number of particles that a frame announces. */
  private announced(at: number): number {
    const word = this.lines[at].trim();
    if (!/^\d+$/.test(word) || Number(word) < 1) {
      const hint = this.n > 0 ? `; if this is a particle, the count of the frame before is too small (${this.count})` : "";
      throw bad(
        at + 1,
        `expected the count of frame ${this.n + 1} alone on its line, got ${JSON.stringify(word.slice(0, 60))}${hint}`,
      );
    }
    const count = Number(word);
    if (this.wanted !== undefined && count !== this.wanted) {
      throw bad(
        at + 1,
        `frame ${this.n + 1} has ${count} particles, expected ${this.wanted}; choose the energy that fits the file`,
      );
    }
    if (this.n > 0 && count !== this.count) {
      throw bad(at + 1, `frame ${this.n + 1} has ${count} particles, the first has ${this.count}; write them to different files`);
    }
    return count;
  }

  /** Reads the frame that starts at a line; returns where the next one does. */
  read(at: number): number {
    const count = this.announced(at);
    this.count = count;
    const end = at + 2 + count;
    if (end > this.lines.length) {
      const there = Math.max(0, this.lines.length - at - 2);
      throw bad(
        this.lines.length,
        `the file ends after ${there} of the ${count} particles of frame ${this.n + 1}; it was cut off, or its count is wrong`,
      );
    }
    const comment = this.lines[at + 1];
    const columns = columnsOf(comment, at + 2);
    for (let line = at + 2; line < end; line++) this.particle(line, columns);
    if (this.n === 0) this.scalars = scalarsOf(comment);
    this.facts.ancestor.push(this.ancestor(comment, at + 2));
    this.facts.energy.push(factOf(comment, "energy", at + 2));
    this.facts.log_weight.push(factOf(comment, "log_weight", at + 2));
    return end;
  }

  private ancestor(comment: string, line: number): number | undefined {
    const value = factOf(comment, "ancestor", line);
    if (value === undefined || value === (value | 0)) return value;
    throw bad(line, `ancestor=${value} is not a whole number of 32 bits`);
  }

  private particle(line: number, { first, total }: { first: number; total: number }): void {
    const words = this.lines[line].trim().split(/\s+/);
    if (words.length < total) {
      const hint =
        words.length === 1 && /^\d+$/.test(words[0]) ? `; the count of frame ${this.n + 1} (${this.count}) is too large` : "";
      throw bad(line + 1, `expected ${total} columns of a particle, got ${words[0] === "" ? 0 : words.length}${hint}`);
    }
    for (let d = 0; d < 3; d++) {
      const word = words[first + d];
      const value = parsed(word);
      const axis = "xyz"[d];
      if (value === undefined) throw bad(line + 1, `${axis} is not a number: ${JSON.stringify(word)}`);
      if (!Number.isFinite(Math.fround(value)))
        throw bad(line + 1, `${axis} is ${word}; coordinates must be finite, leave this frame out`);
      if (d < this.spatialDim) this.coordinates.push(value);
      else if (value !== 0)
        throw bad(
          line + 1,
          `${axis} is ${word}, but the configurations were asked for in ${this.spatialDim} dimensions, where it must be 0`,
        );
    }
  }
}

/** One value per frame, or none: some frames with and some without are refused. */
function complete(values: readonly (number | undefined)[], key: string): number[] | undefined {
  const missing = values.indexOf(undefined);
  if (missing < 0) return values as number[];
  if (values.every((value) => value === undefined)) return undefined;
  throw new BnemError(
    "bad-file",
    `readExtxyz: frame ${missing + 1} has no ${key}, others do; write it for all frames or for none`,
  );
}

/**
 * Configurations [n, count * spatialDim] from text, with energies, log weights and ancestors where the comments hold them, and every other
 * number of the first comment in `scalars`. Other columns and keys are passed over. Coordinates are rounded to f32.
 *
 * @throws TypeError / RangeError for wrong arguments; BnemError "bad-file" naming the line and what to change
 */
export function readExtxyz(text: string, options: ReadExtxyzOptions = {}): ExtxyzSamples & { readonly particles: Particles } {
  const call = "readExtxyz";
  if (typeof text !== "string") throw new TypeError(`${call}: text must be a string`);
  checkOptions(call, options, ["spatialDim", "count"]);
  const spatialDim = checkInteger(call, "spatialDim", options.spatialDim ?? 3, 2, 3);
  const wanted = options.count === undefined ? undefined : checkInteger(call, "count", options.count, 1);
  const lines = text.replace(/\s+$/, "").split(/\r\n|\n|\r/);
  if (lines.length === 1 && lines[0] === "") throw bad(1, "the file is empty");
  const frames = new Frames(lines, spatialDim, wanted);
  for (let at = 0; at < lines.length; ) at = frames.read(at);
  const { count, n, coordinates, facts, scalars } = frames;
  const energy = complete(facts.energy, "energy");
  const logWeights = complete(facts.log_weight, "log_weight");
  const ancestors = complete(facts.ancestor, "ancestor");
  return {
    x: { data: Float32Array.from(coordinates), n, dim: count * spatialDim },
    particles: { count, spatialDim },
    ...(energy && { energy: Float32Array.from(energy) }),
    ...(logWeights && { logWeights: Float64Array.from(logWeights) }),
    ...(ancestors && { ancestors: Int32Array.from(ancestors) }),
    ...(Object.keys(scalars).length > 0 && { scalars }),
  };
}
