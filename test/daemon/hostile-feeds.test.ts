import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDaemonLab, type DaemonLab } from './daemon.ts';

/** What a server may answer with instead of a list. */
const SERVER = `
  const { createServer } = require('node:http');
  const { gzipSync } = require('node:zlib');
  const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024));
  const answers = {
    good: (response, address) => response.end(address + '\\n'),
    html: (response) => response.setHeader('content-type', 'text/html').end('<html><body>10.0.0.1</body></html>'),
    binary: (response) => response.end(Buffer.from(Array.from({ length: 65536 }, (_, n) => (n * 197) & 255))),
    bomb: (response) => response.setHeader('content-encoding', 'gzip').end(bomb),
    packed: (response) => response.setHeader('content-type', 'application/gzip').end(bomb),
    endless: (response) => {
      const line = Buffer.alloc(65536, '10.0.0.1\\n');
      const more = () => { while (!response.destroyed && response.write(line)); };
      response.on('drain', more);
      more();
    },
    file: (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    circle: (response) => response.writeHead(302, { location: '/circle' }).end(),
    hangs: () => {},
    drips: (response) => void setInterval(() => response.write('1'), 200),
    everything: (response) => response.end('0.0.0.0/0\\n::/0\\n'),
  };
  createServer((request, response) => answers[request.url.split('/')[1]](response, request.url.split('/')[2]))
    .listen(8080, () => console.log('listening'));
`;
const HOSTILE = ['html', 'binary', 'bomb', 'packed', 'endless', 'file', 'circle', 'everything'] as const;
const SILENT = ['hangs', 'drips'] as const;

let lab: DaemonLab;
let stopServer: () => void;

beforeAll(async () => {
  lab = await createDaemonLab('hostile-feeds');
  process.env['SLUICE_FEEDS'] = join(lab.folder, 'feeds');
  const server = spawn('nsenter', [`--net=${lab.client.path}`, process.execPath, '-e', SERVER]);
  stopServer = () => server.kill('SIGKILL');
  await once(server.stdout, 'data');
});
afterAll(async () => {
  stopServer?.();
  delete process.env['SLUICE_FEEDS'];
  await lab?.close();
});

const peakMib = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

test('servers of feeds that lie, hang and never end: the daemon answers, takes little memory, and believes the good one', async () => {
  const feed = (name: string, path = name): string =>
    `  ${name}: { url: "http://${lab.client.address(4)}:8080/${path}", every: 1h }\n`;
  const all = [...HOSTILE, ...SILENT];
  const rules = [...all, 'good'].map((name) => `  - { name: ${name}, from: "@${name}", action: drop }\n`).join('');
  const sets = all.map((name) => feed(name)).join('') + feed('good', `good/${lab.client.address(6)}`);
  lab.write('policy.yaml', `version: 1\ninterfaces: [eth0]\nsets:\n${sets}prefilter:\n${rules}`);
  const { child } = await lab.start();
  expect(lab.ask('apply', 'policy.yaml').status).toBe(0);

  type Told = Record<string, { readonly state: string; readonly members: number; readonly why: string | null }>;
  const told = (): Told => {
    const { feeds } = JSON.parse(lab.ask('feeds', '-o', 'json').stdout) as {
      feeds: (Told[string] & { set: string })[];
    };
    return Object.fromEntries(feeds.map(({ set, state, members, why }) => [set, { state, members, why }]));
  };
  await expect
    .poll(() => HOSTILE.filter((name) => told()[name]?.why === null), { timeout: 30_000, interval: 500 })
    .toEqual([]);
  const feeds = told();
  expect(feeds['good']).toEqual({ state: 'fresh', members: 1, why: null });
  for (const name of HOSTILE) expect(feeds[name], name).toMatchObject({ members: 0, why: expect.stringMatching(/./) });
  expect(feeds['file']?.why).not.toContain('root:');
  // The good list is in force, and nothing else is: the client's IPv4 is in none.
  const ping6 = await lab.client.exec('ping', ['-n', '-c', '1', '-W', '0.3', lab.host.address(6)]);
  expect(ping6.stdout).toContain(' 0 received');
  expect(await lab.ping(1)).toBe(1);
  // Two still hang; a change is done beside them.
  lab.write('other.yaml', `version: 1\ninterfaces: [eth0]\ningress: { default: drop }\n`);
  expect(lab.ask('apply', 'other.yaml').status).toBe(0);
  expect(await lab.ping(1)).toBe(0);
  // A list may have 64 MiB; what it is unpacked to is held as well, and Node takes 80.
  expect(peakMib(child.pid as number)).toBeLessThan(400);
});
