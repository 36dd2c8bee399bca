import { resolve } from 'node:path';
import { type Place, type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { SourceText } from '../../diagnostics/source.ts';
import { definePolicy } from '../define-policy.ts';
import type { Path, PolicyDocument } from './document.ts';
import { createLineIndex } from './line-index.ts';

/**
 * Runs a policy in TypeScript or JavaScript, with the rights of this process, and takes what it exports.
 * `import { definePolicy } from 'sluice'` works wherever the file is. Throws SluiceError where it does not load.
 */
export async function loadModule(source: SourceText): Promise<PolicyDocument> {
  const exported = await importModule(source);
  const policy = exported['default'] ?? exported['policy'];
  if (typeof policy !== 'object' || policy === null) {
    const message =
      policy === undefined ? 'the file exports no policy' : `the file exports a ${typeof policy}, not a policy`;
    throw new SluiceError({ code: 'policy/no-policy', message, place: anchor(source) });
  }
  return moduleDocument(source, plainData(policy, source));
}

/** @param value what the program at `source` exports, as data */
export function moduleDocument(source: SourceText, value: unknown): PolicyDocument {
  return { source, value, place: (path) => placeOf(path, value, source) };
}

async function importModule(source: SourceText): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = await import('jiti');
  const path = resolve(source.path);
  const jiti = createJiti(path, {
    fsCache: false,
    moduleCache: false,
    sourceMaps: true,
    interopDefault: false,
    virtualModules: { sluice: { definePolicy } },
  });
  try {
    return await jiti.import<Record<string, unknown>>(path);
  } catch (error) {
    throw new SluiceError(explain(error, path, source), { cause: error });
  }
}

/** What a policy is made of is what JSON can hold; keys without a value are as good as not written. */
function plainData(policy: object, source: SourceText): unknown {
  try {
    return JSON.parse(JSON.stringify(policy));
  } catch (error) {
    const message = `the policy is not plain data: ${firstLine(error)}`;
    throw new SluiceError({ code: 'policy/no-policy', message, place: anchor(source) });
  }
}

/** The user's own error: its message, and where in the policy file it comes from; the rest of the stack is ours. */
function explain(error: unknown, path: string, source: SourceText): Problem {
  const place = placeInMessage(error, source) ?? placeInStack(error, path, source);
  const message = firstLine(error)
    .replaceAll(`${path}: `, '')
    .replace(/ \(\d+:\d+\)$/, '');
  return { code: 'policy/module', message, ...(place && { place }) };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`;
  return (text.split('\n', 1)[0] ?? '').replace(/^Error: ParseError: /, '').trim();
}

function placeInStack(error: unknown, path: string, source: SourceText): Place | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.indexOf(`${path}:`);
  const position = at < 0 ? null : /^(\d+)(?::(\d+))?/.exec(stack.slice(at + path.length + 1));
  return position ? { source, line: Number(position[1]), column: Number(position[2] ?? 1), length: 1 } : undefined;
}

/** Syntax errors end with `(line:column)`, the column counted from 0. */
function placeInMessage(error: unknown, source: SourceText): Place | undefined {
  const position =
    error instanceof Error && error.message.includes('ParseError') ? /\((\d+):(\d+)\)/.exec(error.message) : null;
  return position ? { source, line: Number(position[1]), column: Number(position[2]) + 1, length: 1 } : undefined;
}

/**
 * The text of a program does not have to hold its values literally. A rule is found by its name, anything else by
 * the innermost key on the way to it that is written somewhere; what is not found is the whole policy's.
 */
function placeOf(path: Path, policy: unknown, source: SourceText): Place {
  let value: unknown = policy;
  let name: string | undefined;
  for (const step of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined;
    if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string')
      name = value.name;
  }
  const byName =
    name === undefined
      ? undefined
      : find(new RegExp(`(?<=\\bname['"]?\\s*:\\s*)(['"\`])${literally(name)}\\1`), source);
  if (byName) return byName;
  return innermostKey(path, source) ?? anchor(source);
}

/** Each key is looked for behind the one that leads to it: both `ingress` and `egress` have a `default`. */
function innermostKey(path: Path, source: SourceText): Place | undefined {
  let place: Place | undefined;
  let behind = 0;
  for (const key of path) {
    if (typeof key === 'number') continue;
    // A part of the policy may be a constant: `const ingress = { … }`.
    const pattern = new RegExp(`\\b${literally(key)}(?=['"]?\\s*[:=])`, 'g');
    pattern.lastIndex = behind;
    const match = pattern.exec(source.text);
    if (!match) continue;
    behind = pattern.lastIndex;
    place = placeOfMatch(match, source);
  }
  return place;
}

function anchor(source: SourceText): Place {
  return (
    find(/\bdefinePolicy(?=\s*(?:<[^>]*>)?\s*\()/, source) ??
    find(/\bexport\b/, source) ?? { source, line: 1, column: 1, length: 0 }
  );
}

function find(pattern: RegExp, source: SourceText): Place | undefined {
  const match = pattern.exec(source.text);
  return match ? placeOfMatch(match, source) : undefined;
}

function placeOfMatch({ index, 0: text }: RegExpExecArray, source: SourceText): Place {
  return createLineIndex(source).place(index, text.length);
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
