import type { AddressSet, CheckedPolicy, FeedSettings } from '../policy/checked.ts';

/** A set whose file is the copy of a feed. */
export interface FeedSet {
  readonly name: string;
  readonly feed: FeedSettings;
  /** Absolute path of the copy. */
  readonly file: string;
}

export function feedSets(sets: CheckedPolicy['sets']): FeedSet[] {
  return [...sets.values()].flatMap(({ name, feed, file }: AddressSet) =>
    feed && file !== undefined ? [{ name, feed, file }] : [],
  );
}
