import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Enforcement } from '../../src/datapath/index.ts';
import { createPair, type Lab, type LabHost, type LabProcess } from '../../src/lab/index.ts';
import { type Outcome, sluice, startSluice } from '../cli/sluice.ts';
import { enforceOn, policyOf } from './enforcing.ts';

const POLICY = `version: 1
interfaces: [eth0]
connections: {}
ingress:
  default: drop
  rules:
    - { name: web, protocol: tcp, port: 8080, action: allow }
    - { name: echo, protocol: [tcp, udp], port: 7000, action: allow }
`;
const SMALL = POLICY.replace('connections: {}', 'connections: { size: 16, unproven: 16 }');

let lab: Lab;
let client: LabHost;
let host: LabHost;
let enforcement: Enforcement | undefined;
let talking: LabProcess | undefined;
beforeAll(async () => {
  lab = await createPair({ name: 'connections-cmd' });
  [client, host] = [lab.host('client'), lab.host('host')];
  await host.serveHttp(8080);
  await host.serveEcho(7000);
});
afterEach(async () => {
  await talking?.stop();
  talking = undefined;
  enforcement?.stop();
  enforcement = undefined;
});
afterAll(() => lab.close());

const ask = (...args: readonly string[]): Outcome => sluice(['connections', '--netns', host.path, ...args]);
const rows = (...args: readonly string[]): Record<string, unknown>[] =>
  ask('-o', 'ndjson', ...args)
    .stdout.split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const curl = (family: 4 | 6 = 4) => {
  const address = family === 6 ? `[${host.address(6)}]` : host.address(4);
  return client.exec('curl', ['--silent', '--max-time', '2', `http://${address}:8080/`]);
};
/** A TCP connection that goes on, a line each 50 ms. */
async function talk(): Promise<void> {
  talking = await client.spawn('sh', ['-c', `while sleep 0.05; do echo tick; done | nc ${host.address(4)} 7000`]);
  await expect.poll(() => rows('tcp port 7000 and tcp[tcpflags] & tcp-push != 0'), { timeout: 5000 }).toHaveLength(1);
}

test('they are listed with all that is known of them, in every form', async () => {
  enforcement = enforceOn(host, POLICY);
  await curl();
  await curl(6);
  await client.exec('sh', ['-c', `echo hello | nc -u -w 1 ${host.address(4)} 7000`]);
  await host.exec('ping', ['-c', '1', client.address(4)]);

  const all = rows();
  expect(all).toHaveLength(4);
  const web = all.find(({ family, protocol }) => family === 4 && protocol === 'tcp');
  expect(web).toMatchObject({
    source: client.address(4),
    destination: host.address(4),
    destinationPort: 8080,
    direction: 'inbound',
    phase: 'time-wait',
    proven: true,
    flags: 'SAFP',
    replyFlags: 'SAFP',
    rule: 'web',
    line: 7,
    verdict: 'allow',
    policy: 'in-force',
    generation: 1,
    interface: 'eth0',
  });
  expect(web?.['packets']).toBeGreaterThan(3);
  expect(web?.['replyBytes']).toBeGreaterThan(200);
  expect(Math.abs(Date.parse(web?.['first'] as string) - Date.now())).toBeLessThan(10_000);
  expect(web?.['secondsLeft']).toBeGreaterThan(40);
  expect(all).toContainEqual(expect.objectContaining({ family: 6, destination: host.address(6), rule: 'web' }));
  expect(all).toContainEqual(
    expect.objectContaining({
      protocol: 'icmp',
      direction: 'outbound',
      phase: 'echo',
      sourcePort: null,
      rule: 'default-egress',
      line: null,
    }),
  );
  expect(all.find(({ protocol }) => protocol === 'udp')).toMatchObject({
    phase: 'replied',
    proven: false,
    rule: 'echo',
    flags: null,
  });

  const json = JSON.parse(ask('-o', 'json').stdout);
  expect(json.connections).toHaveLength(4);
  // What is written by hand for speed is what JSON.stringify writes.
  const line = ask('-o', 'ndjson', 'tcp and ip').stdout;
  expect(line).toBe(`${JSON.stringify(JSON.parse(line))}\n`);
  expect(ask('-o', 'yaml').stdout.match(/^ {0,2}- protocol: /gm)).toHaveLength(4);
  const table = ask('--sort', 'packets').stdout;
  expect(table).toMatch(/^protocol +from +to +by +phase +packets /);
  expect(table).toMatch(/^tcp +\S+:\d+ +\S+:8080 +in eth0 +time-wait +\d+ +\d+ .* SAFP\/SAFP .* web:7$/m);
  expect(table).toMatch(/^udp .* replied, unproven .* echo:8$/m);
});

test('expressions match in either direction; sort and limit choose', async () => {
  enforcement = enforceOn(host, POLICY);
  await curl();
  await curl(6);
  await host.exec('ping', ['-c', '3', '-i', '0.1', client.address(4)]);
  expect(rows('src', 'port', '8080')).toHaveLength(2);
  expect(rows('dst port 8080 and ip6')).toHaveLength(1);
  expect(rows(`icmp and src host ${client.address(4)}`)).toHaveLength(1);
  expect(rows('tcp[tcpflags] & tcp-rst != 0')).toEqual([]);
  expect(rows('udp')).toEqual([]);
  expect(ask('udp')).toMatchObject({ status: 0, stdout: 'no live connection matches\n' });
  const bytes = rows('--sort', 'bytes').map((row) => Number(row['bytes']) + Number(row['replyBytes']));
  expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
  expect(rows('--sort', 'age')[0]).toMatchObject({ family: 4, protocol: 'tcp' });
  expect(rows('--sort', 'last', '--limit', '1')).toEqual([expect.objectContaining({ protocol: 'icmp' })]);
  expect(ask('--limit', '1').stdout).toContain('2 more: --limit N');
});

test('what is killed hears nothing any more, and what is not meant goes on', async () => {
  enforcement = enforceOn(host, POLICY);
  await talk();
  expect(ask('kill', 'udp')).toMatchObject({ status: 1, stdout: 'no live connection matches\n' });
  const before = rows('tcp port 7000')[0];
  await expect.poll(() => rows('tcp port 7000')[0]?.['packets']).not.toBe(before?.['packets']);
  expect(ask('kill', 'tcp', 'port', '7000')).toMatchObject({ status: 0, stdout: '1 connection killed\n' });
  await setTimeout(50);
  const killed = rows('tcp port 7000')[0];
  expect(killed).toMatchObject({ phase: 'killed', verdict: 'drop' });
  // The client repeats what was lost and ends it; neither brings the connection back.
  await talking?.stop();
  await setTimeout(400);
  expect(rows('tcp port 7000')[0]).toMatchObject({ phase: 'killed', packets: killed?.['packets'] });
  expect((await curl()).stdout).toContain('hello');
  expect(enforcement.counters().find(({ name }) => name === 'killed')?.packets).toBeGreaterThan(0n);
  expect(JSON.parse(ask('kill', '--all', '-o', 'json').stdout)).toEqual({ killed: 1 });
});

test('--follow tells what is new, changes and ends', async () => {
  enforcement = enforceOn(host, POLICY.replace('{}', '{ timeouts: { timeWait: 1s, replied: 1s } }'));
  const follow = startSluice(
    ['connections', '-n', host.path, '-f', '--interval', '0.2', '-o', 'ndjson', 'port 7000'],
    '.',
  );
  const looked = setTimeout(700);
  await looked;
  await client.exec('sh', ['-c', `(echo one; sleep 0.5; echo two) | nc -u -w 1 ${host.address(4)} 7000`]);
  await follow.printed(/"event":"ended"/);
  follow.child.kill('SIGINT');
  expect((await follow.ended).status).toBe(0);
  const events = follow
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['new', 'changed', 'ended']));
  // That it moved to the other table when it had proved itself is a change, and no end.
  expect(events.filter(({ event }) => event === 'new')).toHaveLength(1);
  expect(events.filter(({ event }) => event === 'ended')).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({ event: 'ended', proven: true, packets: 2, replyPackets: 2, rule: 'echo' });
});

test('after another policy, it is said which one has judged', async () => {
  enforcement = enforceOn(host, POLICY);
  await curl();
  await talk();
  enforcement.update(policyOf(POLICY.replace('port: 7000', 'port: 7001')));
  expect(rows('port 8080')[0]).toMatchObject({
    rule: null,
    line: null,
    policy: 'earlier',
    generation: null,
    verdict: 'allow',
  });
  await expect
    .poll(() => rows('port 7000')[0])
    .toMatchObject({ rule: 'default-ingress', policy: 'in-force', generation: 2, verdict: 'drop' });
  expect(ask('port 7000').stdout).toMatch(/default-ingress, dropped$/m);
  expect(ask('port 8080').stdout).toMatch(/of an earlier policy$/m);
});

test('`status` tells how full the tables are, and warns before they are', async () => {
  enforcement = enforceOn(host, SMALL);
  const status = (...args: string[]) => sluice(['status', '-n', host.path, ...args]);
  await curl();
  expect(status()).toMatchObject({ status: 0, stderr: '' });
  expect(status().stdout).toMatch(/^proven +1 +16 +6% +0 +0\nunproven +0 +16 +0% +0 +0$/m);
  // Nobody answers: port 7000 of UDP is asked from many ports, and each is a connection that has proved nothing.
  const script = `for i in $(seq 40); do echo x | nc -u -w 0 -p $((20000 + i)) ${host.address(4)} 7000; done`;
  await client.exec('bash', ['-c', script]);
  const { connections } = JSON.parse(status('-o', 'json').stdout);
  expect(connections.unproven.used).toBeGreaterThanOrEqual(13);
  expect(connections.unproven.evicted).toBeGreaterThan(0);
  expect(status().stderr).toMatch(/proved nothing yet is \d+% full: \d+ of 16 .*\[datapath\/connections-nearly-full\]/);
});

test.each([
  [['tcp', 'prot', '80'], 2, 'cli/usage', 'not a tcpdump expression'],
  [['kill'], 2, 'cli/usage', '--all'],
  [['kill', '--all', 'tcp'], 2, 'cli/usage', 'not both'],
  [['--all'], 2, 'cli/usage', 'goes with kill'],
  [['--limit', 'few'], 2, 'cli/usage', '"few"'],
  [['--interval', '2'], 2, 'cli/usage', '--follow'],
  [['--follow', '--sort', 'age'], 2, 'cli/usage', 'neither sorts'],
  [['--sort', 'size'], 2, 'cli/usage', 'bytes, packets, age, idle, last'],
  [[], 1, 'datapath/nothing-enforced', 'no policy is in force'],
  [['-f'], 1, 'datapath/nothing-enforced', 'no policy is in force'],
])('`connections %j` is refused', (args, status, code, text) => {
  const outcome = ask(...args);
  expect(outcome).toMatchObject({ status, stdout: '' });
  expect(outcome.stderr).toContain(`[${code}]`);
  expect(outcome.stderr).toContain(text);
});

test('a policy that tracks none says so', () => {
  enforcement = enforceOn(host, POLICY.replace('connections: {}\n', ''));
  expect(ask().stderr).toContain('[datapath/no-connections]');
  expect(ask('kill', '--all')).toMatchObject({ status: 1, stderr: expect.stringContaining('connections: {}') });
  expect(sluice(['status', '-n', host.path]).stdout).not.toContain('unproven');
});
