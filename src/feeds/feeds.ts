import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../diagnostics/problem.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { DEFAULT_LIMITS, type DownloadLimits } from './download.ts';
import { type FeedSet, feedSets } from './feed-set.ts';
import { type FeedOutcome, fetchFeed } from './fetch-feed.ts';
import { readRecord } from './record.ts';

export interface FeedsOptions {
  readonly sets: CheckedPolicy['sets'];
  /** A fetch was no good, or what it brought is. The copy before stays. */
  onProblem(set: string, problems: readonly Problem[]): void;
  /** A copy has been written; what follows the copy takes it by itself. */
  onChange?(set: string, members: number): void;
  readonly limits?: DownloadLimits;
}

/** Keeps the copies of a policy's feeds up to date. Its timers keep no process alive. */
export interface Feeds {
  /**
   * The feeds of another version of the policy, or of several of which one may be in force again at any moment: those that
   * are the same go on as they were.
   */
  update(...sets: readonly CheckedPolicy['sets'][]): void;
  /** Fetches all, or one, now. */
  refresh(name?: string): Promise<readonly FeedOutcome[]>;
  /** Ends what goes on; copies stay. */
  close(): void;
}

export function createFeeds({ sets, onProblem, onChange, limits = DEFAULT_LIMITS }: FeedsOptions): Feeds {
  /** By the path of the copy, which tells one feed from another. */
  const running = new Map<string, RunningFeed>();

  function update(...next: readonly CheckedPolicy['sets'][]): void {
    const wanted = new Map(next.flatMap(feedSets).map((set) => [set.file, set]));
    for (const [file, feed] of running) {
      if (isDeepStrictEqual(feed.set, wanted.get(file))) wanted.delete(file);
      else {
        feed.close();
        running.delete(file);
      }
    }
    for (const set of wanted.values()) running.set(set.file, runFeed(set, limits, tell));
  }

  function tell({ set, kind, members = 0, problems }: FeedOutcome): void {
    if (problems.length > 0) onProblem(set, problems);
    if (kind === 'new') onChange?.(set, members);
  }

  update(sets);
  return {
    update,
    refresh: (name) =>
      Promise.all(
        [...running.values()].filter(({ set }) => name === undefined || set.name === name).map((feed) => feed.fetch()),
      ),
    close() {
      for (const feed of running.values()) feed.close();
      running.clear();
    },
  };
}

interface RunningFeed {
  readonly set: FeedSet;
  /** Now; where a fetch goes on, what comes of that. */
  fetch(): Promise<FeedOutcome>;
  close(): void;
}

/** What setTimeout can wait for, and no more than a clock may be wrong unnoticed. */
const LONGEST_SLEEP_MS = 3_600_000;

function runFeed(set: FeedSet, limits: DownloadLimits, tell: (outcome: FeedOutcome) => void): RunningFeed {
  const closed = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<FeedOutcome> | undefined;

  function fetch(): Promise<FeedOutcome> {
    clearTimeout(timer);
    current ??= fetchFeed(set, { limits, signal: closed.signal })
      .finally(() => {
        current = undefined;
      })
      .then((outcome) => {
        if (!closed.signal.aborted) {
          sleep(outcome.waitMs);
          tell(outcome);
        }
        return outcome;
      });
    return current;
  }

  /** Asks anew when it wakes: another process may have fetched the feed meanwhile. */
  function sleep(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(wake, Math.min(ms, LONGEST_SLEEP_MS));
    timer.unref();
  }

  function wake(): void {
    const ms = dueInMs(set);
    if (ms > 0) sleep(ms);
    else fetch().catch(unexpected);
  }

  /** A mistake of ours ends neither the process nor the trying. */
  function unexpected(error: unknown): void {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    tell({ set: set.name, kind: 'failed', problems: [{ code: 'internal/bug', message }], waitMs: set.feed.everyMs });
    sleep(set.feed.everyMs);
  }

  // Never at once: who calls has yet to say what it does with the answer.
  sleep(dueInMs(set));
  return {
    set,
    fetch,
    close() {
      clearTimeout(timer);
      closed.abort();
    },
  };
}

/** Until the next try is due, as far as that is known and believable. */
function dueInMs({ file, feed }: FeedSet): number {
  const { nextAt, failures } = readRecord(file);
  if (nextAt === undefined || (failures === 0 && !existsSync(file))) return 0;
  const ms = Date.parse(nextAt) - Date.now();
  return ms > Math.max(feed.everyMs, LONGEST_SLEEP_MS * 24) || (failures === 0 && ms > feed.everyMs)
    ? 0
    : Math.max(0, ms);
}
