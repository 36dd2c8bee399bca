import { rmSync, utimesSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { feedCopyText, readFeedOrigin } from '../policy/check/feed-copy.ts';
import { type Download, type DownloadLimits, download } from './download.ts';
import { type FeedError, feedProblem } from './feed-problem.ts';
import type { FeedSet } from './feed-set.ts';
import { whyHeldBack, whyNoList } from './judge-list.ts';
import { type FeedList, readList } from './read-list.ts';
import { type FeedRecord, heldPath, readRecord, writeRecordIfPossible } from './record.ts';
import { waitMs } from './schedule.ts';
import { shownUrl } from './shown-url.ts';
import { writeWhole } from './write-file.ts';

/** What came of a fetch. */
export interface FeedOutcome {
  readonly set: string;
  /** `held`: the copy is as it was, and what was sent waits for a yes. */
  readonly kind: 'new' | 'unchanged' | 'held' | 'failed';
  /** Of the copy, after all; undefined where there is none. */
  readonly members?: number;
  readonly problems: readonly Problem[];
  /** Until the next try is due. */
  readonly waitMs: number;
}

export interface FetchOptions {
  readonly limits: DownloadLimits;
  readonly signal?: AbortSignal;
}

/** Asks the server of a feed, and keeps what it sends as the copy where it is good. Never throws what is the server's fault. */
export async function fetchFeed(set: FeedSet, options: FetchOptions): Promise<FeedOutcome> {
  const before = readRecord(set.file);
  const triedAt = new Date().toISOString();
  try {
    const taken = await take(set, options);
    const wait = waitMs({ everyMs: set.feed.everyMs, failures: 0 });
    keep(
      set,
      { checkedAt: triedAt, triedAt, failures: 0, ...(taken.held !== undefined && { held: taken.held }) },
      wait,
    );
    return { set: set.name, waitMs: wait, ...withMembers(set), kind: taken.kind, problems: taken.problems };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const failures = before.failures + 1;
    const { retryAfterMs } = error as FeedError;
    const wait = waitMs({ everyMs: set.feed.everyMs, failures, retryAfterMs });
    if (!options.signal?.aborted) keep(set, { ...before, triedAt, failures, problem: error.message }, wait);
    return { set: set.name, kind: 'failed', problems: error.problems, waitMs: wait, ...withMembers(set) };
  }
}

function keep({ file }: FeedSet, record: FeedRecord, wait: number): void {
  writeRecordIfPossible(file, { ...record, nextAt: new Date(Date.now() + wait).toISOString() });
}

function withMembers({ file }: FeedSet): Pick<FeedOutcome, 'members'> {
  const members = readFeedOrigin(file)?.members;
  return members === undefined ? {} : { members };
}

interface Taken {
  readonly kind: Exclude<FeedOutcome['kind'], 'failed'>;
  readonly problems: readonly Problem[];
  readonly held?: string;
}

async function take(set: FeedSet, { limits, signal }: FetchOptions): Promise<Taken> {
  const { feed, file } = set;
  const { url, maxBytes } = feed;
  const copy = readFeedOrigin(file);
  const waiting = readFeedOrigin(heldPath(file));
  // What was sent last is what need not be sent again.
  const { etag, lastModified } = waiting ?? copy ?? {};
  const answer = await download({
    url,
    maxBytes,
    limits,
    ...(signal && { signal }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
  });
  if (answer.kind === 'unchanged') {
    if (copy) touch(file);
    const held = waiting && (readRecord(file).held ?? 'it was held back before');
    return held === undefined ? { kind: 'unchanged', problems: [] } : { kind: 'held', held, problems: [] };
  }
  const list = readList(answer.bytes, feed.format);
  const wrong = whyNoList(answer.bytes, answer.contentType, list);
  if (wrong !== undefined) throw feedProblem('feed/not-a-list', feed, wrong);
  const held = whyHeldBack(list, copy?.members, feed.shrink);
  const text = copyText(set, list, answer);
  if (held === undefined) {
    writeWhole(file, text);
    if (waiting) rmSync(heldPath(file), { force: true });
    return { kind: 'new', problems: badLines(set, list) };
  }
  if (copy) touch(file);
  writeWhole(heldPath(file), text);
  const message = `the new content of feed "${set.name}" is held back: ${held}`;
  const help = `\`sluice feeds accept ${set.name}\` lets it through; until then, the one before stays in force.`;
  return { kind: 'held', held, problems: [{ code: 'feed/held-back', severity: 'warning', message, help }] };
}

/** What is looked at anew lives on: members of a set with a time to live are said once more by that. */
function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // A file system that is read-only keeps its copies as they are.
  }
}

function copyText({ feed }: FeedSet, list: FeedList, { etag, lastModified }: Extract<Download, { kind: 'content' }>) {
  return feedCopyText(list.lines, {
    url: shownUrl(feed.url),
    fetchedAt: new Date().toISOString(),
    by: `${userName()} on ${hostname()}`,
    members: list.members,
    skipped: list.skipped,
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the list of users.
    return `user ${process.geteuid?.()}`;
  }
}

function badLines({ name }: FeedSet, { skipped, firstSkipped }: FeedList): Problem[] {
  if (skipped === 0) return [];
  const what = skipped === 1 ? 'a line is no address' : `${skipped} lines are no addresses`;
  const first = `line ${firstSkipped?.line}: ${JSON.stringify(firstSkipped?.text ?? '')}`;
  return [{ code: 'feed/bad-lines', severity: 'warning', message: `feed "${name}": ${what}, ${first}` }];
}
