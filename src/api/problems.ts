import { readFileSync, statSync } from 'node:fs';
import type { Place, Problem } from '../diagnostics/problem.ts';
import { type ErrorCode, errors } from '../diagnostics/registry.ts';
import type { SourceText } from '../diagnostics/source.ts';
import type { ProblemOnWire } from './schemas.ts';

/** A problem without the text of its file. */
export function problemToWire({ code, severity, message, help, place, related }: Problem): ProblemOnWire {
  return {
    code,
    ...(severity && { severity }),
    message,
    help: help ?? errors[code].help,
    ...(place && { place: placeToWire(place) }),
    ...(related && { related: related.map((one) => ({ message: one.message, place: placeToWire(one.place) })) }),
  };
}

const placeToWire = ({ source, line, column, length }: Place) => ({ path: source.path, line, column, length });

/**
 * The problem with the text again, so that its line can be shown.
 * @param source the file that was sent, under the name that the user knows it by, and the path that it was sent with
 */
export function problemFromWire(
  { code, severity, message, help, place, related }: ProblemOnWire,
  source?: SourceText & { readonly sentAs: string },
): Problem {
  const placed = (wire: NonNullable<ProblemOnWire['place']>): Place => {
    const { path, line, column, length } = wire;
    const own = source !== undefined && path === source.sentAs;
    return { source: own ? source : { path, text: textOf(path) }, line, column, length };
  };
  return {
    // A daemon of another version may know codes that this one does not; its help comes with it.
    code: code as ErrorCode,
    ...(severity && { severity }),
    message: source ? message.replaceAll(source.sentAs, source.path) : message,
    help,
    ...(place && { place: placed(place) }),
    ...(related && { related: related.map((one) => ({ message: one.message, place: placed(one.place) })) }),
  };
}

const LARGEST_TEXT = 1024 * 1024;

/** Of another file, as that of a test: its line is shown where it can be read. */
function textOf(path: string): string {
  try {
    const status = statSync(path);
    return status.isFile() && status.size <= LARGEST_TEXT ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}
