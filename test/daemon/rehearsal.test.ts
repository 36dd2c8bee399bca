import { once } from 'node:events';
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Outcome, sluice } from '../cli/sluice.ts';
import { createDaemonLab, type DaemonLab, pings } from './daemon.ts';

let lab: DaemonLab;

beforeAll(async () => {
  lab = await createDaemonLab('daemon-rehearsal');
  lab.write('allow.yaml', pings('allow'));
  lab.write('drop.yaml', pings('drop'));
  lab.write('reject.yaml', pings('reject'));
  lab.write(
    'reject.test.yaml',
    "tests: [{ name: pings pass, packet: 'icmp 192.0.2.1 > 192.0.2.10', expect: allow }]\n",
  );
});
afterEach(async () => {
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

test('an apply tells which packets are treated differently, with an example', async () => {
  await lab.start();
  lab.ask('apply', 'allow.yaml');
  const { stdout } = lab.ask('apply', 'drop.yaml', '--dry-run');
  expect(stdout).toMatch(/^rehearsed with \d+ packets: 1 kind of packets is treated differently\n/);
  expect(stdout).toMatch(/ {2}allow pings:5 → drop pings:5 .*\n {6}icmp .*echo-request/);
  expect(await lab.ping()).toBe(2);
  const { rehearsal } = JSON.parse(lab.ask('apply', 'drop.yaml', '-o', 'json').stdout);
  expect(rehearsal).toMatchObject({ differenceCount: 1, differences: [{ before: { verdict: 'allow' } }] });
  expect(lab.ask('apply', 'drop.yaml').stdout).toContain('no verdict changes');
  expect(lab.ask('diff', '1', '2').stdout).toContain('allow → drop');
});

test('a test of the policy that fails keeps it from being put in force, unless it is forced', async () => {
  await lab.start();
  lab.ask('apply', 'allow.yaml');
  const refused = lab.ask('apply', 'reject.yaml');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('[rehearsal/test-failed]');
  expect(await lab.ping()).toBe(2);
  const forced = lab.ask('apply', 'reject.yaml', '--force');
  expect(forced.status).toBe(0);
  expect(forced.stderr).toMatch(
    /^warning: test "pings pass" expects allow.*\[rehearsal\/test-failed\]\n.*reject\.test\.yaml:1:\d+\n {2}1 \| tests:/m,
  );
  expect(await lab.ping()).toBe(0);
});

test('what is observed enforces nothing, tells what it would do, and is enforced when it is confirmed', async () => {
  await lab.start();
  lab.ask('apply', 'allow.yaml');
  expect(lab.ask('apply', 'drop.yaml', '--observe').stdout).toMatch(/is observed, not enforced, on eth0/);
  expect(await lab.ping(3)).toBe(3);
  const { daemon } = JSON.parse(lab.ask('status', '-o', 'json').stdout);
  expect(daemon.differences).toMatchObject([
    { enforced: { name: 'pings', verdict: 'allow' }, observed: { name: 'pings', verdict: 'drop' }, packets: 3 },
  ]);
  expect(lab.ask('status').stdout).toMatch(/allow pings:5 +drop pings:5 +3 +icmp /);
  expect(lab.ask('confirm').status).toBe(0);
  expect(await lab.ping()).toBe(0);

  lab.ask('apply', 'allow.yaml', '--observe');
  expect(lab.ask('rollback').status).toBe(0);
  expect(await lab.ping()).toBe(0);
});

test('beside what is observed, a dry run is compared with the policy in force', async () => {
  await lab.start();
  lab.ask('apply', 'allow.yaml');
  lab.ask('apply', 'drop.yaml', '--observe');
  expect(lab.ask('apply', 'allow.yaml', '--dry-run').stdout).toContain('no verdict changes');
  expect(lab.ask('apply', 'drop.yaml', '--dry-run').stdout).toMatch(/allow pings:5 → drop pings:5/);
});

test('what was observed and cannot be enforced waits no more, and the policy before goes on', async () => {
  const { child } = await lab.start();
  lab.ask('apply', 'allow.yaml');
  lab.ask('apply', 'drop.yaml', '--observe');
  // The record of what is in force cannot be written: its place is taken.
  const obstacle = `${lab.record}.${child.pid}`;
  mkdirSync(obstacle);
  const confirmed = lab.ask('confirm');
  expect(confirmed.status).toBe(1);
  expect(confirmed.stderr).toContain('[datapath/not-written]');
  rmdirSync(obstacle);
  const { daemon, pending } = JSON.parse(lab.ask('status', '-o', 'json').stdout);
  expect({ waiting: daemon.waiting, pending }).toEqual({ waiting: null, pending: undefined });
  const { revisions } = JSON.parse(lab.ask('history', '-o', 'json').stdout);
  expect(revisions[0]).toMatchObject({ revision: 2, outcome: 'failed', reason: expect.stringContaining('EISDIR') });
  expect(await lab.ping()).toBe(2);
  expect(lab.ask('apply', 'allow.yaml', '--dry-run').stdout).toContain('no verdict changes');
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(0);
});

/** What is done with whom a set holds, which takes members at run time; the rest by `rest`. */
const withSet = (action: string, rest: string): string => `version: 1
interfaces: [eth0]
sets: { known: { dynamic: true } }
ingress:
  default: ${rest}
  rules:
    - { name: known, from: "@known", action: ${action} }
`;

test('what was added to a set at run time counts: whom it alone lets in is not cut, whom it holds off is; differences too', async () => {
  const first = await lab.start();
  lab.write('count.yaml', withSet('count', 'allow'));
  lab.write('only-known.yaml', withSet('allow', 'drop'));
  lab.write('not-known.yaml', withSet('drop', 'allow'));
  lab.write(
    'not-known.test.yaml',
    "tests: [{ name: as written, packet: 'udp 192.0.2.1:1 > 192.0.2.10:9', expect: allow }]\n",
  );
  const server = await lab.host.serveEcho(22);
  const session = await lab.client.spawn('nc', ['-p', '40023', lab.host.address(4), '22']);
  const env = { SSH_CONNECTION: `${lab.client.address(4)} 40023 ${lab.host.address(4)} 22` };
  const dryRun = (file: string) =>
    sluice(['apply', file, '--dry-run', '--netns', lab.host.path], { cwd: lab.folder, env });
  try {
    lab.ask('apply', 'count.yaml');
    await expect
      .poll(() => dryRun('only-known.yaml').stderr)
      .toContain('the default of ingress would drop packets of your');
    expect(dryRun('not-known.yaml')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no verdict changes'),
    });

    expect(lab.ask('sets', 'add', 'known', lab.client.address(4), '198.51.100.0/24').status).toBe(0);
    const allowed = dryRun('only-known.yaml');
    expect(allowed).toMatchObject({ status: 0, stderr: '' });
    // Of a member nothing changes, of all others it does.
    expect(allowed.stdout).toMatch(/allow default-ingress:5 → drop default-ingress:5 /);
    const refused = dryRun('not-known.yaml');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/rule "known" would drop packets of your SSH connection 192\.0\.2\.1:40023/);
    // The policy's own tests are about the policy as it is written.
    expect(refused.stderr).not.toContain('test-failed');

    // What the daemon before was told is on disk.
    await lab.kill(first);
    await lab.start();
    expect(dryRun('not-known.yaml').stderr).toContain('rule "known" would drop packets of your');
    expect(lab.ask('sets', 'remove', 'known', lab.client.address(4)).status).toBe(0);
    const passing = dryRun('not-known.yaml');
    expect(passing.status).toBe(0);
    expect(passing.stdout).toMatch(/allow default-ingress:\d+ → drop known:7 .*\n.* 198\.51\.100\./);
  } finally {
    await session.stop();
    await server.stop();
  }
});

/** A policy that drops SSH, and a connection to port 22 of who asks. */
async function withSshConnection(
  port: number,
  act: (ask: (...args: string[]) => Outcome) => Promise<void>,
): Promise<void> {
  const cutting = pings('allow').replace(
    'rules:\n',
    'rules:\n    - { name: no-ssh, protocol: tcp, port: 22, action: drop }\n',
  );
  lab.write('cutting.yaml', cutting);
  const server = await lab.host.serveEcho(22);
  const session = await lab.client.spawn('nc', ['-p', String(port), lab.host.address(4), '22']);
  const env = { SSH_CONNECTION: `${lab.client.address(4)} ${port} ${lab.host.address(4)} 22` };
  const ask = (...args: string[]) => sluice([...args, '--netns', lab.host.path], { cwd: lab.folder, env });
  try {
    await expect.poll(() => ask('apply', 'cutting.yaml', '--dry-run').stderr).toContain('[apply/cuts-ssh]');
    await act(ask);
  } finally {
    await session.stop();
    await server.stop();
  }
}

test('a policy that would cut the SSH connection of who applies it is refused, naming the rule, unless it is forced', async () => {
  await lab.start();
  await withSshConnection(40_022, async (ask) => {
    const refused = ask('apply', 'cutting.yaml');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /rule "no-ssh" would drop packets of your SSH connection 192\.0\.2\.1:40022 > 192\.0\.2\.10:22/,
    );
    expect(refused.stderr).toContain('cutting.yaml:5:');
    expect(lab.ask('status').stdout).toContain('no policy is in force');
    expect(ask('apply', 'cutting.yaml', '--force').status).toBe(0);
  });
});

test('to confirm what was observed, or to go back to a policy, is refused as well where it would cut an SSH connection', async () => {
  await lab.start();
  await withSshConnection(40_024, async (ask) => {
    lab.ask('apply', 'allow.yaml');
    ask('apply', 'cutting.yaml', '--observe', '--force');
    const refused = ask('confirm');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/rule "no-ssh" would drop packets of your SSH connection .*\[apply\/cuts-ssh\]/);
    expect(lab.ask('status').stdout).toMatch(/allow\.yaml is in force/);
    expect(ask('confirm', '--force').status).toBe(0);
    expect(lab.ask('status').stdout).toMatch(/cutting\.yaml is in force/);

    expect(ask('rollback').status).toBe(0);
    const back = ask('rollback', '2');
    expect(back.status).toBe(1);
    expect(back.stderr).toContain('[apply/cuts-ssh]');
    expect(lab.ask('status').stdout).toMatch(/allow\.yaml is in force/);
    const forced = ask('rollback', '2', '--force');
    expect(forced.status).toBe(0);
    expect(forced.stderr).toMatch(/^warning: rule "no-ssh" would drop/m);
  });
});

test('an apply whose command has ended before it is in force is given up, and the daemon tells', async () => {
  const daemon = await lab.start();
  lab.ask('apply', 'allow.yaml');
  // It reads the request and the end of the connection when it goes on.
  daemon.child.kill('SIGSTOP');
  const asking = connect(join(dirname(lab.record), 'daemon.sock'));
  await once(asking, 'connect');
  const body = JSON.stringify({ path: join(lab.folder, 'drop.yaml'), text: pings('drop') });
  const head = `POST /v1/apply HTTP/1.1\r\nhost: sluice\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  await new Promise<void>((sent) => asking.write(`${head}\r\n\r\n${body}`, () => sent()));
  asking.destroy();
  daemon.child.kill('SIGCONT');
  await expect.poll(() => daemon.stdout() + daemon.stderr(), { timeout: 10_000 }).toContain('[daemon/asker-gone]');
  expect(JSON.parse(lab.ask('history', '-o', 'json').stdout).revisions).toHaveLength(1);
  expect(await lab.ping()).toBe(2);
});
