import { formatAddress } from '../packet/address.ts';

/**
 * The canonical text (RFC 5952) of an IPv6 address as programs have it: two 64-bit words in host order, the high one first.
 * What `formatAddress` says, without making anything of it that is thrown away: a million are written while somebody waits.
 */
export function ipv6At(view: DataView, at: number): string {
  const [a, b, c, d] = [
    view.getUint32(at + 4, true),
    view.getUint32(at, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 8, true),
  ];
  // IPv4 in IPv6 has texts of its own.
  if (a === 0 && b === 0) {
    return formatAddress({ family: 6, hi: view.getBigUint64(at, true), lo: view.getBigUint64(at + 8, true) });
  }
  const words = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
  const { start, length } = longestZeroes(words);
  let text = '';
  for (let i = 0; i < words.length; i++) {
    if (i === start) {
      text += i === 0 ? '::' : ':';
      i += length - 1;
      continue;
    }
    text += (words[i] as number).toString(16);
    if (i < words.length - 1) text += ':';
  }
  return text;
}

/** The first of the longest runs of two zeroes or more. */
function longestZeroes(words: readonly number[]): { start: number; length: number } {
  let [start, length] = [-1, 1];
  for (let from = 0; from < words.length; from++) {
    let to = from;
    while (to < words.length && words[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
    if (to > from) from = to - 1;
  }
  return { start, length };
}
