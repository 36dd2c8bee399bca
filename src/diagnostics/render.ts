import { characterWidth, displayWidth, printable } from './display-width.ts';
import type { Place, Problem } from './problem.ts';
import { errors } from './registry.ts';
import { lineText } from './source.ts';

export interface RenderOptions {
  /** ANSI colours. Default: none. */
  readonly color?: boolean;
  /** Problems shown before the rest is only counted. Default: 50. */
  readonly limit?: number;
  /** Columns that a source line may take; a longer one is cut to a window around the caret. Default: 110. */
  readonly width?: number;
}

const TAB_STOP = 4;
const ELLIPSIS = '…';

/**
 * Problems as a person reads them: what is wrong, the place, the source line with carets, what to do. One paragraph
 * a problem, each ended by a line feed; the text itself ends with one.
 */
export function renderProblems(problems: readonly Problem[], options: RenderOptions = {}): string {
  const { limit = 50 } = options;
  const paragraphs = problems.slice(0, limit).map((problem) => renderProblem(problem, options));
  const rest = problems.length - limit;
  if (rest > 0) paragraphs.push(`and ${rest} more\n`);
  return paragraphs.join('\n');
}

/** One problem, as `renderProblems` shows it. */
export function renderProblem(problem: Problem, options: RenderOptions = {}): string {
  const paint = painter(options.color ?? false);
  const { severity = 'error', code, message, place, related = [] } = problem;
  const color = severity === 'error' ? 'red' : 'yellow';
  const lines = [`${paint(color, `${severity}:`)} ${paint('bold', printable(message))} ${paint('dim', `[${code}]`)}`];
  if (place) lines.push(...renderPlace(place, '', (carets) => paint(color, carets), options));
  for (const other of related) {
    lines.push(
      ...renderPlace(other.place, `${printable(other.message)}: `, (carets) => paint('blue', carets), options),
    );
  }
  const help = problem.help ?? errors[code].help;
  help.split('\n').forEach((line, index) => {
    lines.push(`  ${index === 0 ? paint('green', 'help:') : '     '} ${printable(line)}`);
  });
  return `${lines.join('\n')}\n`;
}

function renderPlace(place: Place, lead: string, mark: (carets: string) => string, options: RenderOptions): string[] {
  const where = `  ${lead}${printable(place.source.path)}:${place.line}:${place.column}`;
  const text = lineText(place.source, place.line);
  if (text === undefined || text.trim() === '') return [where];
  const { line, indent, length } = excerpt(text, place, options.width ?? 110);
  const gutter = ' '.repeat(String(place.line).length);
  const shown = [where, `  ${place.line} | ${line}`];
  if (place.length > 0) shown.push(`  ${gutter} | ${' '.repeat(indent)}${mark('^'.repeat(Math.max(1, length)))}`);
  return shown;
}

/** The part of a line to show, and where the carets stand below it: all in terminal columns. */
function excerpt(text: string, place: Place, width: number): { line: string; indent: number; length: number } {
  const start = Math.min(Math.max(0, place.column - 1), text.length);
  const end = Math.min(start + place.length, text.length);
  // A few columns of what stands behind the value are worth more than all of what stands before it.
  const from = text.length <= width ? 0 : wholeCharacter(text, Math.max(0, start - Math.floor(width / 2)));
  const to = Math.min(text.length, wholeCharacter(text, from + width));
  const before = expand(`${from > 0 ? ELLIPSIS : ''}`, text.slice(from, start));
  const inside = expand(before, text.slice(start, Math.min(end, to)));
  const whole = expand(inside, text.slice(Math.min(end, to), to));
  const indent = displayWidth(before);
  return { line: `${whole}${to < text.length ? ELLIPSIS : ''}`, indent, length: displayWidth(inside) - indent };
}

/** Moves a position off the second half of a surrogate pair. */
function wholeCharacter(text: string, position: number): number {
  const code = text.charCodeAt(position);
  return code >= 0xdc00 && code <= 0xdfff ? position - 1 : position;
}

/** `shown` with `text` behind it, tabs as spaces and control characters visible. */
function expand(shown: string, text: string): string {
  let column = displayWidth(shown);
  let result = shown;
  for (const character of text) {
    const piece = character === '\t' ? ' '.repeat(TAB_STOP - (column % TAB_STOP)) : printable(character);
    result += piece;
    column += character === '\t' ? piece.length : characterWidth(piece);
  }
  return result;
}

const SGR = { bold: '1', dim: '2', red: '1;31', green: '32', yellow: '1;33', blue: '34' } as const;

function painter(color: boolean): (style: keyof typeof SGR, text: string) => string {
  return color ? (style, text) => `\u001b[${SGR[style]}m${text}\u001b[0m` : (_style, text) => text;
}
