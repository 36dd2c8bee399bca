import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CheckedPolicy } from '../policy/checked.ts';
import { createFeeds, type Feeds, feedSets } from './index.ts';
import { type FeedFolder, feedFolder } from './testing/feed-policy.ts';
import { type FeedServer, startFeedServer } from './testing/feed-server.ts';

let server: FeedServer;
let folder: FeedFolder;
let feeds: Feeds;
let changes: string[];

beforeEach(async () => {
  server = await startFeedServer();
  folder = feedFolder();
  changes = [];
  server.send('192.0.2.1\n192.0.2.2\n');
});
afterEach(async () => {
  feeds.close();
  await server.close();
  folder.remove();
});

const sets = (...paths: readonly string[]): CheckedPolicy['sets'] =>
  folder.policy(paths.map((path) => `${path}: { url: "${server.url}/${path}" }`).join('\n  ')).sets;

function run(of: CheckedPolicy['sets']): void {
  feeds = createFeeds({
    sets: of,
    onProblem: (set, problems) => changes.push(...problems.map(({ code }) => `${set} ${code}`)),
    onChange: (set, members) => changes.push(`${set} ${members}`),
  });
}

const asked = (): string[] => server.requests.map(({ path }) => path).sort();

test('what was never fetched is fetched at once, and what is fresh is not, by the next process either', async () => {
  run(sets('a', 'b'));
  await expect.poll(() => changes.toSorted()).toEqual(['a 2', 'b 2']);
  feeds.close();
  run(sets('a', 'b', 'c'));
  await expect.poll(() => changes.at(-1)).toBe('c 2');
  expect(asked()).toEqual(['/a', '/b', '/c']);
});

test('another version of the policy ends what it does not have, and begins what is new', async () => {
  run(sets('a'));
  await expect.poll(() => changes).toEqual(['a 2']);
  feeds.update(sets('a'), sets('b'));
  await expect.poll(() => changes).toEqual(['a 2', 'b 2']);
  feeds.update(sets('b'));
  expect((await feeds.refresh()).map(({ set }) => set)).toEqual(['b']);
  expect(asked()).toEqual(['/a', '/b', '/b']);
});

test('a fetch that goes on is not begun twice; closing ends it, and tells nothing', async () => {
  server.answer(() => {});
  run(sets('a'));
  const both = [feeds.refresh(), feeds.refresh('a')];
  await expect.poll(() => server.requests.length).toBe(1);
  feeds.close();
  await Promise.all(both);
  expect([asked(), changes]).toEqual([['/a'], []]);
});

test('a time that cannot be, after the clock was set back, is not waited for', async () => {
  const before = sets('a');
  run(before);
  await expect.poll(() => changes).toEqual(['a 2']);
  feeds.close();
  const record = (feedSets(before)[0]?.file ?? '').replace('.list', '.json');
  const content = JSON.parse(readFileSync(record, 'utf8'));
  writeFileSync(record, JSON.stringify({ ...content, nextAt: '2999-01-01T00:00:00.000Z' }));
  run(before);
  await expect.poll(() => asked()).toEqual(['/a', '/a']);
});

test('a fetch that was asked for takes the place of the one that was due', async () => {
  run(sets('a'));
  await feeds.refresh();
  await setTimeout(200);
  expect(asked()).toEqual(['/a']);
});
