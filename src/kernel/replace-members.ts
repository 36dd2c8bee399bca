import { columnsOfPrefixes, type Prefix, type PrefixColumns } from '../prefix-set/columns.ts';
import { sortPrefixes } from '../prefix-set/sorted.ts';
import type { AddOptions, PrefixSet } from './prefix-set.ts';
import { entriesOfNow } from './read-prefix-set.ts';
import { createSlices } from './slices.ts';

export interface ReplaceOptions {
  /** Milliseconds until they are no longer found, also those that are members already. */
  readonly ttlMs?: number;
  /** Leave in what is not among them. */
  readonly keepOthers?: boolean;
  /**
   * Who else may put members in and take them out meanwhile: asked when a prefix is put in as one of `members`, or is to
   * go because it is none of them. Where it is the other's as well, it stays in for the time that this returns, at least.
   */
  readonly alsoKept?: (prefix: Prefix, isAmong: boolean) => AddOptions | undefined;
  /** For how long the event loop is held up at a time. */
  readonly sliceMs?: number;
  /** Ends it early, where nobody needs it any more. */
  readonly signal?: AbortSignal;
}

export interface Replaced {
  readonly added: number;
  readonly removed: number;
}

const SLICE_MS = 5;

/**
 * Makes these the members of a set, one change at a time: what is a member before and after is found all the while, and
 * goes on counting. Only with `alsoKept` may something else change the set meanwhile. What has no room is taken out
 * again, and then throws SluiceError kernel/set-full.
 */
export async function replaceMembers(
  set: PrefixSet,
  members: readonly Prefix[] | PrefixColumns,
  { ttlMs, keepOthers = false, alsoKept, sliceMs = SLICE_MS, signal }: ReplaceOptions = {},
): Promise<Replaced> {
  const bits = set.family === 'v4' ? 32 : 128;
  const sorted = sortPrefixes('lengths' in members ? members : columnsOfPrefixes(members, bits), bits);
  const memberAt = (i: number): Prefix => ({ address: sorted.address(i), length: sorted.length(i) });
  const slices = createSlices(sliceMs);
  const added: Prefix[] = [];
  try {
    for (let i = 0; i < sorted.count; i++) {
      const prefix = memberAt(i);
      if (put(prefix)) added.push(prefix);
      if (slices.isOver()) await slices.next();
      if (signal?.aborted) return { added: added.length, removed: 0 };
    }
  } catch (error) {
    for (const prefix of added) takeOut(prefix);
    throw error;
  }
  if (keepOthers) return { added: added.length, removed: 0 };
  const others: Prefix[] = [];
  for (const { address, length } of alsoKept ? entriesOfNow(set) : set.entries()) {
    if (!isAmong(address, length)) others.push({ address, length });
    if (slices.isOver()) await slices.next();
    if (signal?.aborted) return { added: added.length, removed: 0 };
  }
  for (const [i, prefix] of others.entries()) {
    takeOut(prefix);
    if (slices.isOver()) await slices.next();
    if (signal?.aborted) return { added: added.length, removed: i + 1 };
  }
  return { added: added.length, removed: others.length };

  function put(prefix: Prefix): boolean {
    const other = alsoKept?.(prefix, true);
    // What is without an end is put in again, too, where it may have had one before.
    if (ttlMs === undefined) return (set.records.timeToLive || !set.has(prefix)) && set.add(prefix);
    return set.add(prefix, other ? longer({ ttlMs }, other) : { ttlMs });
  }

  function takeOut(prefix: Prefix): void {
    const other = alsoKept?.(prefix, false);
    if (other) set.add(prefix, other);
    else set.delete(prefix);
  }

  function isAmong(address: bigint, length: number): boolean {
    let [lo, hi] = [0, sorted.count];
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      const at = sorted.address(middle);
      if (at < address || (at === address && sorted.length(middle) < length)) lo = middle + 1;
      else hi = middle;
    }
    return lo < sorted.count && sorted.address(lo) === address && sorted.length(lo) === length;
  }
}

const longer = (a: AddOptions, b: AddOptions): AddOptions =>
  a.ttlMs === undefined || b.ttlMs === undefined ? {} : { ttlMs: Math.max(a.ttlMs, b.ttlMs) };
