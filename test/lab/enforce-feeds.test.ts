import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Enforcement, SetChange } from '../../src/datapath/index.ts';
import { acceptHeld, createFeeds, type Feeds, feedSets } from '../../src/feeds/index.ts';
import { type FeedFolder, feedFolder } from '../../src/feeds/testing/feed-policy.ts';
import { type FeedServer, startFeedServer } from '../../src/feeds/testing/feed-server.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { checkPolicy } from '../../src/policy/check.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { writeDatabase } from '../../src/policy/geo/testing/write-database.ts';
import { counted, enforceOn } from './enforcing.ts';

let lab: Lab;
let client: LabHost;
let host: LabHost;
let server: FeedServer;
let folder: FeedFolder;
let policy: CheckedPolicy;
let enforcement: Enforcement;
let feeds: Feeds;
let changes: SetChange[];
let problems: string[];

beforeAll(async () => {
  lab = await createPair({ name: 'feeds' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
beforeEach(async () => {
  server = await startFeedServer();
  folder = feedFolder();
  const text = `version: 1
interfaces: [eth0]
sets: { bad: { url: "${server.url}/drop.txt" } }
prefilter: [{ name: blocklist, from: "@bad", action: drop }]
`;
  const result = checkPolicy({ path: `${folder.path}/policy.yaml`, text }, { feedFolder: folder.path });
  policy = result.policy as CheckedPolicy;
  enforcement = enforceOn(host, policy);
  changes = [];
  problems = [];
  enforcement.watchSets((change) => changes.push(change));
});
afterEach(async () => {
  feeds?.close();
  enforcement.stop();
  await server.close();
  folder.remove();
});
afterAll(() => lab.close());

const start = (): Feeds =>
  createFeeds({ sets: policy.sets, onProblem: (_, all) => problems.push(...all.map(({ code }) => code)) });

const answered = async (family: 4 | 6): Promise<boolean> =>
  (await client.exec('ping', ['-n', '-c', '1', '-W', '0.3', host.address(family)])).stdout.includes('1 received');

const inForce = () =>
  expect.poll(() => changes.filter((change) => change.problems.length === 0).length, { timeout: 10_000 });

test('an address that a feed brings is dropped, and passes when the feed takes it back', async () => {
  expect(await answered(4)).toBe(true);
  server.send(`; list\n${client.address(4)} ; SBL9\n${client.address(6)}\n203.0.113.1\n`);
  feeds = start();
  // Never fetched: the first fetch needs nobody to ask for it.
  await inForce().toBe(1);
  expect([await answered(4), await answered(6)]).toEqual([false, false]);

  server.send(`${client.address(6)}\n203.0.113.1\n`);
  await feeds.refresh();
  await inForce().toBe(2);
  expect([await answered(4), await answered(6)]).toEqual([true, false]);
  expect(problems).toEqual([]);
});

test('a feed that is no good leaves the old list in force; what is held back is in force when it is accepted', async () => {
  server.send(`${client.address(4)}\n203.0.113.1\n203.0.113.2\n`);
  feeds = start();
  await inForce().toBe(1);
  server.send('<!doctype html><title>Sorry</title>', { 'content-type': 'text/html' });
  await feeds.refresh();
  server.send('');
  await feeds.refresh('bad');
  expect(problems).toEqual(['feed/not-a-list', 'feed/held-back']);
  expect(await answered(4)).toBe(false);

  const [set] = feedSets(policy.sets);
  if (set) acceptHeld(set);
  await inForce().toBeGreaterThanOrEqual(2);
  expect(await answered(4)).toBe(true);
});

test('a copy that is taken away changes nothing in the kernel', async () => {
  server.send(`${client.address(4)}\n`);
  feeds = start();
  await inForce().toBe(1);
  for (const { file } of feedSets(policy.sets)) rmSync(file);
  await expect.poll(() => changes.at(-1)?.problems.length, { timeout: 10_000 }).toBe(1);
  expect(await answered(4)).toBe(false);
});

test('a new version of a database changes each set that is made of it', async () => {
  enforcement.stop();
  const database = (dutch: string, german: string): void => {
    const country = (code: string) => ({ country: { iso_code: code } });
    const bytes = writeDatabase([
      [`${dutch}/32`, country('NL')],
      [`${german}/32`, country('DE')],
      ['2001:db8:ffff::/48', country('DE')],
    ]);
    writeFileSync(`${folder.path}/next.mmdb`, bytes);
    renameSync(`${folder.path}/next.mmdb`, `${folder.path}/geo.mmdb`);
  };
  database(client.address(4), '203.0.113.9');
  const text = `version: 1
interfaces: [eth0]
sets:
  dutch: { country: [NL], database: geo.mmdb }
  german: { country: [DE], database: geo.mmdb }
prefilter:
  - { name: counting, from: "@german", action: count }
  - { name: blocklist, from: "@dutch", action: drop }
`;
  const result = checkPolicy({ path: `${folder.path}/policy.yaml`, text });
  enforcement = enforceOn(host, result.policy as CheckedPolicy);
  enforcement.watchSets((change) => changes.push(change));
  expect(await answered(4)).toBe(false);
  expect(counted(enforcement, 'counting').packets).toBe(0);

  database('203.0.113.9', client.address(4));
  await expect.poll(() => changes.map(({ set }) => set).sort(), { timeout: 10_000 }).toEqual(['dutch', 'german']);
  expect(await answered(4)).toBe(true);
  expect(counted(enforcement, 'counting').packets).toBe(1);

  // A damaged one changes nothing.
  writeFileSync(`${folder.path}/geo.mmdb`, 'no database');
  await expect
    .poll(() => changes.slice(2).map(({ problems: [one] }) => one?.code), { timeout: 10_000 })
    .toEqual(['policy/bad-database', 'policy/bad-database']);
  expect(await answered(4)).toBe(true);
});
