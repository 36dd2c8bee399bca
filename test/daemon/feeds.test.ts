import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startFeedServer } from '../../src/feeds/testing/feed-server.ts';
import { startSluice } from '../cli/sluice.ts';
import { createDaemonLab, type DaemonLab } from './daemon.ts';

let lab: DaemonLab;
let url: string;
let stopServer: () => void;

/** Serves the file list.txt of its folder. */
const SERVER = `
  const { createServer } = require('node:http');
  const { readFileSync } = require('node:fs');
  createServer((_, response) => response.end(readFileSync('list.txt'))).listen(8080, () => console.log('listening'));
`;

const policy = (path: string, action = 'drop'): string => `version: 1
interfaces: [eth0]
sets: { bad: { url: "${url}/${path}", every: 1h } }
prefilter: [{ name: blocklist, from: "@bad", action: ${action} }]
`;

beforeAll(async () => {
  lab = await createDaemonLab('daemon-feeds');
  process.env['SLUICE_FEEDS'] = join(lab.folder, 'feeds');
  url = `http://${lab.client.address(4)}:8080`;
  const server = spawn('nsenter', [`--net=${lab.client.path}`, process.execPath, '-e', SERVER], { cwd: lab.folder });
  stopServer = () => server.kill('SIGKILL');
  await once(server.stdout, 'data');
});
afterEach(async () => {
  await lab.clear();
  for (const path of [lab.stateDir, join(lab.folder, 'feeds')]) rmSync(path, { recursive: true, force: true });
});
afterAll(async () => {
  stopServer?.();
  delete process.env['SLUICE_FEEDS'];
  await lab?.close();
});

/** The list is fetched by IPv4, and is about IPv6. */
const ping6 = async (): Promise<boolean> =>
  (await lab.client.exec('ping', ['-n', '-c', '1', '-W', '0.3', lab.host.address(6)])).stdout.includes('1 received');
const passes = () => expect.poll(ping6, { timeout: 10_000, interval: 100 });
const list = (...lines: readonly string[]): void => lab.write('list.txt', lines.map((line) => `${line}\n`).join(''));

test('the daemon fetches the feeds of what it has in force; the command tells, refreshes and accepts', async () => {
  list(lab.client.address(6), '203.0.113.1', '203.0.113.2');
  lab.write('policy.yaml', policy('a'));
  await lab.start();
  expect(lab.ask('feeds', '--policy', 'policy.yaml').stdout).toMatch(/bad +never +0 .*http:/);
  const applied = lab.ask('apply', 'policy.yaml');
  expect(applied.stderr).toContain('policy/feed-not-fetched');
  expect(applied.status).toBe(0);
  await passes().toBe(false);
  const { feeds } = JSON.parse(lab.ask('feeds', '-o', 'json').stdout);
  expect(feeds).toMatchObject([{ set: 'bad', state: 'fresh', members: 3, url: `${url}/a`, why: null, failures: 0 }]);

  // Two thirds are gone.
  list('203.0.113.1');
  const refreshed = lab.ask('feeds', 'refresh');
  expect(refreshed).toMatchObject({ status: 1, stdout: expect.stringMatching(/bad +held back +3/) });
  expect(refreshed.stderr).toMatch(/it has 1 member, and had 3.*feed\/held-back/);
  expect(lab.ask('feeds').stdout).toMatch(/bad +held[\s\S]*had 3; `sluice feeds accept bad` lets it through/);
  expect(await ping6()).toBe(false);
  expect(lab.ask('feeds', 'accept', '@bad')).toMatchObject({ status: 0, stderr: '' });
  await passes().toBe(true);

  expect(lab.ask('feeds', 'refresh', 'bat')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('did you mean "bad"?'),
  });
  expect(lab.ask('feeds', 'accept')).toMatchObject({ status: 2 });
});

test('up fetches feeds, too', async () => {
  list(lab.client.address(6));
  lab.write('up.yaml', policy('first', 'count'));
  const up = await lab.up('up.yaml');
  await expect.poll(() => up.stdout(), { timeout: 10_000 }).toContain('set @bad has been read again');
  up.child.kill('SIGTERM');
  expect((await up.ended).status).toBe(0);
});

test('without a policy in force, one has to be named', () => {
  expect(lab.ask('feeds')).toMatchObject({ status: 1, stderr: expect.stringContaining('sluice feeds --policy FILE') });
});

test('https wants a certificate that is trusted', async () => {
  const [key, cert] = [join(lab.folder, 'key.pem'), join(lab.folder, 'cert.pem')];
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=feed'];
  const to = ['-keyout', key, '-out', cert, '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', ...made, ...to], { stdio: 'ignore' });
  const server = await startFeedServer((listener) =>
    createServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener),
  );
  server.send('203.0.113.1\n');
  lab.write('https.yaml', policy('').replace(url, server.url));
  const refresh = () => startSluice(['feeds', 'refresh', '--policy', 'https.yaml'], lab.folder).ended;
  const refused = await refresh();
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') });
  process.env['NODE_EXTRA_CA_CERTS'] = cert;
  expect(await refresh()).toMatchObject({ status: 0, stdout: expect.stringMatching(/bad +fetched +1/) });
  delete process.env['NODE_EXTRA_CA_CERTS'];
  await server.close();
});
