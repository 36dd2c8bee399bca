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

/** Items of a text that are followed by another one of their list. */
export interface KnownItems<Item> {
  readonly text: string;
  readonly starts: readonly number[];
  /** By their first line, from 0. */
  readonly items: readonly (Item | undefined)[];
  /** The line of the item behind each of them. */
  readonly ends: Uint32Array;
  /** Blanks in front of the items' `- `. */
  readonly indents: ReadonlySet<number>;
}

export function knownItems<Item extends Listed>(text: string, lists: readonly (readonly Item[])[]): KnownItems<Item> {
  const starts = lineStarts(text);
  const items = new Array<Item | undefined>(starts.length);
  const ends = new Uint32Array(starts.length);
  const indents = new Set<number>();
  const isItem = ({ line, column }: Item): boolean => itemIndent(text, starts[line - 1] as number) === column - 3;
  for (const list of lists) {
    for (let i = 0; i + 1 < list.length; i++) {
      const [item, next] = [list[i] as Item, list[i + 1] as Item];
      if (item.line >= next.line || item.column !== next.column || !isItem(item) || !isItem(next)) continue;
      items[item.line - 1] = item;
      ends[item.line - 1] = next.line - 1;
      indents.add(item.column - 3);
    }
  }
  return { text, starts, items, ends, indents };
}

/** The text without the items of the other one that it has, too, and that have such on both sides. */
export function leaveOutKnown<Item>(text: string, known: KnownItems<Item>): Shortened<Item> {
  const starts = lineStarts(text);
  const find = itemFinder(text, starts, known);
  const leftOut: LeftOut<Item>[] = [];
  for (const indent of [...known.indents].sort((a, b) => a - b)) {
    const lines: number[] = [];
    for (let i = 0; i < starts.length; i++) if (itemIndent(text, starts[i] as number) === indent) lines.push(i);
    let row: { item: Item; line: number }[] = [];
    for (let k = 0; k < lines.length; k++) {
      const [line, next] = [lines[k] as number, lines[k + 1]];
      const item = next === undefined ? undefined : find(line, next);
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

/** The known item that the lines from `line` to `next` are: by its place where all is the same before or behind it. */
function itemFinder<Item>(
  text: string,
  starts: readonly number[],
  known: KnownItems<Item>,
): (line: number, next: number) => Item | undefined {
  const head = sameHead(text, known.text);
  const tail = sameTail(text, known.text, Math.min(text.length, known.text.length) - head);
  const shift = known.starts.length - starts.length;
  const byText = new Map<string, Item>();
  for (const [line, item] of known.items.entries()) {
    if (item === undefined) continue;
    const [start, end] = [known.starts[line] as number, known.starts[known.ends[line] as number] as number];
    if (end > head && start < known.text.length - tail) byText.set(known.text.slice(start, end), item);
  }
  const at = (line: number, next: number): Item | undefined =>
    known.ends[line] === next ? known.items[line] : undefined;
  return (line, next) => {
    const [start, end] = [starts[line] as number, starts[next] as number];
    if (end <= head) return at(line, next);
    if (start >= text.length - tail) return at(line + shift, next + shift);
    return byText.get(text.slice(start, end));
  };
}

const CHUNK = 4096;

/** UTF-16 units that two texts begin with alike. */
function sameHead(a: string, b: string): number {
  let at = 0;
  while (at + CHUNK <= a.length && a.slice(at, at + CHUNK) === b.slice(at, at + CHUNK)) at += CHUNK;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

/** UTF-16 units that two texts end with alike, `most` at most. */
function sameTail(a: string, b: string, most: number): number {
  const end = (text: string, at: number): string => text.slice(text.length - at - CHUNK, text.length - at);
  let at = 0;
  while (at + CHUNK <= most && end(a, at) === end(b, at)) at += CHUNK;
  while (at < most && a.charCodeAt(a.length - 1 - at) === b.charCodeAt(b.length - 1 - at)) at++;
  return at;
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
