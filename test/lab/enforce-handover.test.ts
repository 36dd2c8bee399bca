import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEnforcement, takeDown } from '../../src/datapath/index.ts';
import { inNamespace, openDescriptorNames } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost, receiveXdpFrames } from '../../src/lab/index.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { startEnforcing } from '../kernel/start-enforcing.ts';
import { counted, enforceOn, policyOf } from './enforcing.ts';
import { both, probeBoth } from './probe.ts';

const policy = (name: string): string => `
version: 1
interfaces: [eth0]
ingress:
  default: allow
  rules:
    - { name: ${name}, protocol: udp, port: 9, action: drop }
    - { name: pings, protocol: icmp, icmpType: echo-request, action: count }
`;

/** Counts what comes through to the host's stack of what every policy here drops. */
const NFT = `
table inet leaks {
  chain prerouting {
    type filter hook prerouting priority -300;
    udp dport 9 counter
  }
}
`;

let lab: Lab;
let client: LabHost;
let host: LabHost;
beforeAll(async () => {
  lab = await createPair({ name: 'handover' });
  [client, host] = [lab.host('client'), lab.host('host')];
  expect(await host.exec('nft', ['-f', '-'], { input: NFT })).toMatchObject({ status: 0 });
});
afterAll(() => lab.close());

async function leaks(): Promise<number> {
  const { stdout } = await host.exec('nft', ['list', 'table', 'inet', 'leaks']);
  return Number(/counter packets (\d+)/.exec(stdout)?.[1]);
}

test('a policy is handed from a killed process to the next, and on: not a packet is judged by neither', async () => {
  const found = () => inNamespace(host, readEnforcement);
  const first = await startEnforcing(host.path, policy('discard'));
  const flood = await client.spawn('hping3', ['--flood', '--udp', '-p', '9', host.address(4)]);
  const pings = client.exec('ping', ['-n', '-c', '600', '-i', '0.005', '-W', '5', host.address(6)]);
  const dropped = (): bigint =>
    found()
      ?.counters()
      .find(({ name }) => name === 'discard')?.packets ?? 0n;
  await expect.poll(dropped).toBeGreaterThan(1_000n);

  await first.kill();
  expect(found()).toMatchObject({ alive: false, interfaces: [{ attached: true }] });
  const atDeath = dropped();
  await expect.poll(dropped).toBeGreaterThan(atDeath + 1_000n);

  // The same policy again goes on counting; another one counts from nothing.
  const atHandover = Number(dropped());
  const second = enforceOn(host, policy('discard'));
  expect(counted(second, 'discard').packets).toBeGreaterThan(atHandover);
  const third = await startEnforcing(host.path, policy('discard'));
  expect(third.output()).toContain('datapath/already-enforced');
  await expect.poll(() => counted(second, 'discard').packets).toBeGreaterThan(atHandover + 1_000);

  expect((await pings).stdout).toContain('600 received');
  await flood.stop();
  expect(await leaks()).toBe(0);
  second.stop();
  expect(found()).toBeUndefined();
  expect(inNamespace(host, takeDown)).toBeUndefined();
  expect(openDescriptorNames()).toEqual([]);

  await client.exec('hping3', ['--udp', '-p', '9', '-c', '1', '-q', host.address(4)]);
  expect(await leaks()).toBe(1); // the counter can count
});

test('a policy of several programs goes on from one to the next after its process was killed', async () => {
  // Lengths are asked one after the other, whatever the number of rules.
  const rules = Array.from({ length: 3_200 }, (_, i) => `    - {length: ${10_000 + i}, action: drop}\n`);
  const text = `
version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules:
${rules.join('')}
    - { name: pings, protocol: icmp, icmpType: echo-request, action: allow }
    - { name: refused, protocol: udp, port: 514, action: reject }
`;
  expect(compilePolicy(policyOf(text)).xdp.parts.length).toBeGreaterThan(0);
  const deafen = receiveXdpFrames(client, 'eth0');
  await (await startEnforcing(host.path, text)).kill();
  for (const family of [4, 6] as const) {
    const { stdout } = await client.exec('ping', ['-n', '-c', '2', '-i', '0.05', '-W', '5', host.address(family)]);
    expect(stdout).toContain('2 received');
  }
  expect(await probeBoth(client, host, ['udp 514', 'udp 515'])).toEqual({
    'udp 514': both('ECONNREFUSED'),
    'udp 515': both('silence'),
  });
  expect(inNamespace(host, takeDown)).toEqual({ interfaces: ['eth0'] });
  deafen();
});
