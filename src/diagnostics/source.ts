/** A policy file's text, kept so that every error and verdict can show the line it speaks of. */
export interface SourceText {
  /** The path as the user gave it. */
  readonly path: string;
  readonly text: string;
  /** The number of the first line of `text`, where that is an excerpt of the file. Default: 1. */
  readonly firstLine?: number;
}

/** The text of a line, counted from 1, without its line end; undefined where the file has no such line. */
export function lineText(source: SourceText, line: number): string | undefined {
  let start = 0;
  const first = source.firstLine ?? 1;
  if (line < first) return undefined;
  for (let number = first; number < line; number++) {
    const end = source.text.indexOf('\n', start);
    if (end < 0) return undefined;
    start = end + 1;
  }
  const end = source.text.indexOf('\n', start);
  const text = source.text.slice(start, end < 0 ? undefined : end);
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
