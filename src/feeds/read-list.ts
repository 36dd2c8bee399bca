import { createAddressRangesBuilder } from '../policy/check/address-ranges.ts';
import { createAddressRange, readAddressRange } from '../policy/check/address-text.ts';
import { entryOf } from '../policy/check/set-file.ts';
import type { AddressRanges, FeedFormat } from '../policy/checked.ts';

/** What a feed has sent, as far as it is a list. */
export interface FeedList {
  /** The members as they are written, a line each. */
  readonly lines: string;
  readonly members: number;
  readonly ranges: AddressRanges;
  /** Lines that are no members. */
  readonly skipped: number;
  /** The first of them: its number, and what it says. */
  readonly firstSkipped?: { readonly line: number; readonly text: string };
}

/** Of a line that is no member, this much is shown. */
const SHOWN = 60;

/**
 * Reads the members of a list. Lists of others are read more kindly than files of one's own: a prefix with bits behind its
 * length is the network, and lines that are no addresses are counted.
 */
export function readList(bytes: Buffer, format: FeedFormat): FeedList {
  // One byte a character: members are ASCII, and whatever a comment is written in does not matter.
  const text = bytes.toString('latin1');
  const builder = createAddressRangesBuilder();
  const range = createAddressRange();
  const lines: string[] = [];
  let skipped = 0;
  let firstSkipped: FeedList['firstSkipped'];
  let number = 0;
  const place = format === 'csv' ? firstColumn : entryOf;
  for (let start = text.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0; start < text.length; ) {
    number++;
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const [from, to] = place(text, start, end);
    start = end + 1;
    if (from === to) continue;
    const error = readAddressRange(text, from, to, range);
    if (error === undefined || error === 'host-bits') {
      builder.add(range);
      lines.push(error === undefined ? text.slice(from, to) : networkText(text.slice(from, to), range));
    } else if (format !== 'csv' || lines.length + skipped > 0 || number > 1) {
      // The first line of a table is its head.
      skipped++;
      firstSkipped ??= { line: number, text: bytes.toString('utf8', from, Math.min(to, from + SHOWN)) };
    }
  }
  const ranges = builder.build();
  const joined = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  return { lines: joined, members: lines.length, ranges, skipped, ...(firstSkipped && { firstSkipped }) };
}

/** Where the first column of a line begins and ends, without quotes. */
function firstColumn(text: string, start: number, end: number): [from: number, to: number] {
  let [from, to] = entryOf(text, start, end);
  for (let at = from; at < to; at++) {
    if (text[at] === ',') to = at;
  }
  while (from < to && QUOTES_AND_BLANKS.includes(text[from] as string)) from++;
  while (to > from && QUOTES_AND_BLANKS.includes(text[to - 1] as string)) to--;
  return [from, to];
}

const QUOTES_AND_BLANKS = '"\' \t';

/** A prefix without the bits behind its length. */
function networkText(written: string, { family, lo }: ReturnType<typeof createAddressRange>): string {
  const length = written.slice(written.indexOf('/'));
  const [a = 0, b = 0, c = 0, d = 0] = lo;
  if (family === 4) return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}${length}`;
  const groups = [a, b, c, d].flatMap((word) => [word >>> 16, word & 0xffff]);
  return `${groups.map((group) => group.toString(16)).join(':')}${length}`;
}
