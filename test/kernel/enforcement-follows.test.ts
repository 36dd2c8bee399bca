import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Enforcement,
  type EnforceOptions,
  type InterfaceChange,
  readEnforcement,
} from '../../src/datapath/index.ts';
import {
  attachXdp,
  createNamespace,
  deleteNamespace,
  inNamespace,
  listInterfaces,
  listPins,
  namespaceInode,
} from '../../src/kernel/index.ts';
import { policyOf } from '../lab/enforcing.ts';
import { caught } from './caught.ts';
import { enforceIn, interfaceIn, NO_TRACE, traces } from './enforcing.ts';
import { constant } from './programs.ts';

/** Rules by a name, by a glob, by a glob but for a name; whatever none of them is about passes. */
const POLICY = `
version: 1
interfaces: ["eth*", wan0]
ingress:
  default: allow
  rules:
    - { name: by-name, interface: eth1, protocol: icmp, action: drop }
    - { name: by-glob, interface: ["eth[0-9]", "!eth2"], protocol: icmp, action: drop }
    - { name: wan, interface: wan0, protocol: icmp, action: drop }
`;
const XDP_PASS = 2;

let host: string;
let peer: string;
let made = 0;
let enforcement: Enforcement | undefined;
let heard: InterfaceChange[];
const ip = (...args: string[]) => execFileSync('ip', ['-n', host, ...args]);
const batch = (namespace: string, lines: readonly string[]) =>
  execFileSync('ip', ['-n', namespace, '-batch', '-'], { input: lines.join('\n') });

/** A veth whose other end is in the peer's namespace, with an address there. */
function addInterface(name: string, number: number): void {
  batch(host, [
    `link add ${name} type veth peer name p${number} netns ${peer}`,
    `link set ${name} addrgenmode none up`,
  ]);
  batch(peer, [
    `link set p${number} addrgenmode none up`,
    `address add 192.0.2.${number}/32 dev p${number}`,
    `route add 198.51.100.${number}/32 dev p${number}`,
    `neighbour add 198.51.100.${number} lladdr 02:00:00:00:00:01 dev p${number} nud permanent`,
  ]);
}

/** Sends so many pings by the veth of that number, which nobody answers. */
function ping(number: number, count = 3): void {
  try {
    const args = ['-q', '-c', String(count), '-i', '0.002', '-W', '0.01', `198.51.100.${number}`];
    execFileSync('ip', ['netns', 'exec', peer, 'ping', ...args], { stdio: 'ignore' });
  } catch {
    // Without an answer, ping says so.
  }
}

const counts = (): Record<string, number> =>
  Object.fromEntries(
    (enforcement?.counters() ?? [])
      .map(({ name, packets }) => [name, Number(packets)] as const)
      .filter(([, packets]) => packets > 0),
  );
const told = (): string[] => heard.map(({ what, name }) => `${name} ${what}`);
const attachedTo = (): string[] => (enforcement?.interfaces ?? []).map(({ name }) => name).sort();
const linkPins = (): string[] =>
  listPins('/sys/fs/bpf').filter((pin) => pin.includes(`net-${namespaceInode(host)}/links/`));

function start(options: EnforceOptions = { absent: 'wait' }, policy = POLICY): Enforcement {
  enforcement = enforceIn(host, policy, options);
  enforcement.onInterface((change) => heard.push(change));
  return enforcement;
}

beforeEach(() => {
  made += 1;
  host = `follow-${process.pid}-${made}`;
  peer = `${host}-peer`;
  createNamespace(host);
  createNamespace(peer);
  heard = [];
});
afterEach(() => {
  enforcement?.stop();
  enforcement = undefined;
  const left = traces(host);
  deleteNamespace(host);
  deleteNamespace(peer);
  expect(left).toEqual(NO_TRACE);
});

test('without any interface, it waits or is refused', () => {
  expect(caught(() => start({})).message).toContain('"eth*": there is none that it stands for');
  expect(caught(() => start({})).message).toContain('"wan0": there is none of this name');
  start();
  expect(enforcement?.isGone()).toBe(false);
  expect(inNamespace(host, readEnforcement)).toMatchObject({ interfaces: [], awaited: ['eth*', 'wan0'] });
});

test('an interface that appears is attached, and rules know it by its name', async () => {
  start();
  for (const [name, number] of [
    ['eth0', 10],
    ['eth1', 11],
    ['eth2', 12],
    ['other', 13],
  ] as const)
    addInterface(name, number);
  await expect.poll(told).toEqual(['eth0 attached', 'eth1 attached', 'eth2 attached']);
  for (const number of [10, 11, 12, 13]) ping(number);
  expect(counts()).toMatchObject({ 'by-glob': 3, 'by-name': 3, 'default-ingress': 3 });
  expect(inNamespace(host, readEnforcement)).toMatchObject({ awaited: ['wan0'], unattached: [] });
  expect(interfaceIn(host, 'other')?.xdp).toBeUndefined();
});

test('traffic that waits for an interface is judged from the first packet behind its attachment on', async () => {
  start();
  addInterface('eth7', 17);
  // From before anybody has looked.
  const before = performance.now();
  await expect.poll(told, { interval: 1 }).toEqual(['eth7 attached']);
  const ms = performance.now() - before;
  ping(17, 20);
  expect(counts()).toMatchObject({ 'by-glob': 20 });
  expect(ms).toBeLessThan(500);
});

describe('an interface that is attached', () => {
  beforeEach(async () => {
    addInterface('eth1', 11);
    start();
    await new Promise(setImmediate);
  });

  test('is let go of when it is deleted, and attached again when it is back', async () => {
    ip('link', 'delete', 'eth1');
    await expect.poll(told).toEqual(['eth1 gone']);
    expect(linkPins()).toEqual([]);
    expect(enforcement?.isGone()).toBe(false);
    addInterface('eth1', 11);
    await expect.poll(told).toEqual(['eth1 gone', 'eth1 attached']);
    ping(11);
    expect(counts()).toMatchObject({ 'by-name': 3 });
  });

  test('is another to the rules once it is renamed within the policy', async () => {
    ping(11);
    const before = interfaceIn(host, 'eth1')?.xdp?.programId;
    batch(host, ['link set eth1 down', 'link set eth1 name eth2', 'link set eth2 up']);
    await expect.poll(told).toEqual(['eth2 renamed']);
    expect(heard[0]).toMatchObject({ was: 'eth1' });
    ping(11);
    batch(host, ['link set eth2 down', 'link set eth2 name wan0', 'link set wan0 up']);
    await expect.poll(told).toEqual(['eth2 renamed', 'wan0 renamed']);
    ping(11);
    expect(counts()).toMatchObject({ 'by-name': 3, 'default-ingress': 3, wan: 3 });
    expect(interfaceIn(host, 'wan0')?.xdp?.programId).toBe(before);
    expect(attachedTo()).toEqual(['wan0']);
  });

  test('is let go of when it is renamed to what the policy is not for, and back', async () => {
    batch(host, ['link set eth1 down', 'link set eth1 name lan0', 'link set lan0 up']);
    await expect.poll(told).toEqual(['eth1 gone']);
    expect(heard[0]).toMatchObject({ became: 'lan0', problems: [] });
    expect(interfaceIn(host, 'lan0')?.xdp).toBeUndefined();
    expect(linkPins()).toEqual([]);
    batch(host, ['link set lan0 down', 'link set lan0 name eth1', 'link set eth1 up']);
    await expect.poll(told).toEqual(['eth1 gone', 'eth1 attached']);
    expect(heard[1]).toMatchObject({ was: 'lan0' });
    ping(11);
    expect(counts()).toMatchObject({ 'by-name': 3 });
  });

  test('has nothing of Sluice on it any more when it has moved to another namespace', async () => {
    ip('link', 'set', 'eth1', 'netns', peer);
    // What the kernel does with the link: it goes with the interface, and goes on judging there.
    expect(interfaceIn(peer, 'eth1')?.xdp).toBeDefined();
    await expect.poll(told).toEqual(['eth1 gone']);
    expect(heard[0]).toMatchObject({ moved: true, problems: [] });
    expect(interfaceIn(peer, 'eth1')?.xdp).toBeUndefined();
    expect(linkPins()).toEqual([]);
  });

  test('may change its name with another', async () => {
    addInterface('eth2', 12);
    await expect.poll(told).toEqual(['eth2 attached']);
    batch(host, ['link set eth1 down', 'link set eth2 down', 'link set eth1 name tmp', 'link set eth2 name eth1']);
    batch(host, ['link set tmp name eth2', 'link set eth1 up', 'link set eth2 up']);
    await expect
      .poll(() =>
        told()
          .filter((line) => line.endsWith('renamed'))
          .sort(),
      )
      .toEqual(['eth1 renamed', 'eth2 renamed']);
    ping(11);
    expect(counts()).toEqual({ 'default-ingress': 3 });
    ping(12, 5);
    expect(counts()).toMatchObject({ 'by-name': 5, 'default-ingress': 3 });
  });

  test('keeps what its rules know through a new version of the policy', async () => {
    enforcement?.update(policyOf(POLICY.replace('by-name, interface: eth1', 'by-name, interface: "eth[13]"')));
    addInterface('eth3', 13);
    await expect.poll(told).toEqual(['eth3 attached']);
    ping(11);
    ping(13);
    expect(counts()).toEqual({ 'by-name': 6 });
  });

  test('is judged by both versions while one is on trial, and so is what appears meanwhile', async () => {
    const next = policyOf(POLICY.replace('interface: eth1', 'interface: eth9'));
    enforcement?.update(next, { trialMs: 60_000 });
    addInterface('eth9', 19);
    await expect.poll(told).toEqual(['eth9 attached']);
    ping(11);
    ping(19);
    expect(counts()).toEqual({ 'by-glob': 3, 'by-name': 3 });
    enforcement?.revert();
    ping(11);
    ping(19);
    expect(counts()).toMatchObject({ 'by-name': 6, 'by-glob': 6 });
    expect(attachedTo()).toEqual(['eth1', 'eth9']);
  });

  test('is one of two that an observed policy judges with the one in force', async () => {
    enforcement?.update(policyOf(POLICY.replace('action: drop', 'action: allow')), { observe: true });
    addInterface('eth3', 13);
    await expect.poll(told).toEqual(['eth3 attached']);
    ping(13);
    ping(11);
    expect(counts()).toMatchObject({ 'by-glob': 3, 'by-name': 3 });
    expect(enforcement?.differences()).toMatchObject([
      { packets: 3n, enforced: { verdict: 'drop' }, observed: { verdict: 'allow' } },
    ]);
    enforcement?.confirm();
    ping(13);
    expect(counts()).toMatchObject({ 'by-glob': 6 });
  });
});

test('a program of others is told, never replaced, and tried again when it goes', async () => {
  start();
  addInterface('eth0', 10);
  using program = constant('xdp', XDP_PASS);
  await expect.poll(told).toEqual(['eth0 attached']);
  // In one go with its creation, before anybody can attach: an interface that comes with a program.
  ip('link', 'add', 'tmp', 'type', 'veth', 'peer', 'name', 'tmp-peer');
  const theirs = inNamespace(host, () => attachXdp({ interface: 'tmp', program }));
  batch(host, ['link set tmp name eth5']);
  await expect.poll(told).toEqual(['eth0 attached', 'eth5 refused']);
  expect(heard[1]?.problems).toMatchObject([{ code: 'kernel/interface-busy' }]);
  expect(interfaceIn(host, 'eth5')?.xdp?.programId).toBe(program.id);
  expect(inNamespace(host, readEnforcement)?.unattached).toMatchObject([{ name: 'eth5', xdp: true }]);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(told()).toHaveLength(2);
  // Another version is put in force all the same.
  enforcement?.update(policyOf(POLICY.replace('default: allow', 'default: drop')));
  theirs.close();
  await expect.poll(told, { timeout: 3000 }).toEqual(['eth0 attached', 'eth5 refused', 'eth5 attached']);
});

test('what is no Ethernet is refused, and the rest goes on', async () => {
  start(
    { absent: 'wait' },
    POLICY.replace('wan0]', '"tun?"]').replace('- { name: wan, interface: wan0', '- { name: wan, interface: tun1'),
  );
  ip('tuntap', 'add', 'tun1', 'mode', 'tun');
  addInterface('eth0', 10);
  await expect.poll(() => told().sort()).toEqual(['eth0 attached', 'tun1 refused']);
  expect(heard.find(({ name }) => name === 'tun1')?.problems).toMatchObject([{ code: 'datapath/not-ethernet' }]);
});

test('an interface that goes while a policy is put in force is no harm', () => {
  addInterface('eth0', 10);
  addInterface('eth1', 11);
  const gone = (step: string) => ({
    absent: 'wait' as const,
    onStep: (at: string) => at === step && ip('link', 'delete', 'eth1'),
  });
  for (const step of ['compiled', 'built', 'pinned', 'recorded', 'switch-attached', 'switched']) {
    enforcement = enforceIn(host, POLICY, gone(step));
    expect(interfaceIn(host, 'eth0')?.xdp).toBeDefined();
    enforcement.stop();
    addInterface('eth1', 11);
  }
  const named = 'version: 1\ninterfaces: [eth0, eth1]\n';
  expect(caught(() => enforceIn(host, named, { ...gone('built'), absent: 'refuse' })).message).toContain(
    '"eth1": there is none',
  );
  enforcement = undefined;
});

test('a hundred interfaces come and go', async () => {
  start();
  const names = Array.from({ length: 100 }, (_, index) => `eth${index}`);
  for (let round = 0; round < 3; round++) {
    batch(
      host,
      names.map((name) => `link add ${name} type veth peer name x${name}`),
    );
    if (round === 1) await expect.poll(() => attachedTo().length, { timeout: 30_000 }).toBe(100);
    batch(
      host,
      names.map((name) => `link delete ${name}`),
    );
    await new Promise(setImmediate);
  }
  await expect.poll(attachedTo, { timeout: 30_000 }).toEqual([]);
  expect(heard.filter(({ what }) => what === 'refused')).toEqual([]);
  expect(linkPins()).toEqual([]);
  addInterface('eth1', 11);
  await expect.poll(attachedTo, { timeout: 10_000 }).toEqual(['eth1']);
  ping(11);
  expect(counts()).toEqual({ 'by-name': 3 });
  expect(inNamespace(host, listInterfaces).map(({ name }) => name)).toEqual(['lo', 'eth1']);
}, 120_000);
