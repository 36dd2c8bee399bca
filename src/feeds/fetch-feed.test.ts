import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acceptHeld, type FeedOutcome, feedStatus, fetchFeed } from './index.ts';
import { type FeedFolder, feedFolder } from './testing/feed-policy.ts';
import { type FeedServer, startFeedServer } from './testing/feed-server.ts';

let server: FeedServer;
let folder: FeedFolder;

beforeEach(async () => {
  server = await startFeedServer();
  folder = feedFolder();
});
afterEach(async () => {
  await server.close();
  folder.remove();
});

const LIMITS = { totalMs: 1500, silenceMs: 500 };

const feed = (options = '', url = `${server.url}/drop.txt`) => folder.feed(`bad: { url: "${url}"${options} }`);
const fetched = (options = '', url?: string): Promise<FeedOutcome> => fetchFeed(feed(options, url), { limits: LIMITS });
const codes = (outcome: FeedOutcome): string[] => outcome.problems.map(({ code }) => code);
/** What the policy's set holds now: first and last addresses of IPv4. */
const inPolicy = (options = ''): number[] => [
  ...(folder.policy(`bad: { url: "${server.url}/drop.txt"${options} }`).sets.get('bad')?.ranges.v4 ?? []),
];

const LIST = `; A block list
192.0.2.1 ; SBL1
# comment
198.51.100.0/24 # net
2001:db8::/32
// another
203.0.113.5-203.0.113.9
`;

/** A list of so many addresses. */
const many = (count: number): string => Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}\n`).join('');

test('a feed becomes a copy on disk, which the policy reads', async () => {
  const { problems } = folder.check(`bad: { url: "${server.url}/drop.txt" }`);
  expect(problems).toMatchObject([
    { code: 'policy/feed-not-fetched', severity: 'warning', message: expect.stringContaining('empty') },
  ]);
  server.send(LIST, { 'content-type': 'text/plain', etag: '"1"' });
  expect(await fetched()).toMatchObject({ kind: 'new', members: 4, problems: [] });
  expect(inPolicy()).toEqual([0xc0000201, 0xc0000201, 0xc6336400, 0xc63364ff, 0xcb007105, 0xcb007109]);
  expect(folder.check(`bad: { url: "${server.url}/drop.txt" }`).problems).toEqual([]);
  const status = feedStatus(feed());
  expect(status).toMatchObject({ state: 'fresh', members: 4, url: `${server.url}/drop.txt`, failures: 0 });
  expect(status.nextAt?.getTime()).toBeGreaterThan(Date.now() + 50 * 60_000);
});

test('what has not changed is not sent again, by its tag or its date', async () => {
  server.send(LIST, { etag: '"7"', 'last-modified': 'Tue, 01 Sep 2026 10:00:00 GMT' });
  await fetched();
  server.send('', {}, 304);
  expect(await fetched()).toMatchObject({ kind: 'unchanged', members: 4 });
  expect(server.requests[1]?.headers).toMatchObject({
    'if-none-match': '"7"',
    'if-modified-since': 'Tue, 01 Sep 2026 10:00:00 GMT',
  });
  expect(inPolicy()).toHaveLength(6);
});

test('a first column of a table', async () => {
  server.send('ip,score,"why, then"\n"192.0.2.1",9,scan\n198.51.100.0/24,3\n', { 'content-type': 'text/csv' });
  expect(await fetched(', format: csv')).toMatchObject({ kind: 'new', members: 2, problems: [] });
});

test.each([
  ['gzip while sent', () => server.send(gzipSync(LIST), { 'content-encoding': 'gzip' })],
  ['a gzip file', () => server.send(gzipSync(LIST), { 'content-type': 'application/gzip' })],
  [
    'comments in no UTF-8',
    () => server.send(Buffer.concat([Buffer.from('# caf\xe9 \xff\xfe\n', 'latin1'), Buffer.from(LIST)])),
  ],
  ['carriage returns and a byte order mark', () => server.send(`\ufeff${LIST.replaceAll('\n', '\r\n')}`)],
  ['no content type', () => server.send(LIST, {})],
  [
    'a redirect',
    () =>
      server.answer((request, response) =>
        request.url === '/list' ? response.end(LIST) : response.writeHead(302, { location: '/list' }).end(),
      ),
  ],
])('%s is no obstacle', async (_, prepare) => {
  prepare();
  expect(await fetched()).toMatchObject({ kind: 'new', members: 4 });
});

test('single lines that are no addresses are left out and told; a prefix with bits behind is its network', async () => {
  server.send(`${many(30)}10.9.8.7/16\n2001:db8::1/32\nlocalhost\n`);
  const outcome = await fetched();
  expect(outcome).toMatchObject({ kind: 'new', members: 32 });
  expect(outcome.problems).toMatchObject([
    { code: 'feed/bad-lines', message: expect.stringContaining('line 33: "localhost"') },
  ]);
  expect(inPolicy().at(-1)).toBe(0x0a09ffff);
});

test.each<[string, string, () => void, string, string?]>([
  [
    'a web page',
    'feed/not-a-list',
    () => server.send('<!doctype html><p>Sorry', { 'content-type': 'text/html' }),
    'web page',
  ],
  ['a web page called a list', 'feed/not-a-list', () => server.send('\n<html>\n<body>10.0.0.1'), 'web page'],
  ['names instead of addresses', 'feed/not-a-list', () => server.send('a.example\nb.example\n'), '2 of 2 lines'],
  ['bytes', 'feed/not-a-list', () => server.send(Buffer.from([0, 1, 2, 3, 10, 0])), 'no text'],
  ['an error', 'feed/refused', () => server.send('gone', {}, 410), '410'],
  [
    'redirects in a circle',
    'feed/refused',
    () => server.answer((_, response) => response.writeHead(301, { location: '/again' }).end()),
    'more than 5 times',
  ],
  ['a redirect to a file', 'feed/refused', () => server.send('', { location: 'file:///etc/passwd' }, 302), 'not safe'],
  ['a length above the limit', 'feed/too-large', () => server.send(many(2000)), '4096 bytes', ', maxSize: 4KiB'],
  ['a list without end', 'feed/too-large', () => endless(), '4096 bytes', ', maxSize: 4KiB'],
  [
    'a gzip bomb',
    'feed/too-large',
    () => server.send(gzipSync(Buffer.alloc(64 << 20)), { 'content-encoding': 'gzip' }),
    '1048576 bytes',
    ', maxSize: 1MiB',
  ],
  [
    'a bomb as a file',
    'feed/too-large',
    () => server.send(gzipSync(Buffer.alloc(64 << 20))),
    '1048576 bytes',
    ', maxSize: 1MiB',
  ],
  [
    'less than it has promised',
    'feed/unreachable',
    () =>
      server.answer((_, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write(LIST);
        setTimeout(() => response.destroy(), 50);
      }),
    'broke off',
  ],
  ['no answer', 'feed/timeout', () => server.answer(() => {}), 'silent for 0.5 s'],
  [
    'a head and no body',
    'feed/timeout',
    () => server.answer((_, response) => void response.writeHead(200).write('10.0.0.1\n')),
    'silent',
  ],
  ['a byte now and then', 'feed/timeout', () => drip(), 'longer than 1.5 s'],
  ['damaged gzip', 'feed/unreachable', () => server.send('\x1f\x8bno', { 'content-encoding': 'gzip' }), 'broke off'],
])('a server that sends %s changes nothing', async (_, code, prepare, words, options = '') => {
  server.send(LIST);
  await fetched(options);
  const before = readFileSync(feed(options).file, 'utf8');
  prepare();
  const outcome = await fetched(options);
  expect(outcome).toMatchObject({ kind: 'failed', members: 4 });
  expect(outcome.problems).toMatchObject([{ code, severity: 'warning', message: expect.stringContaining(words) }]);
  expect(readFileSync(feed(options).file, 'utf8')).toBe(before);
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(feedStatus(feed(options))).toMatchObject({ state: 'stale', failures: 1, why: expect.stringContaining(words) });
  expect(outcome.waitMs).toBeLessThan(31_000);
});

function endless(): void {
  server.answer((_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(many(100)), 1);
    response.on('close', () => clearInterval(timer));
  });
}

function drip(): void {
  server.answer((_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('\n'), 50);
    response.on('close', () => clearInterval(timer));
  });
}

test('a server that is not there, and one that asks for patience', async () => {
  const gone = await startFeedServer();
  await gone.close();
  const outcome = await fetched('', gone.url);
  expect(outcome.problems).toMatchObject([
    { code: 'feed/unreachable', message: expect.stringContaining('ECONNREFUSED') },
  ]);
  server.send('', { 'retry-after': '7200' }, 503);
  expect((await fetched()).waitMs).toBe(7_200_000);
});

test('after failures, tries become rarer', async () => {
  server.send('', {}, 500);
  let last = 0;
  for (let i = 0; i < 8; i++) last = (await fetched()).waitMs;
  expect(last).toBeGreaterThan(1_700_000);
  expect(last).toBeLessThanOrEqual(3_600_000);
});

test('a list that shrinks waits for a yes, with both sizes; the old one stays', async () => {
  server.send(many(100));
  await fetched();
  server.send(many(49), { etag: '"small"' });
  const outcome = await fetched();
  expect(outcome).toMatchObject({ kind: 'held', members: 100 });
  expect(outcome.problems[0]?.code).toBe('feed/held-back');
  expect(outcome.problems[0]?.message).toMatch(/has 49 members, and had 100/);
  expect(inPolicy()).toEqual([0x0a000000, 0x0a000063]);
  expect(feedStatus(feed())).toMatchObject({ state: 'held', members: 100, held: { members: 49 } });

  // It is not sent again, and waits on.
  server.send('', {}, 304);
  expect(await fetched()).toMatchObject({ kind: 'held', problems: [] });
  expect(server.requests.at(-1)?.headers['if-none-match']).toBe('"small"');

  acceptHeld(feed());
  expect(inPolicy()).toEqual([0x0a000000, 0x0a000030]);
  expect(feedStatus(feed())).toMatchObject({ state: 'fresh', members: 49 });
  expect(() => acceptHeld(feed())).toThrow('no content of feed "bad" is held back');
});

test('a list that comes to itself is taken, and what was held back is forgotten', async () => {
  server.send(many(100));
  await fetched();
  server.send('');
  expect((await fetched()).problems[0]?.message).toMatch(/it is empty, and had 100 members/);
  server.send(many(99));
  expect(await fetched()).toMatchObject({ kind: 'new', members: 99 });
  expect(feedStatus(feed())).toMatchObject({ state: 'fresh' });
  expect(() => acceptHeld(feed())).toThrow();
});

test('how much a list may shrink is said by the policy', async () => {
  server.send(many(100));
  await fetched(', shrink: 10%');
  server.send(many(90));
  expect(await fetched(', shrink: 10%')).toMatchObject({ kind: 'new' });
  server.send(many(80));
  expect(await fetched(', shrink: 10%')).toMatchObject({ kind: 'held' });
  server.send('# nobody today\n');
  expect(await fetched(', shrink: 100%')).toMatchObject({ kind: 'new', members: 0 });
});

test.each(['0.0.0.0/0', '::/0', '0.0.0.0/1\n10.0.0.1', '2000::/3'])('a list with %s waits for a yes', async (line) => {
  server.send(`192.0.2.1\n${line}\n`);
  expect((await fetched()).problems[0]?.message).toMatch(/half of all addresses/);
  expect(inPolicy()).toEqual([]);
});

test('a copy that was changed counts as damaged, and is fetched anew', async () => {
  server.send(LIST, { etag: '"1"' });
  await fetched();
  const { file } = feed();
  writeFileSync(file, readFileSync(file, 'utf8').replace('192.0.2.1', '192.0.2.2'));
  expect(folder.check(`bad: { url: "${server.url}/drop.txt" }`).problems).toMatchObject([
    { code: 'policy/feed-damaged', severity: 'warning' },
  ]);
  await fetched();
  expect(server.requests.at(-1)?.headers['if-none-match']).toBeUndefined();
  expect(inPolicy()[0]).toBe(0xc0000201);
});

test('another address is another feed; one folder holds both', async () => {
  server.send(LIST);
  await fetched();
  const other = `bad: { url: "${server.url}/other.txt" }`;
  expect(folder.check(other).problems).toMatchObject([{ code: 'policy/feed-not-fetched' }]);
});

test('user and password go to the server, and nowhere else', async () => {
  const elsewhere = await startFeedServer();
  elsewhere.send(LIST);
  server.answer((_, response) => response.writeHead(302, { location: `${elsewhere.url}/list` }).end());
  const url = `${server.url.replace('://', '://me:p%40ss@')}/drop.txt`;
  expect(await fetched('', url)).toMatchObject({ kind: 'new' });
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  expect(elsewhere.requests[0]?.headers.authorization).toBeUndefined();
  const onDisk = readdirSync(folder.path).map((name) => readFileSync(`${folder.path}/${name}`, 'utf8'));
  expect(onDisk.join()).not.toMatch(/p%40ss|p@ss/);
  await elsewhere.close();
});

test('settings that are none are told at their places', () => {
  const { problems } = folder.check('bad: { url: "ftp://lists.example/x", every: 2s, shrink: 101%, maxSize: 1GiB }');
  expect(problems.map(({ code }) => code).sort()).toEqual([
    'policy/bad-duration',
    'policy/bad-share',
    'policy/bad-size',
    'policy/bad-url',
  ]);
});

test('a folder that cannot be written is told, and nothing is lost', async () => {
  server.send(LIST);
  await fetched();
  server.send(many(4));
  const { file, ...rest } = feed();
  const outcome = await fetchFeed({ ...rest, file: `${file}/no-folder/bad.list` }, { limits: LIMITS });
  expect(codes(outcome)).toEqual(['feed/not-written']);
  expect(inPolicy()).toHaveLength(6);
});
