import * as z from 'zod/mini';
import { didYouMean } from '../../diagnostics/suggest.ts';
import type { Path, PolicyDocument } from '../parse/document.ts';
import { type Policy, policySchema } from '../schema/policy.ts';
import { kindOf, nameOf, unitOf, valueAt, without } from './data-paths.ts';
import type { Report } from './report.ts';
import { exampleAt, keysAt } from './schema-walk.ts';

type Issue = z.core.$ZodIssue;

/** Every part of the policy may be missing: what had a wrong shape has been reported and taken out. */
export type PartialPolicy = DeepPartial<Policy>;
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly (DeepPartial<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
    : T;

/**
 * Holds the document against the schema, reports what does not fit, and returns the rest, so that what is wrong in
 * it can be found in the same run. Undefined when there is no rest.
 */
export function checkShape({ value: root }: PolicyDocument, report: Report): PartialPolicy | undefined {
  const result = z.safeParse(policySchema, root);
  if (result.success) return result.data;
  const wrong = result.error.issues.flatMap((issue) => reportIssue(issue, [], root, report));
  return without(root, wrong.map(unitOf)) as PartialPolicy | undefined;
}

/** Reports one complaint of zod, and returns the paths of the values that are of no use. */
function reportIssue(issue: Issue, base: Path, root: unknown, report: Report): Path[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => reportUnknownKey(key, path, report));
  const branch = issue.code === 'invalid_union' ? likeliestBranch(issue.errors) : undefined;
  if (branch) return branch.flatMap((inner) => reportIssue(inner, path, root, report));
  if (path.length > 0 && valueAt(root, path) === undefined) reportMissingKey(issue, path, root, report);
  else reportWrongValue(issue, path, root, report);
  return [path];
}

/** Of the alternatives of a union, the one whose kind of value it is: its complaints lie deeper, or are about keys. */
function likeliestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const isInside = (issue: Issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys';
  const inside = branches.filter((branch) => branch.length > 0 && branch.every(isInside));
  return inside.sort((a, b) => a.length - b.length)[0];
}

function reportUnknownKey(key: string, path: Path, report: Report): Path {
  const known = keysAt(policySchema, path);
  // Of a value of several shapes, one may have the key: not the one that is written.
  const fits = known.includes(key) ? `${JSON.stringify(key)} does not go with what else is written here` : undefined;
  const help = fits ?? didYouMean(key, known) ?? `${nameOf(path)} takes ${known.join(', ')}`;
  report.error('policy/unknown-key', [...path, key], `unknown key ${JSON.stringify(key)}`, { part: 'key', help });
  return [...path, key];
}

/** A key that is only mistyped is reported as unknown, and not once more as missing. */
function reportMissingKey(issue: Issue, path: Path, root: unknown, report: Report): void {
  const parentPath = path.slice(0, -1);
  const key = String(path.at(-1));
  const parent = valueAt(root, parentPath);
  const known = keysAt(policySchema, parentPath);
  const unknown = Object.keys(parent ?? {}).filter((written) => !known.includes(written));
  if (unknown.some((written) => didYouMean(written, known) === didYouMean(key, known))) return;
  const example = exampleAt(policySchema, path);
  const help = `add ${example ? `"${example}"` : `"${key}", ${issue.message}`}`;
  report.error('policy/missing-key', parentPath, `${nameOf(parentPath)} has no "${key}"`, { help });
}

function reportWrongValue(issue: Issue, path: Path, root: unknown, report: Report): void {
  const value = valueAt(root, path);
  const keyPath = path.slice(0, path.findLastIndex((step) => typeof step === 'string') + 1);
  const example = exampleAt(policySchema, keyPath);
  const meant = typeof value === 'string' ? didYouMean(value, optionsOf(issue)) : undefined;
  const help = meant ?? (example ? `for example: ${example}` : undefined);
  const message = `${path.length === 0 ? 'the file' : nameOf(path)} has to be ${expectationOf(issue)}, and is ${kindOf(value)}`;
  report.error('policy/wrong-type', path, message, { help });
}

function expectationOf(issue: Issue): string {
  if (issue.code === 'too_small') return `${issue.minimum} or more`;
  if (issue.code === 'too_big') return `${issue.maximum} or less`;
  return issue.message;
}

/** The words that would have been right. */
function optionsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.filter((value) => typeof value === 'string');
  return issue.code === 'invalid_union' ? issue.errors.flat().flatMap(optionsOf) : [];
}
