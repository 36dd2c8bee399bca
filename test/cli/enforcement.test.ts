import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import {
  command,
  createFolder,
  type Folder,
  policyFiles,
  type Running,
  slowPolicy,
  sluice,
  startSluice,
} from './sluice.ts';

let lab: Lab;
let client: LabHost;
let netns: string[];
let folder: Folder;
const running: Running[] = [];

beforeAll(async () => {
  folder = createFolder({
    ...policyFiles,
    'logging.yaml': `version: 1
interfaces: [eth0]
sets:
  blocked: { file: blocked.txt }
prefilter:
  - { name: seen, protocol: icmp, action: log }
  - { name: blocklist, from: "@blocked", action: drop }
`,
    'kept.yaml': `version: 1
interfaces: [eth0]
sets:
  plain: { file: blocked.txt }
  seen: { addresses: [0.0.0.0/0, 198.51.100.0/24, "2001:db8::/32"], counters: true, memory: 64KiB }
  short: { addresses: [0.0.0.0/0], ttl: 3s }
prefilter:
  - { name: plain, from: "@plain", action: count }
  - { name: seen, from: "@seen", action: count }
  - { name: short, from: "@short", action: drop }
`,
    'elsewhere.yaml': 'version: 1\ninterfaces: [eth7]\ningress: { default: drop }\n',
  });
  lab = await createPair({ name: 'cli' });
  client = lab.host('client');
  netns = ['--netns', lab.host('host').path];
});

afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  sluice(['down', ...netns]);
});

afterAll(async () => {
  await lab?.close();
  folder?.remove();
});

async function up(file: string, ...args: string[]): Promise<Running> {
  const started = startSluice(['up', file, ...netns, ...args], folder.path);
  running.push(started);
  await started.printed(/in force|"event":"up"/);
  return started;
}

const ask = (name: string, ...args: string[]) => sluice([name, ...netns, ...args], { cwd: folder.path });
const ping = (times: number) =>
  client.exec('ping', ['-c', String(times), '-i', '0.1', '-W', '1', lab.host('host').address(4)]);

test('rules that cost packets much are named when the policy is put in force', async () => {
  folder.write('slow.yaml', slowPolicy);
  const process = await up('slow.yaml');
  await expect.poll(() => process.stderr()).toContain('[policy/slow-rules]');
});

test('a policy is in force while `up` runs, counts, and is gone after Ctrl-C', async () => {
  const process = await up('policy.yaml');
  expect(process.stdout()).toMatch(/^policy\.yaml is in force on eth0 \(native\)/);
  expect((await ping(3)).status).toBe(0);

  const { status, stdout } = ask('status');
  expect(status).toBe(0);
  expect(stdout).toContain(`process ${process.child.pid}`);
  expect(stdout).toMatch(/^eth0 +native +attached$/m);
  expect(ask('rules').stdout).toMatch(/^ping +ingress +12 +allow +3 +294 B +(now|\d s ago)$/m);
  const { counters } = JSON.parse(ask('rules', '-o', 'json').stdout);
  expect(counters).toContainEqual(
    expect.objectContaining({
      rule: 'ping',
      line: 12,
      packets: 3,
      bytes: 294,
      lastHit: expect.stringMatching(/^20.*Z$/),
    }),
  );
  expect(counters).toContainEqual(expect.objectContaining({ rule: 'telnet', packets: 0, lastHit: null }));

  process.child.kill('SIGINT');
  const end = await process.ended;
  expect(end.status).toBe(0);
  expect(end.stdout).toMatch(/\ntaken down\n$/);
  expect(ask('status')).toMatchObject({ status: 1, stdout: expect.stringMatching(/^no policy is in force\n/) });
});

test('SIGTERM takes it down, too', async () => {
  const { child, ended } = await up('policy.yaml');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0, signal: null });
  expect(JSON.parse(ask('status', '-o', 'json').stdout)).toEqual({ inForce: false, daemon: null });
});

test('what log rules match is told as it comes; then how it ended', async () => {
  const { child, printed, ended } = await up('logging.yaml', '-o', 'ndjson', '--interval', '1');
  await ping(1);
  await printed(/"event":"log"/);
  child.kill('SIGINT');
  const events = (await ended).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events[0]).toMatchObject({
    event: 'up',
    policy: 'logging.yaml',
    interfaces: [{ name: 'eth0', mode: 'native' }],
  });
  expect(events).toContainEqual(
    expect.objectContaining({ event: 'log', rule: 'seen', line: 6, packet: expect.stringContaining('echo-request') }),
  );
  expect(events.at(-1)).toMatchObject({ event: 'down', why: 'signal' });
});

test('with --watch a new version is put in force; one with an error is told and changes nothing', async () => {
  const version = (action: string): string => `version: 1
interfaces: [eth0]
ingress:
  default: allow
  rules:
    - { name: pings, protocol: icmp, action: ${action} }
`;
  folder.write('versions.yaml', version('count'));
  const process = await up('versions.yaml', '--watch');
  expect((await ping(2)).stdout).toContain('2 received');
  folder.write('versions.yaml', version('dorp'));
  await expect.poll(() => process.stderr(), { timeout: 10_000 }).toContain('versions.yaml:6:');
  expect((await ping(2)).stdout).toContain('2 received');
  // As editors write: a new file in the place of the old.
  folder.write('versions.yaml~', version('drop'));
  renameSync(join(folder.path, 'versions.yaml~'), join(folder.path, 'versions.yaml'));
  await process.printed(/versions\.yaml as it is now is in force: 1 rule, after \d+ ms/);
  expect((await ping(2)).stdout).toContain('0 received');
  // Counted by the versions before, too; other ICMP comes by itself.
  expect(ask('rules').stdout).toMatch(/pings.*drop +([6-9]|\d\d) /);
});

test('a changed set is followed; a bad line is told and leaves the old content', async () => {
  const process = await up('logging.yaml');
  folder.write('blocked.txt', `${client.address(4)}\n`);
  await process.printed(/set @blocked has been read again/);
  expect((await ping(1)).status).not.toBe(0);
  folder.write('blocked.txt', 'no address\n');
  await expect.poll(() => process.stderr(), { timeout: 10_000 }).toContain('blocked.txt:1:1');
  expect((await ping(1)).status).not.toBe(0);
  folder.write('blocked.txt', policyFiles['blocked.txt']);
});

test('after kill -9 the kernel goes on enforcing, and another `up` takes over', async () => {
  const { child, ended } = await up('policy.yaml');
  child.kill('SIGKILL');
  await ended;
  const { status, stdout } = ask('status');
  expect(status).toBe(0);
  expect(stdout).toContain('the kernel goes on enforcing');
  const next = await up('logging.yaml');
  expect(JSON.parse(ask('status', '-o', 'json').stdout)).toMatchObject({
    policy: 'logging.yaml',
    process: { pid: next.child.pid, alive: true },
  });
});

test('what a default has done is told of a policy whose files are gone', async () => {
  const moved = createFolder(policyFiles);
  const { child, ended } = await up(join(moved.path, 'policy.yaml'));
  child.kill('SIGKILL');
  await ended;
  moved.remove();
  await client.exec('bash', ['-c', `echo > /dev/udp/${lab.host('host').address(4)}/9`]);
  const byDefault = { rule: null, stage: 'ingress', line: null, reason: 'default-ingress', action: 'drop' };
  const { counters } = JSON.parse(ask('rules', '-o', 'json').stdout);
  expect(counters).toContainEqual(expect.objectContaining(byDefault));
});

test('`down` ends an `up` that runs, and finds nothing the second time', async () => {
  const { ended } = await up('policy.yaml');
  expect(ask('down')).toMatchObject({ status: 0, stdout: 'taken down from eth0\n' });
  expect(await ended).toMatchObject({ status: 0, stdout: expect.stringContaining('taken down by another process') });
  expect(ask('down')).toMatchObject({ status: 0, stdout: 'no policy was in force\n' });
});

test('generic XDP can be asked for', async () => {
  const { stdout } = await up('policy.yaml', '--generic');
  expect(stdout()).toContain('eth0 (generic)');
});

test('a reader that goes away takes the policy down, not leaves it in force', async () => {
  const { child, ended } = await up('logging.yaml', '--interval', '0.1', '-o', 'ndjson');
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ status: 0, stderr: '' });
  expect(ask('status').status).toBe(1);
});

test('a policy that only its process can see the pins of is found and taken down from elsewhere', async () => {
  // `ip netns exec` gives the command a /sys of its own.
  const { namespace } = lab.host('host');
  const child = spawn('ip', ['netns', 'exec', namespace, command, 'up', 'policy.yaml'], { cwd: folder.path });
  const ended = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    expect(ask('status').stdout).toMatch(/^eth0 +native +attached$/m);
    expect(ask('rules').status).toBe(0);
    expect(ask('down')).toMatchObject({ status: 0, stdout: 'taken down from eth0\n' });
    const { stdout } = await lab.host('host').exec('ip', ['link', 'show', 'eth0']);
    expect(stdout).not.toContain('xdp');
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test.each([
  ['another is in force', 'policy.yaml', 'datapath/already-enforced'],
  ['an interface is not there', 'elsewhere.yaml', 'kernel/interface-missing'],
])('where %s, `up` says so and changes nothing', async (_, file, code) => {
  const first = code === 'datapath/already-enforced' ? await up('policy.yaml') : undefined;
  const { status, stdout, stderr } = ask('up', file);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(`[${code}]`);
  expect(ask('status').status).toBe(first ? 0 : 1);
});

test('where no policy is in force, `rules` says so', () => {
  const { status, stderr } = ask('rules');
  expect(status).toBe(1);
  expect(stderr).toContain('[datapath/nothing-enforced]');
});

test.each(['up', 'status', 'rules', 'down'])('%s in a namespace that is not there', (name) => {
  const file = name === 'up' ? ['policy.yaml'] : [];
  const { status, stderr } = sluice([name, ...file, '--netns', 'sluice-none'], { cwd: folder.path });
  expect(status).toBe(1);
  expect(stderr).toContain('[kernel/namespace-missing]');
});

test('without rights', () => {
  const { status, stderr } = sluice(['up', 'policy.yaml'], { cwd: folder.path, unprivileged: true });
  expect(status).toBe(1);
  expect(stderr).toContain('[kernel/no-permission]');
});

test('`sets` shows members, counts and memory; what expires does so after the process was killed', async () => {
  const process = await up('kept.yaml');
  expect((await ping(3)).status).not.toBe(0);
  process.child.kill('SIGKILL');
  await process.ended;
  expect(ask('sets').stdout).toMatch(/^seen +5 +IPv4 +2 +3 +294 B +\d+ B of 64\.0 KiB$/m);
  const { sets } = JSON.parse(ask('sets', '-o', 'json').stdout);
  expect(sets).toContainEqual(
    expect.objectContaining({ set: 'seen', family: 6, line: 5, members: 1, packets: 0, ttlSeconds: null }),
  );
  expect(sets).toContainEqual(expect.objectContaining({ set: 'plain', packets: null, memory: expect.anything() }));
  expect(
    ask('sets', 'seen', '-o', 'ndjson')
      .stdout.split('\n')
      .slice(0, 3)
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { member: '0.0.0.0/0', packets: 3, bytes: 294, ttlSeconds: null },
    { member: '198.51.100.0/24', packets: 0, bytes: 0, ttlSeconds: null },
    { member: '2001:db8::/32', packets: 0, bytes: 0, ttlSeconds: null },
  ]);
  await expect.poll(async () => (await ping(1)).status, { timeout: 10_000 }).toBe(0);
  expect(ask('sets', '@short').stdout).toMatch(/^member +packets +bytes +ttl left\n$/);
  const unknown = ask('sets', 'sean');
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toContain('did you mean "seen"');
});

test('`rules` tells which windows are open, and until when', async () => {
  const hour = (hours: number) => `"${new Date(Date.now() + hours * 3_600_000 + 60_000).toISOString().slice(11, 16)}"`;
  folder.write(
    'windows.yaml',
    `version: 1
interfaces: [eth0]
ingress:
  rules:
    - { name: now, protocol: udp, when: { from: ${hour(-2)}, to: ${hour(3)} }, action: count }
    - { name: later, protocol: udp, when: { from: ${hour(2)}, to: ${hour(3)} }, action: count }
    - { name: always, protocol: udp, action: count }
`,
  );
  const process = await up('windows.yaml');
  const { stdout } = ask('rules');
  expect(stdout).toMatch(/^now .* open for 3 h$/m);
  expect(stdout).toMatch(/^later .* opens in 2 h$/m);
  expect(stdout).toMatch(/^always .* never$/m);
  const { counters } = JSON.parse(ask('rules', '-o', 'json').stdout);
  expect(counters[0].window).toEqual({
    open: true,
    until: expect.stringMatching(/^20.*:00\.\d{3}Z$|^20.*:59\.99\dZ$/),
  });
  expect(counters[2]).not.toHaveProperty('window');
  process.child.kill('SIGINT');
  await process.ended;
});
