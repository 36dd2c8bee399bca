import { readFeedOrigin } from '../policy/check/feed-copy.ts';
import type { FeedSet } from './feed-set.ts';
import { heldPath, readRecord } from './record.ts';
import { shownUrl } from './shown-url.ts';

export interface FeedStatus {
  readonly set: string;
  /** Without user and password. */
  readonly url: string;
  /**
   * `fresh`: the server has said lately that this is the list. `stale`: not for twice as long as it should have, or the
   * last try was no good. `held`: what it sent last waits for a yes. `never`: there is no copy.
   */
  readonly state: 'fresh' | 'stale' | 'held' | 'never';
  readonly members: number;
  /** When the copy was fetched, and by whom. */
  readonly fetchedAt?: Date;
  readonly by?: string;
  /** When the server last said that it is the list. */
  readonly checkedAt?: Date;
  readonly nextAt?: Date;
  readonly failures: number;
  /** Why the last try was no good, or why a content is held back. */
  readonly why?: string;
  /** What waits for a yes. */
  readonly held?: { readonly members: number; readonly fetchedAt: Date };
}

/** How it goes with a feed, as the files beside its copy tell it. */
export function feedStatus({ name, file, feed }: FeedSet, now = new Date()): FeedStatus {
  const copy = readFeedOrigin(file);
  const held = readFeedOrigin(heldPath(file));
  const record = readRecord(file);
  const { checkedAt = copy?.fetchedAt, nextAt, failures } = record;
  const isLate = checkedAt === undefined || now.getTime() - Date.parse(checkedAt) > 2 * feed.everyMs;
  const current = isLate || failures > 0 ? 'stale' : 'fresh';
  const state = held ? 'held' : copy ? current : 'never';
  const why = record.problem ?? record.held;
  return {
    set: name,
    url: shownUrl(feed.url),
    state,
    members: copy?.members ?? 0,
    failures,
    ...(copy && { fetchedAt: new Date(copy.fetchedAt), by: copy.by }),
    ...(checkedAt !== undefined && { checkedAt: new Date(checkedAt) }),
    ...(nextAt !== undefined && { nextAt: new Date(nextAt) }),
    ...(why !== undefined && { why }),
    ...(held && { held: { members: held.members, fetchedAt: new Date(held.fetchedAt) } }),
  };
}
