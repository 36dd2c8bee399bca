import type { Place } from '../../diagnostics/problem.ts';
import type { SourceText } from '../../diagnostics/source.ts';

/** From offsets in a text to lines and columns. */
export interface LineIndex {
  /** The place of `length` UTF-16 units at `offset`. A place is within one line: what goes on in the next is cut off. */
  place(offset: number, length: number): Place;
}

/** Lines are looked for when the first place is asked for. */
export function createLineIndex(source: SourceText): LineIndex {
  let starts: number[] | undefined;
  return {
    place(offset, length) {
      starts ??= lineStarts(source.text);
      const line = lineOf(offset, starts);
      const start = starts[line - 1] ?? 0;
      const next = starts[line] ?? source.text.length + 1;
      const rest = Math.max(0, next - 1 - offset);
      return { source, line, column: offset - start + 1, length: Math.min(length, rest) };
    },
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

/** The number, from 1, of the last line that begins at or before `offset`. */
function lineOf(offset: number, starts: readonly number[]): number {
  let first = 0;
  let last = starts.length;
  while (last - first > 1) {
    const middle = (first + last) >> 1;
    if ((starts[middle] ?? 0) <= offset) first = middle;
    else last = middle;
  }
  return first + 1;
}
