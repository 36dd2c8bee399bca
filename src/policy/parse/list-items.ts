/**
 * YAML's block lists as text: an item is the lines from its `- ` to the `- ` of the next one, as deep in. Nothing of it
 * is parsed; who leaves items out has to see that the parser finds those on both sides where they are.
 */

/** What stands in an item, and where: line and column of what follows the `- `, from 1. */
export interface Listed {
  readonly line: number;
  readonly column: number;
}

/** Items that were left out. */
export interface LeftOut<Item> {
  readonly items: readonly { readonly item: Item /** In the whole text. */; readonly line: number }[];
  /** Lines of the items right in front and right behind, which were not left out. */
  readonly before: number;
  readonly behind: number;
}

export interface Shortened<Item> {
  readonly text: string;
  /** In the order of their lines. */
  readonly leftOut: readonly LeftOut<Item>[];
  /** The line of the whole text that a line of the shortened one is. */
  wholeLine(line: number): number;
}

export interface KnownItems<Item> {
  readonly byText: ReadonlyMap<string, Item>;
  /** Blanks in front of the items' `- `. */
  readonly indents: ReadonlySet<number>;
}

/** The texts of items that are followed by another one of their list. */
export function knownItems<Item extends Listed>(text: string, lists: readonly (readonly Item[])[]): KnownItems<Item> {
  const byText = new Map<string, Item>();
  const indents = new Set<number>();
  const starts = lineStarts(text);
  const startOf = ({ line, column }: Item): number | undefined => {
    const start = starts[line - 1] as number;
    return itemIndent(text, start) === column - 3 ? start : undefined;
  };
  for (const list of lists) {
    for (let i = 0; i + 1 < list.length; i++) {
      const [item, next] = [list[i] as Item, list[i + 1] as Item];
      const [start, end] = [startOf(item), startOf(next)];
      if (start === undefined || end === undefined || item.column !== next.column) continue;
      byText.set(text.slice(start, end), item);
      indents.add(item.column - 3);
    }
  }
  return { byText, indents };
}

/** The text without the known items that have known ones on both sides. */
export function leaveOutKnown<Item>(text: string, { byText, indents }: KnownItems<Item>): Shortened<Item> {
  const starts = lineStarts(text);
  const leftOut: LeftOut<Item>[] = [];
  for (const indent of [...indents].sort((a, b) => a - b)) {
    const lines: number[] = [];
    for (let i = 0; i < starts.length; i++) if (itemIndent(text, starts[i] as number) === indent) lines.push(i);
    let row: { item: Item; line: number }[] = [];
    for (let k = 0; k < lines.length; k++) {
      const [line, next] = [lines[k] as number, lines[k + 1]];
      const item = next === undefined ? undefined : byText.get(text.slice(starts[line], starts[next]));
      if (item !== undefined) row.push({ item, line: line + 1 });
      if (item !== undefined && next !== undefined) continue;
      const [first, last] = [row[0], row.at(-1)];
      if (first && last && row.length > 2) {
        leftOut.push({ items: row.slice(1, -1), before: first.line, behind: last.line });
      }
      row = [];
    }
  }
  return shorten(text, starts, withoutOverlaps(leftOut));
}

/** Lists in lists: what lies in another stays as it is. */
function withoutOverlaps<Item>(leftOut: LeftOut<Item>[]): LeftOut<Item>[] {
  let end = 0;
  return leftOut
    .sort((a, b) => a.before - b.before)
    .filter(({ before, behind }) => {
      if (before < end) return false;
      end = behind;
      return true;
    });
}

function shorten<Item>(text: string, starts: readonly number[], leftOut: readonly LeftOut<Item>[]): Shortened<Item> {
  const kept: string[] = [];
  /** From which line of the shortened text on how many lines are missing in front of it. */
  const gaps: { line: number; missing: number }[] = [];
  let [from, missing] = [0, 0];
  for (const { items, behind } of leftOut) {
    const first = (items[0] as { line: number }).line;
    kept.push(text.slice(from, starts[first - 1]));
    from = starts[behind - 1] as number;
    missing += behind - first;
    gaps.push({ line: behind - missing, missing });
  }
  kept.push(text.slice(from));
  return {
    text: kept.join(''),
    leftOut,
    wholeLine: (line) => line + (gaps.findLast((gap) => gap.line <= line)?.missing ?? 0),
  };
}

/** Blanks in front of the `- ` with which the line begins; undefined where it does not. */
function itemIndent(text: string, start: number): number | undefined {
  let at = start;
  while (text.charCodeAt(at) === 0x20) at++;
  return text.charCodeAt(at) === 0x2d && text.charCodeAt(at + 1) === 0x20 ? at - start : undefined;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}
