import type { Problem } from '../../diagnostics/problem.ts';
import type { AddressRanges, SetMembers } from '../checked.ts';
import { readRegularFile, type UnreadableFile } from '../parse/read-file.ts';
import { createAddressRangesBuilder } from './address-ranges.ts';
import { type AddressError, type AddressRange, createAddressRange, readAddressRange } from './address-text.ts';
import { explainAddress } from './addresses.ts';

/** A million IPv6 prefixes take about 20 MiB. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Bad lines that are shown; the others are counted. */
const MAX_SHOWN = 20;

const HASH = 0x23;
const SEMICOLON = 0x3b;
const SLASH = 0x2f;

export interface SetFileContent {
  readonly ranges: AddressRanges;
  /** What the lines say, one by one. */
  members(): SetMembers;
}

export type SetFileResult = SetFileContent | { readonly problems: readonly Problem[] };

/**
 * Reads a file of addresses, prefixes and ranges: one a line, `#`, `;` or `//` begins a comment, blank lines are fine.
 * @param path absolute
 * @param shownPath how problems name the file
 */
export function readSetFile(path: string, shownPath: string): SetFileResult | { readonly unreadable: UnreadableFile } {
  const bytes = readRegularFile(path, MAX_BYTES, shownPath);
  return Buffer.isBuffer(bytes) ? parseSetBytes(bytes, shownPath) : { unreadable: bytes };
}

/** As `readSetFile`, of what is in the file. */
export function parseSetBytes(bytes: Buffer, shownPath: string): SetFileResult {
  // One byte a character: a million lines are decoded at once, and what is not ASCII is wrong or in a comment.
  return parseSetFile(bytes.toString('latin1'), (start, end) => bytes.toString('utf8', start, end), shownPath);
}

/**
 * @param text one character a byte of the file
 * @param decode the text of some bytes, to show them
 */
function parseSetFile(text: string, decode: (start: number, end: number) => string, shownPath: string): SetFileResult {
  const builder = createAddressRangesBuilder();
  const range = createAddressRange();
  const problems: Problem[] = [];
  let bad = 0;
  let line = 0;
  for (let start = text.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0; start < text.length; ) {
    line++;
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const [from, to] = entryOf(text, start, end);
    const error = from === to ? undefined : readAddressRange(text, from, to, range);
    if (error) {
      bad++;
      if (bad <= MAX_SHOWN) problems.push(badLine(error, range, decode, { line, start, from, to, end }, shownPath));
    } else if (from !== to) builder.add(range);
    start = end + 1;
  }
  if (bad === 0) return { ranges: builder.build(), members: builder.members };
  if (bad > MAX_SHOWN)
    problems.push({
      code: 'policy/set-line',
      message: `${shownPath} has ${bad - MAX_SHOWN} more lines that are wrong`,
    });
  return { problems };
}

/** Where the entry of a line begins and ends, without comment and blanks. */
export function entryOf(text: string, start: number, end: number): [from: number, to: number] {
  let from = start;
  while (from < end && isBlank(text.charCodeAt(from))) from++;
  let to = from;
  while (to < end && !beginsComment(text, to)) to++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return [from, to];
}

function beginsComment(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === HASH || code === SEMICOLON || (code === SLASH && text.charCodeAt(at + 1) === SLASH);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

interface LinePosition {
  readonly line: number;
  readonly start: number;
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

function badLine(
  error: AddressError,
  range: AddressRange,
  decode: (start: number, end: number) => string,
  { line, start, from, to, end }: LinePosition,
  shownPath: string,
): Problem {
  const before = decode(start, from);
  const written = decode(from, to);
  // Only this line of the file is kept, at its place.
  const source = { path: shownPath, text: `${before}${written}${decode(to, end)}`, firstLine: line };
  const { message, help } = explainAddress(error, written, range);
  const place = { source, line, column: before.length + 1, length: written.length };
  // The help on what a policy may say instead (sets, negation) is not for a file.
  return { code: 'policy/set-line', message, place, ...(error !== 'syntax' && { help }) };
}
