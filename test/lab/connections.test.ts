import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Connection, readConnections, readTableUse } from '../../src/datapath/connections.ts';
import type { Enforcement } from '../../src/datapath/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { counted, enforceOn, policyOf } from './enforcing.ts';

const PORT = 8080;

let lab: Lab;
let client: LabHost;
let host: LabHost;
let enforcement: Enforcement | undefined;
beforeAll(async () => {
  lab = await createPair({ name: 'connections' });
  [client, host] = [lab.host('client'), lab.host('host')];
  await host.serveHttp(PORT);
  await client.serveHttp(PORT);
});
afterEach(() => {
  enforcement?.stop();
  enforcement = undefined;
});
afterAll(() => lab.close());

const policy = (web: string): string => `
version: 1
interfaces: [eth0]
connections: {}
ingress:
  default: drop
  rules:
    - { name: web, protocol: tcp, port: ${PORT}, action: ${web} }
egress:
  default: drop
  rules:
    - { name: out, protocol: [tcp, udp, icmp], action: allow }
`;

const maps = (name: string) => (enforcement as Enforcement).generation.maps.get('xdp', name);
const connections = (): Connection[] => [...readConnections(maps)];

async function curl(from: LabHost, to: LabHost, family: 4 | 6): Promise<boolean> {
  const address = family === 6 ? `[${to.address(6)}]` : to.address(4);
  const arguments_ = ['--silent', '--max-time', '2', `http://${address}:${PORT}/`];
  const { stdout } = await from.exec('curl', arguments_);
  return stdout === `hello from ${to.name}\n`;
}

test.each([4, 6] as const)(
  'IPv%s: with default drop both ways, what is allowed to begin goes both ways',
  async (family) => {
    enforcement = enforceOn(host, policy('allow'));
    expect(await curl(client, host, family)).toBe(true);
    expect(await curl(host, client, family)).toBe(true);
    const { stdout } = await host.exec('ping', ['-c', '2', '-i', '0.2', client.address(family)]);
    expect(stdout).toContain(' 0% packet loss');

    const seen = connections();
    const summary = seen.map(({ direction, phaseName, isUnproven, family: of }) => [
      direction,
      phaseName,
      isUnproven,
      of,
    ]);
    expect(summary).toHaveLength(3);
    expect(summary).toContainEqual(['inbound', 'time-wait', false, family]);
    expect(summary).toContainEqual(['outbound', 'time-wait', false, family]);
    expect(summary).toContainEqual(['outbound', 'echo', false, family]);
    // Every packet of them was counted for the rule that has allowed it to begin.
    const [inbound] = seen.filter(({ direction }) => direction === 'inbound');
    const total = Number((inbound?.packets[0] ?? 0n) + (inbound?.packets[1] ?? 0n));
    expect(counted(enforcement, 'web').packets).toBe(total);
    expect(counted(enforcement, 'invalid').packets).toBe(0);
  },
);

test('nobody from outside begins what only the host may begin', async () => {
  enforcement = enforceOn(host, policy('drop'));
  expect(await curl(client, host, 4)).toBe(false);
  const ping = await client.exec('ping', ['-c', '1', '-W', '1', host.address(4)]);
  expect(ping.stdout).toContain('100% packet loss');
  expect(connections()).toEqual([]);
  expect(readTableUse(maps)).toMatchObject({ used: 0, unprovenUsed: 0 });
});

test('a changed policy cuts a live connection, and the one before lets it go on', async () => {
  enforcement = enforceOn(host, policy('allow'));
  await host.spawn('nc', ['-l', '-k', '-p', '9000']);
  await client.spawn('sh', ['-c', `while sleep 0.1; do echo tick; done | nc ${host.address(4)} 9000`]);
  enforcement.update(policyOf(policy('allow').replace(String(PORT), '[8080, 9000]')));
  const heard = (): number => counted(enforcement as Enforcement, 'web').packets;
  await expect.poll(heard, { timeout: 10_000 }).toBeGreaterThan(5);
  enforcement.update(policyOf(policy('allow')));
  await expect.poll(() => counted(enforcement as Enforcement, 'default-ingress').packets).toBeGreaterThan(0);
  const cut = heard();
  await setTimeout(500);
  expect(heard()).toBe(cut);
  enforcement.update(policyOf(policy('allow').replace(String(PORT), '[8080, 9000]')));
  await expect.poll(heard, { timeout: 10_000 }).toBeGreaterThan(cut + 5);
});
