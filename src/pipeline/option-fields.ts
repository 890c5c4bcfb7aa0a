/**
 * From one valibot schema to everything else that must know the options: the checks with this package's error texts, the
 * plain field table the CLI makes its flags from, and JSON Schema for editors. It knows no option by name.
 */
import * as v from "valibot";
import { checkInteger, checkNumber, checkOneOf, checkOptions } from "../core/check.js";
import type { Json } from "../core/types.js";

/** One option as plain data: enough for a flag, a row of help and a JSON Schema property. */
export interface OptionField {
  readonly key: string;
  readonly kind: "integer" | "number" | "boolean" | "choice" | "text";
  readonly description: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** True: the minimum itself is refused (a length or a rate that must be above 0). */
  readonly exclusiveMinimum?: boolean;
  readonly choices?: readonly string[];
  readonly default?: Json;
}

/** The schemas this file understands: a flat object of optional scalars, made with the builders below. */
export type OptionSchema = v.ObjectSchema<v.ObjectEntries, undefined>;

export const MAX_SEED = Number.MAX_SAFE_INTEGER;

/** A whole number in [min, max]. */
export const integerField = (min: number, max: number, text: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max), v.description(text));

/** A finite number in [min, max]. */
export const numberField = (min: number, max: number, text: string) =>
  v.pipe(v.number(), v.finite(), v.minValue(min), v.maxValue(max), v.description(text));

/** A finite number above 0. */
export const positiveField = (text: string) => v.pipe(v.number(), v.finite(), v.gtValue(0), v.description(text));

export const booleanField = (text: string) => v.pipe(v.boolean(), v.description(text));

/** One of a few names. */
export const choiceField = <const T extends readonly string[]>(names: T, text: string) =>
  v.pipe(v.picklist(names), v.description(text));

interface PipeItem {
  readonly type: string;
  readonly requirement?: unknown;
  readonly description?: string;
  readonly options?: readonly string[];
}

/** The field table of a schema, in the order of its entries. */
export function optionFields(schema: OptionSchema): readonly OptionField[] {
  return Object.entries(schema.entries).map(([key, entry]) => {
    const optional = entry as unknown as { wrapped: { type: string; pipe?: readonly PipeItem[] }; default?: Json };
    const pipe = optional.wrapped.pipe ?? [];
    const find = (type: string) => pipe.find((item) => item.type === type);
    const above = find("gt_value");
    const choices = find("picklist")?.options;
    return {
      key,
      kind: choices ? "choice" : fieldKind(optional.wrapped.type, find("integer") !== undefined),
      description: find("description")?.description ?? "",
      minimum: (above ?? find("min_value"))?.requirement as number | undefined,
      maximum: find("max_value")?.requirement as number | undefined,
      exclusiveMinimum: above ? true : undefined,
      choices,
      default: optional.default,
    };
  });
}

function fieldKind(type: string, integer: boolean): OptionField["kind"] {
  if (type === "number") return integer ? "integer" : "number";
  return type === "boolean" ? "boolean" : "text";
}

/** Says what is wrong with one refused value, in the words the rest of the package uses. */
function refuse(call: string, field: OptionField, value: unknown): never {
  const { key } = field;
  if (field.choices) checkOneOf(call, key, value, field.choices);
  if (field.kind === "boolean") throw new TypeError(`${call}: ${key} must be true or false, got ${JSON.stringify(value)}`);
  if (field.kind === "integer") checkInteger(call, key, value, field.minimum ?? -Infinity, field.maximum);
  if (field.kind === "number") {
    checkNumber(call, key, value, field.minimum, field.maximum);
    const range = field.exclusiveMinimum ? `a finite number above ${field.minimum}` : "a finite number";
    throw new RangeError(`${call}: ${key} must be ${range}, got ${value}`);
  }
  throw new TypeError(`${call}: ${key} is not valid, got ${JSON.stringify(value)}`);
}

/**
 * Checks `options` against `schema` and fills the defaults. Keys in `values` may be present too; they are not looked at (they
 * carry live values such as a signal or an estimator, which no file can hold). Undefined means absent.
 *
 * @throws TypeError for a value of the wrong kind, RangeError for a wrong value or an unknown key, naming the nearest known one
 */
export function parseOptions<S extends OptionSchema>(
  call: string,
  schema: S,
  options: unknown,
  values: readonly string[] = [],
): v.InferOutput<S> {
  checkOptions(call, options, [...Object.keys(schema.entries), ...values]);
  const result = v.safeParse(schema, options ?? {});
  if (result.success) return result.output;
  const key = String(result.issues[0].path?.[0].key);
  const field = optionFields(schema).find((candidate) => candidate.key === key);
  if (!field) throw new TypeError(`${call}: ${result.issues[0].message}`);
  return refuse(call, field, (options as Record<string, unknown>)[key]);
}

/** JSON Schema (draft 2020-12) of a schema, for editors that complete configuration files. */
export function jsonSchemaOf(title: string, schema: OptionSchema): { readonly [name: string]: Json } {
  const properties: Record<string, Json> = {};
  for (const field of optionFields(schema)) {
    const property: Record<string, Json> = { description: field.description };
    if (field.choices) property.enum = [...field.choices];
    else property.type = field.kind === "text" ? "string" : field.kind;
    if (field.minimum !== undefined) property[field.exclusiveMinimum ? "exclusiveMinimum" : "minimum"] = field.minimum;
    if (field.maximum !== undefined) property.maximum = field.maximum;
    if (field.default !== undefined) property.default = field.default;
    properties[field.key] = property;
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    type: "object",
    properties,
    additionalProperties: false,
  };
}
