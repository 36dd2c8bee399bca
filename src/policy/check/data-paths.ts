import type { Path } from '../parse/document.ts';

/** What a path leads to in plain data; undefined where it leads nowhere. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    return (value as Record<string | number, unknown>)[step];
  }, root);
}

/** What a sentence calls the value at a path. */
export function nameOf(path: Path): string {
  const key = path.at(-1);
  if (key === undefined) return 'the policy';
  if (typeof key === 'string') return `"${key}"`;
  const isRule = path.length === 2 ? path[0] === 'prefilter' : path.length === 3 && path[1] === 'rules';
  const list = path.findLast((step) => typeof step === 'string');
  return isRule ? `rule ${key + 1} of "${path[0]}"` : `item ${key + 1} of "${list}"`;
}

/** A value in a sentence: itself where that is short, else its kind. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** The least that can be left out without changing the meaning of the rest: a key of a rule, not an item of its list. */
export function unitOf(path: Path): Path {
  if (path[0] === 'sets') return path.slice(0, 2);
  return path.slice(0, path[0] === 'prefilter' ? 3 : 4);
}

/** A copy without the values at `paths`: keys are gone, items of lists are undefined, so that others keep their place. */
export function without(root: unknown, paths: readonly Path[]): unknown {
  if (paths.some((path) => path.length === 0)) return undefined;
  if (paths.length === 0 || typeof root !== 'object' || root === null) return root;
  const below = new Map<string, Path[]>();
  for (const [step, ...rest] of paths) {
    const list = below.get(String(step));
    if (list) list.push(rest);
    else below.set(String(step), [rest]);
  }
  if (Array.isArray(root)) return root.map((item, index) => without(item, below.get(String(index)) ?? []));
  return Object.fromEntries(Object.entries(root).map(([key, value]) => [key, without(value, below.get(key) ?? [])]));
}
