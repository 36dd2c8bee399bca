import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost, type LabProcess } from '../../src/lab/index.ts';
import { cutsSsh, describeSession, liveSshSessions, sshProblems } from '../../src/rehearse/index.ts';
import { policyOf } from '../policy-of.ts';

let lab: Lab;
let client: LabHost;
let host: LabHost;
let folder: string;
const sessions: LabProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-ssh-'));
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
  writeFileSync(join(folder, 'authorized'), readFileSync(join(folder, 'user.pub')));
  writeFileSync(join(folder, 'config'), config());
  mkdirSync('/run/sshd', { recursive: true });
  lab = await createPair({ name: 'ssh' });
  [client, host] = [lab.host('client'), lab.host('host')];
  const sshd = await host.spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'config')]);
  await sshd.printed('Server listening on 0.0.0.0');
  for (const family of [4, 6] as const) sessions.push(await logIn(host.address(family)));
});

afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

const config = (): string => `
Port 2222
HostKey ${join(folder, 'host')}
AuthorizedKeysFile ${join(folder, 'authorized')}
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
`;

/** A session that tells what its server has told it, and stays. */
async function logIn(address: string): Promise<LabProcess> {
  const options = ['StrictHostKeyChecking=no', `UserKnownHostsFile=${join(folder, 'known')}`, 'BatchMode=yes'];
  const args = ['-p', '2222', '-i', join(folder, 'user'), ...options.flatMap((option) => ['-o', option])];
  const session = await client.spawn('ssh', [...args, `root@${address}`, 'echo "at $SSH_CONNECTION"; sleep 600']);
  await session.printed(/^at .*\n/m, 20_000);
  return session;
}

const connectionOf = (session: LabProcess | undefined): string =>
  /at (.*)/.exec(session?.output().stdout ?? '')?.[1] ?? '';

const policy = (rules: string, rest = ''): string => `
version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules:
${rules}
${rest}`;
const ALL = '    - { name: ssh, protocol: tcp, port: 2222, action: allow }';

function guard(text: string, callers: readonly string[] = []) {
  const checked = policyOf(text);
  using rehearsal = openRehearsal(checked);
  return inNamespace({ path: host.path }, () => {
    const cuts = cutsSsh({ policy: checked, judge: rehearsal.judge }, liveSshSessions(callers));
    return { cuts, problems: sshProblems(checked, cuts) };
  });
}

test('sessions of both families are found by their sockets, and only in their namespace', () => {
  const found = inNamespace({ path: host.path }, () => liveSshSessions());
  expect(
    found.map(({ client: from, server, serverPort, of }) => [from.family, server.family, serverPort, of]).sort(),
  ).toEqual([
    [4, 4, 2222, 'sshd'],
    [6, 6, 2222, 'sshd'],
  ]);
  expect(inNamespace({ path: client.path }, () => liveSshSessions())).toEqual([]);
});

test("the caller's own session is told from others; one that is closed does not count", () => {
  const callers = [connectionOf(sessions[0]), '192.0.2.1 9 192.0.2.10 2222'];
  const found = inNamespace({ path: host.path }, () => liveSshSessions(callers));
  expect(found.map(({ of, server }) => [of, server.family])).toEqual([
    ['caller', 4],
    ['sshd', 6],
  ]);
});

test('a policy that lets them pass cuts none', () => {
  expect(guard(policy(ALL)).cuts).toEqual([]);
  expect(guard(policy('    []').replace('eth0', 'eth7')).cuts).toEqual([]);
});

test('a default that drops them is named with its line, and each connection', () => {
  const caller = connectionOf(sessions[0]);
  const { problems } = guard(policy('    []'), [caller]);
  const [from, port] = caller.split(' ');
  expect(problems).toHaveLength(2);
  expect(problems[0]).toMatchObject({
    code: 'apply/cuts-ssh',
    message: `the default of ingress would drop packets of your SSH connection ${from}:${port} > 192.0.2.10:2222 (ingress on eth0)`,
    place: { line: 5 },
    help: expect.stringContaining('--force'),
  });
});

test('a rule that cuts one family is named; so is one that stops what leaves', () => {
  const v6 = '    - { name: no-six, from: "2001:db8::/32", action: reject }';
  const { cuts, problems } = guard(policy(`${v6}\n${ALL}`));
  expect(cuts.map(({ session, by }) => [session.client.family, by.rule, by.verdict])).toEqual([
    [6, 'no-six', 'reject'],
  ]);
  expect(problems[0]).toMatchObject({
    message: expect.stringContaining('rule "no-six" would reject'),
    place: { line: 7 },
  });
  const egress = 'egress: { default: allow, rules: [{ name: mute, protocol: tcp, fromPort: 2222, action: drop }] }';
  expect(guard(policy(ALL, egress)).cuts.map(({ direction, by }) => [direction, by.rule])).toEqual([
    ['egress', 'mute'],
    ['egress', 'mute'],
  ]);
});

test('a session that has ended is no reason to refuse', async () => {
  await sessions[1]?.stop();
  const deadline = Date.now() + 5000;
  const found = () => inNamespace({ path: host.path }, () => liveSshSessions()).map(describeSession);
  while (found().length > 1 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(found()).toHaveLength(1);
  expect(guard(policy('    - { name: no-six, from: "2001:db8::/32", action: drop }\n'.concat(ALL))).cuts).toEqual([]);
});
