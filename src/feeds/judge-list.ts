import type { AddressRanges } from '../policy/checked.ts';
import type { FeedList } from './read-list.ts';

/** A tenth of a list's lines may be no addresses. */
const GOOD_SHARE = 0.9;

/** Why what a feed has sent is no list; undefined where it is one. */
export function whyNoList(
  bytes: Buffer,
  contentType: string,
  { members, skipped, firstSkipped }: FeedList,
): string | undefined {
  const isPage =
    /^\s*(text\/html|application\/xhtml)/i.test(contentType) || /^\s*<(!|html|head|body|\?xml)/i.test(start(bytes));
  // A table of lists as a page is no list either, but a list that is called one is: some servers call everything so.
  if (isPage && members < skipped * 9 + 1) return 'sends a web page';
  if (bytes.includes(0)) return 'sends bytes that are no text';
  if (skipped <= 1 && members > 0) return undefined;
  if (skipped === 0 || members >= (members + skipped) * GOOD_SHARE) return undefined;
  const shown = JSON.stringify(firstSkipped?.text ?? '');
  return `has ${formatCount(skipped)} of ${formatCount(members + skipped)} lines that are no addresses, the first in line ${firstSkipped?.line}: ${shown}`;
}

const start = (bytes: Buffer): string => bytes.toString('latin1', 0, 512).replace(/^\u00ef\u00bb\u00bf/, '');

/** Why a list waits for a yes; undefined where it is taken. */
export function whyHeldBack(
  { members, ranges }: FeedList,
  before: number | undefined,
  shrink: number,
): string | undefined {
  if (shrink === 1) return undefined;
  if (members === 0)
    return before === undefined ? 'it is empty' : `it is empty, and had ${formatCount(before)} members`;
  if (before !== undefined && members < before * (1 - shrink))
    return `it has ${formatCount(members)} ${members === 1 ? 'member' : 'members'}, and had ${formatCount(before)}`;
  return coversHalf(ranges) ? 'it holds half of all addresses or more' : undefined;
}

/** Nobody lists that: one wrong line would cut a host off. */
function coversHalf({ v4, v6 }: AddressRanges): boolean {
  let addresses = 0;
  for (let i = 0; i < v4.length; i += 2) addresses += (v4[i + 1] ?? 0) - (v4[i] ?? 0) + 1;
  if (addresses >= 2 ** 31) return true;
  // 2000::/3 is all that is in use.
  for (let i = 0; i < v6.length; i += 4) {
    if ((v6[i] ?? 0n) <= 0x2000_0000_0000_0000n && (v6[i + 2] ?? 0n) >= 0x3fff_ffff_ffff_ffffn) return true;
  }
  return false;
}

/** Without Intl, whose start takes longer than a check. */
const formatCount = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
