/**
 * Reads addresses, prefixes and ranges out of a text without making objects: files of sets have a million lines.
 * Stricter than inet_aton on purpose: `10.1`, `010.0.0.1` and `0x7f.1` mean different things to different programs.
 */

/** Inclusive bounds as four words of 32 bits, most significant first; an IPv4 address is in the last word. */
export interface AddressRange {
  family: 4 | 6;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

export type AddressError =
  | 'syntax'
  | 'leading-zero'
  | 'zone'
  | 'prefix-length'
  | 'host-bits'
  | 'mixed-families'
  | 'reversed';

export function createAddressRange(): AddressRange {
  return { family: 4, lo: new Uint32Array(4), hi: new Uint32Array(4) };
}

const DOT = 0x2e;
const COLON = 0x3a;
const SLASH = 0x2f;
const DASH = 0x2d;

/**
 * Reads `192.0.2.1`, `192.0.2.0/24`, `192.0.2.1-192.0.2.9`, or the same of IPv6, from `text[start, end)` into `out`.
 * Undefined when all is well, else what is wrong, with `out` of no meaning (but for `host-bits`: the prefix meant).
 */
export function readAddressRange(
  text: string,
  start: number,
  end: number,
  out: AddressRange,
): AddressError | undefined {
  let split = start;
  for (; split < end; split++) {
    const code = text.charCodeAt(split);
    if (code === SLASH || code === DASH) break;
  }
  if (split === end) {
    const error = readAddress(text, start, end, out, out.lo);
    out.hi.set(out.lo);
    return error;
  }
  if (text.charCodeAt(split) === SLASH) {
    return readAddress(text, start, split, out, out.lo) ?? readPrefixLength(text, split + 1, end, out);
  }
  const error = readAddress(text, start, trimEnd(text, start, split), out, out.lo);
  if (error) return error;
  const family = out.family;
  const endError = readAddress(text, trimStart(text, split + 1, end), end, out, out.hi);
  if (endError) return endError;
  if (family !== out.family) return 'mixed-families';
  return compareWords(out.lo, out.hi) > 0 ? 'reversed' : undefined;
}

function trimEnd(text: string, start: number, end: number): number {
  while (end > start && text.charCodeAt(end - 1) === 0x20) end--;
  return end;
}

function trimStart(text: string, start: number, end: number): number {
  while (start < end && text.charCodeAt(start) === 0x20) start++;
  return start;
}

function compareWords(a: Uint32Array, b: Uint32Array): number {
  for (let word = 0; word < 4; word++) {
    const difference = (a[word] ?? 0) - (b[word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function readAddress(
  text: string,
  start: number,
  end: number,
  out: AddressRange,
  words: Uint32Array,
): AddressError | undefined {
  for (let at = start; at < end && at < start + 5; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      out.family = 4;
      words.fill(0, 0, 3);
      return readIpv4(text, start, end, words);
    }
    if (code === COLON) {
      out.family = 6;
      return readIpv6(text, start, end, words);
    }
  }
  return 'syntax';
}

/** Four decimal numbers into `words[3]`. */
function readIpv4(text: string, start: number, end: number, words: Uint32Array): AddressError | undefined {
  let address = 0;
  let octet = 0;
  let digits = 0;
  let octets = 0;
  for (let at = start; at <= end; at++) {
    const code = at < end ? text.charCodeAt(at) : DOT;
    if (code === DOT) {
      if (digits === 0 || octets === 4) return 'syntax';
      address = address * 256 + octet;
      octets++;
      octet = 0;
      digits = 0;
    } else if (code >= 0x30 && code <= 0x39) {
      if (digits > 0 && octet === 0) return 'leading-zero';
      octet = octet * 10 + code - 0x30;
      digits++;
      if (octet > 255) return 'syntax';
    } else return 'syntax';
  }
  if (octets !== 4) return 'syntax';
  words[3] = address;
  return undefined;
}

const groups = new Uint16Array(8);

/** RFC 4291, 2.2: eight groups of hex, `::` once for one zero group or more, IPv4 in the last two. */
function readIpv6(text: string, start: number, end: number, words: Uint32Array): AddressError | undefined {
  let count = 0;
  let gap = -1;
  let at = start;
  if (text.charCodeAt(at) === COLON) {
    if (text.charCodeAt(at + 1) !== COLON || at + 1 >= end) return 'syntax';
    gap = 0;
    at += 2;
  }
  while (at < end) {
    if (count === 8) return 'syntax';
    const groupStart = at;
    let group = 0;
    let digit = at < end ? hexDigit(text.charCodeAt(at)) : -1;
    while (digit >= 0) {
      group = group * 16 + digit;
      at++;
      digit = at < end ? hexDigit(text.charCodeAt(at)) : -1;
    }
    const next = at < end ? text.charCodeAt(at) : -1;
    if (next === DOT) {
      if (count > 6) return 'syntax';
      const error = readIpv4(text, groupStart, end, words);
      if (error) return error;
      const ipv4 = words[3] ?? 0;
      groups[count++] = ipv4 >>> 16;
      groups[count++] = ipv4 & 0xffff;
      at = end;
      break;
    }
    if (next === 0x25) return 'zone';
    if (at === groupStart || at - groupStart > 4) return 'syntax';
    groups[count++] = group;
    if (next === -1) break;
    if (next !== COLON) return 'syntax';
    at++;
    if (at === end) return 'syntax';
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return 'syntax';
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return 'syntax';
  if (gap >= 0) {
    const tail = count - gap;
    groups.copyWithin(8 - tail, gap, count);
    groups.fill(0, gap, 8 - tail);
  }
  for (let word = 0; word < 4; word++) words[word] = (groups[word * 2] ?? 0) * 65536 + (groups[word * 2 + 1] ?? 0);
  return undefined;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** Widens `out.lo` to the prefix: `hi` gets its last address, and `lo` must be its first. */
function readPrefixLength(text: string, start: number, end: number, out: AddressRange): AddressError | undefined {
  const width = out.family === 4 ? 32 : 128;
  let length = 0;
  if (start === end || end - start > 3) return 'prefix-length';
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return 'prefix-length';
    length = length * 10 + digit;
  }
  if (length > width) return 'prefix-length';
  let hostBits = false;
  for (let word = 0; word < 4; word++) {
    const fixed = Math.min(32, Math.max(0, length + 128 - width - word * 32));
    // A shift by 32 would be a shift by 0.
    const hostMask = fixed === 32 ? 0 : 0xffff_ffff >>> fixed;
    const value = out.lo[word] ?? 0;
    hostBits ||= (value & hostMask) !== 0;
    out.lo[word] = value & ~hostMask;
    out.hi[word] = value | hostMask;
  }
  return hostBits ? 'host-bits' : undefined;
}
