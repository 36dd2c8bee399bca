import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSituation } from '../../src/datapath/index.ts';
import { inNamespace, listInterfaces, openDescriptorNames } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { counted, enforceOn, policyOf } from './enforcing.ts';

/** Drops datagrams to a port that come in, and to another that go out. */
const policy = (name: string, incoming: number, outgoing: number): string => `
version: 1
interfaces: [eth0]
ingress:
  default: allow
  rules:
    - { name: ${name}, protocol: udp, port: ${incoming}, action: drop }
    - { name: pings, protocol: icmp, icmpType: echo-request, action: count }
egress:
  default: allow
  rules:
    - { name: ${name}-out, protocol: udp, port: ${outgoing}, action: drop }
`;

/** Counts what comes through to the host's stack. */
const NFT = `
table inet seen {
  counter seven { }
  counter nine { }
  chain prerouting {
    type filter hook prerouting priority -300;
    udp dport 7 counter name seven
    udp dport 9 counter name nine
  }
}
`;

let lab: Lab;
let client: LabHost;
let host: LabHost;
beforeAll(async () => {
  lab = await createPair({ name: 'observe' });
  [client, host] = [lab.host('client'), lab.host('host')];
  for (const one of [client, host])
    expect(await one.exec('nft', ['-f', '-'], { input: NFT })).toMatchObject({ status: 0 });
});
afterAll(() => lab.close());

const send = (from: LabHost, to: LabHost, port: number, count: number) =>
  from.exec('hping3', ['--udp', '-p', String(port), '-c', String(count), '-i', 'u1000', '-q', to.address(4)]);

async function seenBy(one: LabHost, name: 'seven' | 'nine'): Promise<number> {
  const { stdout } = await one.exec('nft', ['list', 'counter', 'inet', 'seen', name]);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}

const why = (): string | undefined => inNamespace({ path: host.path }, readSituation).why;

test('an observed policy counts what it would do otherwise, and the one in force goes on', async () => {
  const enforcement = enforceOn(host, policy('enforced', 7, 107));
  enforcement.update(policyOf(policy('observed', 9, 109)), { observe: true });
  expect(enforcement.pending).toMatchObject({ kind: 'observation' });
  expect(why()).toMatch(/is observed beside it$/);

  await send(client, host, 7, 5);
  await send(client, host, 9, 3);
  await send(client, host, 11, 4);
  await send(host, client, 107, 2);
  expect([await seenBy(host, 'seven'), await seenBy(host, 'nine')]).toEqual([0, 3]);
  expect(counted(enforcement, 'enforced').packets).toBe(5);
  expect(enforcement.differences()).toMatchObject([
    {
      direction: 'ingress',
      enforced: { name: 'enforced', line: 7, verdict: 'drop' },
      observed: { name: 'default-ingress', verdict: 'allow' },
      packets: 5n,
      example: { dstPort: 7, protocol: 17 },
    },
    {
      direction: 'ingress',
      enforced: { name: 'default-ingress', verdict: 'allow' },
      observed: { name: 'observed', line: 7, verdict: 'drop' },
      packets: 3n,
      example: { dstPort: 9 },
    },
    {
      direction: 'egress',
      enforced: { name: 'enforced-out', line: 12, verdict: 'drop' },
      observed: { name: 'default-egress', verdict: 'allow' },
      packets: 2n,
      example: { dstPort: 107 },
    },
  ]);

  enforcement.confirm();
  expect(enforcement.pending).toBeUndefined();
  await send(client, host, 7, 2);
  await send(client, host, 9, 6);
  expect([await seenBy(host, 'seven'), await seenBy(host, 'nine')]).toEqual([2, 3]);
  expect(counted(enforcement, 'observed').packets).toBe(6);
  enforcement.stop();
  expect(openDescriptorNames()).toEqual([]);
});

test('interfaces and hooks where the policy in force is not are observed, and packets pass there', async () => {
  const ingressOnly = policy('enforced', 7, 107).replace(/egress:[\s\S]*/, '');
  const both = policy('observed', 9, 109).replace('[eth0]', '[eth0, "eth[12]"]');
  const add = async (name: string, network: string): Promise<void> => {
    await host.exec('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', client.namespace]);
    for (const [one, end] of [
      [host, 10],
      [client, 1],
    ] as const) {
      await one.exec('ip', ['address', 'add', `${network}.${end}/24`, 'dev', name]);
      await one.exec('ip', ['link', 'set', name, 'up']);
    }
  };
  const udp = (from: LabHost, to: string, port: number, count: number) =>
    from.exec('hping3', ['--udp', '-p', String(port), '-c', String(count), '-i', 'u1000', '-q', to]);
  await add('eth1', '198.51.100');
  const enforcement = enforceOn(host, ingressOnly);
  enforcement.update(policyOf(both), { observe: true });
  expect(why()).toMatch(/is observed beside it, and alone on eth1, where packets pass$/);
  expect(enforcement.pending?.interfaces.map(({ name }) => name)).toEqual(['eth0', 'eth1']);
  await add('eth2', '203.0.113');
  await expect.poll(() => enforcement.pending?.interfaces.length).toBe(3);

  const [seven, nine] = [await seenBy(host, 'seven'), await seenBy(host, 'nine')];
  await send(client, host, 7, 5); // dropped by what is in force
  await udp(client, '198.51.100.10', 7, 2); // where it is not
  await udp(client, '203.0.113.10', 7, 2);
  await send(client, host, 9, 1);
  await udp(client, '198.51.100.10', 9, 3);
  await udp(client, '203.0.113.10', 9, 4);
  await send(host, client, 109, 6);
  expect([await seenBy(host, 'seven'), await seenBy(host, 'nine')]).toEqual([seven + 4, nine + 8]);
  expect(counted(enforcement, 'enforced').packets).toBe(5);
  const found = enforcement.differences().map(({ direction, enforced, observed, packets }) => {
    return `${direction} ${enforced.verdict} ${enforced.name} ${observed.verdict} ${observed.name} ${packets}`;
  });
  expect(found.sort()).toEqual([
    'egress allow not judged drop observed-out 6',
    'ingress allow default-ingress drop observed 1',
    'ingress allow not judged drop observed 7',
    'ingress drop enforced allow default-ingress 5',
  ]);

  enforcement.revert();
  await udp(client, '198.51.100.10', 9, 1);
  await udp(client, '203.0.113.10', 9, 1);
  expect(await seenBy(host, 'nine')).toBe(nine + 10);
  const attached = inNamespace({ path: host.path }, listInterfaces).flatMap(({ name, xdp }) => (xdp ? [name] : []));
  expect(attached).toEqual(['eth0']);

  enforcement.update(policyOf(both), { observe: true });
  enforcement.confirm();
  await udp(client, '198.51.100.10', 9, 1);
  await udp(client, '203.0.113.10', 9, 1);
  expect(await seenBy(host, 'nine')).toBe(nine + 10);
  enforcement.stop();
  for (const name of ['eth1', 'eth2']) await host.exec('ip', ['link', 'delete', name]);
  expect(openDescriptorNames()).toEqual([]);
});

test('an observation ends by itself, and can be given up', async () => {
  const enforcement = enforceOn(host, policy('enforced', 7, 107));
  enforcement.update(policyOf(policy('observed', 9, 109)), { observe: true, trialMs: 300 });
  expect(why()).toMatch(/is observed beside it until \d{4}-.*Z/);
  await setTimeout(600);
  expect(why()).toMatch(/ended at its deadline$/);
  enforcement.update(policyOf(policy('observed', 9, 109)), { observe: true });
  enforcement.revert();
  expect(enforcement.differences()).toEqual([]);
  await send(client, host, 7, 3);
  expect(counted(enforcement, 'enforced').packets).toBe(3);
  enforcement.stop();
  expect(openDescriptorNames()).toEqual([]);
});

test('with nothing in force, packets pass and what would be dropped is counted; then it is enforced', async () => {
  const before = await seenBy(host, 'nine');
  const enforcement = enforceOn(host, policy('observed', 9, 109), { observe: true });
  expect(why()).toMatch(/is observed/);
  await send(client, host, 9, 3);
  expect(await seenBy(host, 'nine')).toBe(before + 3);
  expect(enforcement.differences()).toMatchObject([
    { enforced: { name: 'nothing in force', verdict: 'allow' }, observed: { name: 'observed' }, packets: 3n },
  ]);
  enforcement.confirm();
  await send(client, host, 9, 3);
  expect(await seenBy(host, 'nine')).toBe(before + 3);
  expect(why()).toBeUndefined();
  enforcement.stop();
  expect(openDescriptorNames()).toEqual([]);
});

test('what is observed looks into its own sets, and the one in force into its own', async () => {
  const blocking = (member: string): string =>
    policy('enforced', 7, 107)
      .replace('ingress:', `sets:\n  blocked: { addresses: [${member}], counters: true }\ningress:`)
      .replace('rules:\n', 'rules:\n    - { name: blocked, from: "@blocked", action: drop }\n');
  const before = await seenBy(host, 'nine');
  const enforcement = enforceOn(host, blocking('203.0.113.7'));
  enforcement.update(policyOf(blocking(client.address(4))), { observe: true });
  await setTimeout(100);
  await send(client, host, 9, 3);
  expect(await seenBy(host, 'nine')).toBe(before + 3);
  expect(enforcement.differences()).toMatchObject([
    { enforced: { name: 'default-ingress' }, observed: { name: 'blocked', verdict: 'drop' }, packets: 3n },
  ]);
  enforcement.confirm();
  await send(client, host, 9, 3);
  expect(await seenBy(host, 'nine')).toBe(before + 3);
  enforcement.stop();
  expect(openDescriptorNames()).toEqual([]);
});
