import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readEnforcement, takeDown } from '../../src/datapath/index.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import { namespacePath } from '../../src/lab/namespaces.ts';
import { caught } from './caught.ts';
import { enforceIn, interfaceIn, NO_TRACE, traces } from './enforcing.ts';
import { startEnforcing } from './start-enforcing.ts';
import { createVethPair, type VethPair } from './veth.ts';

const policy = (interfaces: string, egress = 'drop'): string => `
version: 1
interfaces: [${interfaces}]
ingress:
  default: drop
  rules:
    - { name: marked, protocol: udp, action: { mark: 7 } }
    - { name: echo, protocol: udp, port: 7, action: allow }
egress:
  default: ${egress}
`;

let veth: VethPair;
const found = () => inNamespace(veth.namespace, readEnforcement);
const links = () => (traces(veth.namespace)['pins'] as string[]).filter((pin) => pin.includes('/links/'));
const xdpOn = (device: string): number | undefined => interfaceIn(veth.namespace, device)?.xdp?.programId;

beforeEach(() => {
  veth = createVethPair();
});
afterEach(() => {
  const left = traces(veth.namespace);
  veth.remove();
  expect(left).toEqual(NO_TRACE);
});

test('a killed process leaves its policy in force, which is found, and can be taken down', async () => {
  const enforcing = await startEnforcing(namespacePath(veth.namespace), policy('left'));
  expect(found()).toMatchObject({ pid: enforcing.pid, alive: true });
  expect(caught(() => enforceIn(veth.namespace, policy('right'))).problems).toMatchObject([
    { code: 'datapath/already-enforced' },
  ]);

  const program = xdpOn('left');
  await enforcing.kill();
  expect(xdpOn('left')).toBe(program);
  expect(found()).toMatchObject({
    pid: enforcing.pid,
    alive: false,
    interfaces: [{ name: 'left', attached: true, mode: 'native', classifier: 'tcx' }],
    rules: [{ name: 'marked' }, { name: 'echo' }],
  });
  expect(
    found()
      ?.counters()
      .map(({ name }) => name),
  ).toContain('echo');
  expect(inNamespace(veth.namespace, takeDown)).toEqual({ interfaces: ['left'] });
  expect(xdpOn('left')).toBeUndefined();
});

test('the policy of a killed process is replaced by one for other interfaces and hooks: nothing of it stays', async () => {
  const enforcing = await startEnforcing(namespacePath(veth.namespace), policy('left, right'));
  await enforcing.kill();
  expect(links()).toHaveLength(2 * 3); // XDP, TC for marks, TC egress

  const second = enforceIn(veth.namespace, policy('right', 'allow').replace(/.*marked.*\n/, ''));
  expect(xdpOn('left')).toBeUndefined();
  expect(xdpOn('right')).toBe(second.generation.xdp.id);
  expect(links()).toHaveLength(1);
  second.stop();
});

test('what a killed process had in force stays as it was when its successor cannot come up', async () => {
  const enforcing = await startEnforcing(namespacePath(veth.namespace), policy('left'));
  await enforcing.kill();
  const [program, before] = [xdpOn('left'), traces(veth.namespace)['pins']];
  expect(() => enforceIn(veth.namespace, policy('left, nowhere'))).toThrow('nowhere');
  expect({ program: xdpOn('left'), pins: traces(veth.namespace)['pins'] }).toEqual({ program, pins: before });
  expect(found()).toMatchObject({ pid: enforcing.pid, interfaces: [{ attached: true }] });
  inNamespace(veth.namespace, takeDown);
});

test('a process whose policy was taken down leaves alone what another has put in force since', async () => {
  const first = await startEnforcing(namespacePath(veth.namespace), policy('left'));
  inNamespace(veth.namespace, takeDown);
  expect(xdpOn('left')).toBeUndefined();
  const second = enforceIn(veth.namespace, policy('left'));
  await first.stop();
  expect(xdpOn('left')).toBe(second.generation.xdp.id);
  expect(found()).toMatchObject({ pid: process.pid, alive: true, interfaces: [{ attached: true }] });
  second.stop();
});

test('without rights nothing is done, nothing is told, and it is said which are missing', async () => {
  const enforcement = enforceIn(veth.namespace, policy('left'));
  const nobody = await startEnforcing(namespacePath(veth.namespace), policy('left'), { user: 65534 });
  const [read, down, up] = nobody.output().split('\n');
  expect(read).toMatch(/^kernel\/no-permission: .*state\.json/);
  expect(down).toMatch(/^kernel\/no-permission: /);
  expect(up).toMatch(/^kernel\/no-permission: .*user 65534.* lacks CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON/);
  expect(xdpOn('left')).toBe(enforcement.generation.xdp.id);
  enforcement.stop();
});

test('who has no rights cannot keep those who have them waiting', () => {
  const enforcement = enforceIn(veth.namespace, policy('left'));
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const lock = ['flock', '--nonblock', '/run/sluice/lock', 'true'];
  expect(spawnSync('setpriv', [...nobody, ...lock], { encoding: 'utf8' }).stderr).toContain('Permission denied');
  expect(spawnSync(lock[0] as string, lock.slice(1)).status).toBe(0);
  enforcement.stop();
});

test('where no BPF file system is mounted, it is', async () => {
  // Its own process numbers: process 1, whose mounts are the machine's, is then in the same place.
  const under = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c'];
  const run = 'umount /sys/fs/bpf; exec "$0" "$@"';
  const enforcing = await startEnforcing(namespacePath(veth.namespace), policy('left'), { under: [...under, run] });
  expect(enforcing.output()).toBe('in force\n');
  expect(xdpOn('left')).toBeGreaterThan(0);
  await enforcing.stop();
  expect(xdpOn('left')).toBeUndefined();
});

test('of processes that start at once one puts its policy in force, and the others say so', async () => {
  const starts = Array.from({ length: 3 }, () => startEnforcing(namespacePath(veth.namespace), policy('left, right')));
  const processes = await Promise.all(starts);
  const outputs = processes.map((one) => one.output());
  expect(outputs.filter((output) => output === 'in force\n')).toHaveLength(1);
  expect(outputs.filter((output) => output.startsWith('datapath/already-enforced'))).toHaveLength(2);
  const winner = processes[outputs.indexOf('in force\n')];
  expect(found()).toMatchObject({ pid: winner?.pid, interfaces: [{ attached: true }, { attached: true }] });
  await winner?.stop();
});
