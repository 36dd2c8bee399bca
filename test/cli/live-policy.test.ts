import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Enforcement } from '../../src/datapath/index.ts';
import { createPair, type Lab } from '../../src/lab/index.ts';
import { enforceOn, policyOf } from '../lab/enforcing.ts';
import { type Outcome, sluice } from './sluice.ts';

const POLICY = `version: 1
interfaces: [eth0]
sets:
  blocked: { dynamic: true, counters: true }
  plain: { addresses: [203.0.113.0/24], counters: true }
prefilter:
  - { name: blocklist, from: "@blocked", action: drop }
  - { name: plain, from: "@plain", action: drop }
ingress:
  rules:
    - { name: ping, protocol: icmp, action: allow }
    - { name: web, protocol: tcp, port: 80, action: allow }
`;

let lab: Lab;
let enforcement: Enforcement;
beforeAll(async () => {
  lab = await createPair({ name: 'live' });
});
beforeEach(() => {
  enforcement = enforceOn(lab.host('host'), POLICY);
});
afterEach(() => enforcement.stop());
afterAll(() => lab?.close());

const ask = (name: string, ...args: string[]): Outcome => sluice([name, '--netns', lab.host('host').path, ...args]);
const ping = (times: number) =>
  lab.host('client').exec('ping', ['-c', String(times), '-i', '0.1', '-W', '1', lab.host('host').address(4)]);

test('`sets` and `sets list` show members that were added, and their time', () => {
  enforcement.addMembers('blocked', [{ prefix: '192.0.2.77', ttlMs: 50_000 }, { prefix: '2001:db8::/32' }]);
  for (const words of [['blocked'], ['list', 'blocked'], ['list', '@blocked']]) {
    expect(ask('sets', ...words).stdout).toMatch(/^192\.0\.2\.77 +0 +0 B +(50|51|4\d) s\n2001:db8::\/32 +0 +0 B *$/m);
  }
  expect(ask('sets', 'list').stdout).toBe(ask('sets').stdout);
  expect(ask('sets', 'list').stdout).toMatch(/^blocked +4 +IPv4 +1 /m);
});

test.each([
  [['add', 'blocked', '192.0.2.1/24'], 1, 'policy/host-bits', 'write "192.0.2.0/24"'],
  [['add', 'blocked', '192.0.2.300', '::g'], 1, 'policy/bad-address', '"::g" is not an IP address'],
  [['add', 'blocked', '192.0.2.1-2001:db8::1'], 1, 'policy/bad-address', 'one IP family and ends in the other'],
  [['add', 'bloked', '192.0.2.1'], 1, 'policy/unknown-set', 'did you mean "blocked"'],
  [['add', 'plain', '192.0.2.1'], 1, 'datapath/set-not-dynamic', 'dynamic: true'],
  [['remove', 'plain', '192.0.2.1'], 1, 'datapath/set-not-dynamic', 'dynamic: true'],
  [['add', 'blocked'], 2, 'cli/usage', 'wants a set and its members'],
  [['add'], 2, 'cli/usage', 'wants a set and its members'],
  [['add', 'blocked', '192.0.2.1', '--ttl', 'soon'], 2, 'cli/usage', '"10m"'],
  [['add', 'blocked', '192.0.2.1', '--ttl', '400d'], 2, 'cli/usage', '400d'],
  [['remove', 'blocked', '192.0.2.1', '--ttl', '1m'], 2, 'cli/usage', '--ttl goes with add'],
  [['list', 'blocked', 'plain'], 2, 'cli/usage', 'too many words'],
])('`sets %j` is refused', (words, status, code, text) => {
  const outcome = ask('sets', ...words);
  expect(outcome).toMatchObject({ status, stdout: '' });
  expect(outcome.stderr).toContain(`[${code}]`);
  expect(outcome.stderr).toContain(text);
  expect(enforcement.members('blocked')).toEqual([]);
});

test('`rules --unused` shows rules that were never hit, and since when they count', async () => {
  expect((await ping(3)).status).toBe(0);
  expect(ask('rules', '--unused').stdout).toMatch(
    /^never hit .*\nblocklist +prefilter +7 +drop +(now|\d s ago)\nplain .*\nweb +ingress +12 +allow +(now|\d s ago)\n$/,
  );
  const before = JSON.parse(ask('rules', '--unused', '-o', 'json').stdout);
  // A rule that keeps its name counts on, and one that is new begins.
  enforcement.update(policyOf(POLICY.replace('name: plain,', 'name: fancy,').replace('port: 80', 'port: 81')));
  const { unused } = JSON.parse(ask('rules', '--unused', '-o', 'json').stdout);
  const sinceOf = (rows: { rule: string; since: string }[], name: string) =>
    rows.find(({ rule }) => rule === name)?.since ?? '';
  expect(unused.map(({ rule }: { rule: string }) => rule)).toEqual(['blocklist', 'fancy', 'web']);
  expect(sinceOf(unused, 'web')).toBe(sinceOf(before.unused, 'web'));
  expect(sinceOf(unused, 'fancy') > sinceOf(before.unused, 'plain')).toBe(true);
});

test('`rules --sort` shows the busiest first, or those that were hit last', async () => {
  const { stdout: unsorted } = ask('rules');
  expect(unsorted).toMatch(/\nblocklist[\s\S]*\nping/);
  await ping(2);
  expect(ask('rules', '--sort', 'packets').stdout).toMatch(/\nping [\s\S]*\nblocklist [\s\S]*\nplain [\s\S]*\nweb /);
  expect(ask('rules', '--sort', 'last-hit', '-o', 'ndjson').stdout).toMatch(/^\{"rule":"ping"/);
  expect(ask('rules', '--sort', 'name')).toMatchObject({ status: 2 });
});
