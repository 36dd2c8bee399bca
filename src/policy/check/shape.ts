import * as z from 'zod/mini';
import { didYouMean } from '../../diagnostics/suggest.ts';
import type { Path, PolicyDocument } from '../parse/document.ts';
import { type Policy, policySchema } from '../schema/policy.ts';
import type { Report } from './report.ts';
import { keysAt } from './schema-keys.ts';

type Issue = z.core.$ZodIssue;

/** Every part of the policy may be missing: what had a wrong shape has been reported and taken out. */
export type PartialPolicy = DeepPartial<Policy>;
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly (DeepPartial<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
    : T;

/** Holds the document against the schema, reports what does not fit, and returns the rest. */
export function checkShape(document: PolicyDocument, report: Report): PartialPolicy | undefined {
  const result = z.safeParse(policySchema, document.value);
  if (result.success) return result.data;
  const wrong: Path[] = [];
  for (const issue of result.error.issues) wrong.push(...reportIssue(issue, [], document.value, report));
  return without(document.value, wrong.map(unit)) as PartialPolicy | undefined;
}

/** Reports one complaint of zod, and returns the paths of the values that are of no use. */
function reportIssue(issue: Issue, base: Path, root: unknown, report: Report): Path[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, report));
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors);
    if (branch) return branch.flatMap((inner) => reportIssue(inner, path, root, report));
  }
  const value = valueAt(root, path);
  if (value === undefined && path.length > 0) missingKey(path, root, issue.message, report);
  else wrongValue(issue, path, value, report);
  return [path];
}

/** Of the alternatives of a union, the one whose kind of value it is: its complaints lie deeper, or are about keys. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter(
    (branch) =>
      branch.length > 0 && branch.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  return fitting.reduce<readonly Issue[] | undefined>(
    (best, branch) => (best && best.length <= branch.length ? best : branch),
    undefined,
  );
}

function unknownKey(key: string, path: Path, report: Report): Path {
  const known = keysAt(policySchema, path);
  const help = didYouMean(key, known) ?? `${place(path)} takes ${known.join(', ')}`;
  report.error('policy/unknown-key', [...path, key], `unknown key ${JSON.stringify(key)}`, { part: 'key', help });
  return [...path, key];
}

/** A key that is only mistyped is reported as that, not as missing too. */
function missingKey(path: Path, root: unknown, expectation: string, report: Report): void {
  const key = String(path.at(-1));
  const parent = valueAt(root, path.slice(0, -1));
  const known = keysAt(policySchema, path.slice(0, -1));
  const present = typeof parent === 'object' && parent !== null ? Object.keys(parent) : [];
  const slips = present.filter((written) => !known.includes(written));
  if (slips.some((slip) => didYouMean(slip, known) === didYouMean(key, known))) return;
  const help = `add "${key}": ${expectation}`;
  report.error('policy/missing-key', path.slice(0, -1), `${place(path.slice(0, -1))} has no "${key}"`, { help });
}

function wrongValue(issue: Issue, path: Path, value: unknown, report: Report): void {
  const subject =
    path.length === 0
      ? 'the policy'
      : typeof path.at(-1) === 'number'
        ? `item ${Number(path.at(-1)) + 1} of "${path.findLast((step) => typeof step === 'string')}"`
        : `"${path.at(-1)}"`;
  const expectation =
    issue.code === 'too_small'
      ? `${issue.minimum} or more`
      : issue.code === 'too_big'
        ? `${issue.maximum} or less`
        : issue.message;
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const help = typeof value === 'string' ? didYouMean(value, options) : undefined;
  report.error('policy/wrong-type', path, `${subject} has to be ${expectation}, and is ${kind(value)}`, { help });
}

function place(path: Path): string {
  const key = path.at(-1);
  if (key === undefined) return 'the policy';
  return typeof key === 'number'
    ? `${path[path.length - 2] === 'rules' || path[0] === 'prefilter' ? 'the rule' : 'the item'}`
    : `"${key}"`;
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string'
    ? JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
    : String(value);
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined,
    root,
  );
}

/** The least that can be left out without changing the meaning of the rest: a key of a rule, not an item of its list. */
function unit(path: Path): Path {
  if (path[0] === 'sets') return path.slice(0, 2);
  return path.slice(0, path[0] === 'prefilter' ? 3 : 4);
}

/** A copy without the values at `paths`: keys are gone, items of lists are undefined, so that the others keep their place. */
function without(root: unknown, paths: readonly Path[]): unknown {
  if (paths.some((path) => path.length === 0)) return undefined;
  if (paths.length === 0 || typeof root !== 'object' || root === null) return root;
  const below = new Map<string, Path[]>();
  for (const [step, ...rest] of paths) below.set(String(step), [...(below.get(String(step)) ?? []), rest]);
  if (Array.isArray(root)) return root.map((item, index) => prune(item, below.get(String(index))));
  return Object.fromEntries(Object.entries(root).map(([key, value]) => [key, prune(value, below.get(key))]));
}

function prune(value: unknown, paths: readonly Path[] | undefined): unknown {
  return paths ? without(value, paths) : value;
}
