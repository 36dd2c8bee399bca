import * as z from 'zod/mini';

/**
 * What the schema of a policy is built from. The schema says which keys there are, and whether a value is text, a
 * number or a list; the JSON Schema for editors and docs/policy-reference.md are generated from it. What a text may
 * say (`"10.0.0.0/8"`, `"!tcp"`) is the business of src/policy/check, which knows better what was meant: here it is
 * a TypeScript type, and a pattern for editors. Error texts complete the sentence `"key" has to be …`.
 */

/** What JSON Schema says of a value besides its type. */
export interface Meta {
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly { readonly enum?: readonly string[]; readonly pattern?: string }[];
  /** The name under which the JSON Schema keeps it once. */
  readonly id?: string;
  readonly title?: string;
}

type Schema = z.core.$ZodType;

/** A key that every mapping of its kind must have. */
export function required<S extends Schema>(schema: S, description: string, meta: Meta = {}): S {
  z.globalRegistry.add(schema, { description, ...meta });
  return schema;
}

/** A key that may be left out. */
export function optional<S extends Schema>(schema: S, description: string, meta: Meta = {}): z.ZodMiniOptional<S> {
  return z.optional(required(schema, description, meta));
}

/** Text of a grammar that TypeScript can spell out; what is not of it is found by the check. */
export function text<T extends string>(error: string, meta: Meta = {}): z.ZodMiniType<T, T> {
  const schema = z.string({ error });
  z.globalRegistry.add(schema, { ...meta });
  return schema as z.ZodMiniType<string, string> as z.ZodMiniType<T, T>;
}

/** One value, or a list of them. */
export function oneOrMore<S extends Schema>(item: S, error: string) {
  return z.union([item, z.array(item, { error })], { error });
}

export const DURATION = 'a duration like "90s", "10m", "1h" or "7d"';
export const DURATION_PATTERN = String.raw`^\s*[1-9]\d*\s*[smhd]\s*$`;
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`;

export const RANGE_PATTERN = String.raw`\d+(\s*-\s*\d+)?`;
export const SET_PATTERN = '@[A-Za-z][A-Za-z0-9_-]*';

export type Negatable<T extends string> = T | `!${T}`;
export type RangeText = `${number}` | `${number}-${number}`;
export type SetReference = `@${string}`;

/** The pattern of one of the alternatives, with or without `!`, blanks around it. */
export function negatablePattern(...alternatives: readonly string[]): string {
  return String.raw`^\s*!?\s*(${alternatives.join('|')})\s*$`;
}

/** A number, a range, or one of what else stands for numbers; `!` and one of them; or a list of these. */
export function numbers<T extends string = RangeText>(what = '', alternatives: readonly string[] = []) {
  const error = `a number, a range like "lo-hi"${what}, "!" and one of them, or a list of these`;
  const pattern = negatablePattern(RANGE_PATTERN, ...alternatives);
  return oneOrMore(z.union([z.int({ error }), text<Negatable<T>>(error, { pattern })], { error }), error);
}
