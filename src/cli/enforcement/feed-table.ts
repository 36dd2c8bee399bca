import type { FeedOutcome, FeedStatus } from '../../feeds/index.ts';
import type { Answer } from '../output/answer.ts';
import { formatAgo, formatCount, formatDuration } from '../output/numbers.ts';
import type { Paint, StyleName } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'set' },
  { head: 'state' },
  { head: 'members', align: 'right' },
  { head: 'fetched', align: 'right' },
  { head: 'checked', align: 'right' },
  { head: 'next', align: 'right' },
  { head: 'url' },
];

const STYLES: Readonly<Record<FeedStatus['state'], StyleName>> = {
  fresh: 'green',
  stale: 'yellow',
  held: 'yellow',
  never: 'yellow',
};

/** How it goes with each feed. */
export function feedsAnswer(feeds: readonly FeedStatus[]): Answer {
  const rows = feeds.map(feedRow);
  return { data: { feeds: rows }, items: rows, text: (paint) => feedTable(feeds, paint) };
}

/** As data. Null where there is no copy, or nothing is wrong. */
function feedRow(feed: FeedStatus) {
  return {
    set: feed.set,
    url: feed.url,
    state: feed.state,
    members: feed.members,
    ageSeconds: feed.fetchedAt ? Math.max(0, Math.round((Date.now() - feed.fetchedAt.getTime()) / 1000)) : null,
    fetchedAt: feed.fetchedAt ?? null,
    by: feed.by ?? null,
    checkedAt: feed.checkedAt ?? null,
    nextAt: feed.nextAt ?? null,
    failures: feed.failures,
    why: feed.why ?? null,
    held: feed.held ?? null,
  };
}

function feedTable(feeds: readonly FeedStatus[], paint: Paint): string {
  if (feeds.length === 0) return 'no set is made of a feed\n';
  const cells = feeds.map((feed): Cell[] => [
    feed.set,
    { text: feed.state, style: STYLES[feed.state] },
    formatCount(feed.members),
    formatAgo(feed.fetchedAt ?? null),
    formatAgo(feed.checkedAt ?? null),
    untilText(feed.nextAt),
    { text: feed.url, style: 'dim' },
  ]);
  const notes = feeds.flatMap((feed) => noteOf(feed) ?? []);
  const text = notes.map((note) => `${paint('yellow', note)}\n`).join('');
  return renderTable(COLUMNS, cells, paint) + (text === '' ? '' : `\n${text}`);
}

function untilText(time: Date | undefined): string {
  if (time === undefined) return '';
  const seconds = Math.round((time.getTime() - Date.now()) / 1000);
  return seconds <= 0 ? 'due' : `in ${formatDuration(seconds)}`;
}

function noteOf({ set, state, why, held, checkedAt }: FeedStatus): string | undefined {
  if (held) return `${set} is held back: ${why ?? ''}; \`sluice feeds accept ${set}\` lets it through`;
  if (state === 'stale')
    return `${set} is stale since ${checkedAt?.toISOString() ?? 'ever'}: ${why ?? 'nobody has asked'}`;
  return state === 'never' ? `${set} has never been fetched${why === undefined ? '' : `: ${why}`}` : undefined;
}

const OUTCOMES: Readonly<Record<FeedOutcome['kind'], { readonly text: string; readonly style: StyleName }>> = {
  new: { text: 'fetched', style: 'green' },
  unchanged: { text: 'unchanged', style: 'green' },
  held: { text: 'held back', style: 'yellow' },
  failed: { text: 'not fetched', style: 'red' },
};

/** What came of fetching. */
export function outcomesAnswer(outcomes: readonly FeedOutcome[]): Answer {
  const rows = outcomes.map(({ set, kind, members }) => ({ set, outcome: kind, members: members ?? null }));
  return {
    data: { feeds: rows },
    items: rows,
    text(paint) {
      if (outcomes.length === 0) return 'no set is made of a feed\n';
      const cells = outcomes.map(({ set, kind, members }): Cell[] => [set, OUTCOMES[kind], formatCount(members ?? 0)]);
      return renderTable([{ head: 'set' }, { head: '' }, { head: 'members', align: 'right' }], cells, paint);
    },
  };
}
