import type { Path } from '../parse/document.ts';
import type { Report } from './report.ts';

/** One alternative of a match: what is written, without the `!`. */
export interface Operand<T extends string | number = string | number> {
  readonly value: T;
  readonly negated: boolean;
  readonly path: Path;
}

/** Every match takes one value or a list: here both become a list. An empty list is reported: it can match nothing. */
export function operands<T extends string | number>(
  value: T | readonly T[],
  path: Path,
  report: Report,
): Operand<T | string>[] {
  if (!Array.isArray(value)) return [operand(value as T, path)];
  const list = value as readonly T[];
  if (list.length === 0) report.error('policy/empty-list', path, `the list "${path.at(-1)}" is empty`);
  return list.map((item, index) => operand(item, [...path, index]));
}

function operand<T extends string | number>(value: T, path: Path): Operand<T | string> {
  if (typeof value !== 'string') return { value, negated: false, path };
  const text = value.trim();
  return text.startsWith('!')
    ? { value: text.slice(1).trim(), negated: true, path }
    : { value: text, negated: false, path };
}
