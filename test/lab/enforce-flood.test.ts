import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Enforcement, LogEvent } from '../../src/datapath/index.ts';
import { createFlood, createLab, floodSources, type Lab, type LabHost, receiveXdpFrames } from '../../src/lab/index.ts';
import { formatAddress } from '../../src/packet/address.ts';
import { addressOf } from '../../src/packet/describe.ts';
import { counted, enforceOn } from './enforcing.ts';
import { probe } from './probe.ts';

/** The router of the edge topology: eth0 faces the client, eth1 the attacker, eth2 the server. */
const POLICY = `
version: 1
interfaces: [eth0, eth1, eth2]
sets:
  blocked: [${floodSources}]
prefilter:
  - { name: blocked, from: "@blocked", interface: eth1, action: drop }
ingress:
  default: allow
  rules:
    - { name: scans, interface: eth1, protocol: tcp, tcpFlags: [syn], action: { log: { rate: "5/s", burst: 10 } } }
    - { name: attackers, interface: eth1, protocol: tcp, port: 80, action: drop }
egress:
  default: allow
  rules:
    - { name: server-only-web, interface: eth2, protocol: tcp, port: 81-65535, action: reject }
    - { name: no-tftp, interface: eth2, protocol: udp, port: 69, action: reject }
`;

let lab: Lab;
let client: LabHost;
let router: LabHost;
let attacker: LabHost;
let server: LabHost;
let enforcement: Enforcement;
let deafen: () => void;

beforeAll(async () => {
  lab = await createLab({ name: 'flood' });
  [client, attacker, router, server] = lab.hosts as [LabHost, LabHost, LabHost, LabHost];
  await server.serveHttp(80);
  enforcement = enforceOn(router, POLICY);
  deafen = receiveXdpFrames(attacker, 'eth0');
});
afterAll(async () => {
  enforcement.stop();
  deafen();
  await lab.close();
});

const fetchPage = async (from: LabHost): Promise<string> =>
  (await from.exec('curl', ['-sS', '--max-time', '5', `http://${server.address(4)}/`])).stdout;

test('a flood is dropped and counted to the last packet; nobody behind the router sees any of it', async () => {
  using flood = createFlood({ from: attacker, to: server.address(4) });
  const before = counted(enforcement, 'blocked');
  flood.send(100_000);
  await expect.poll(() => counted(enforcement, 'blocked').packets - before.packets).toBe(100_000);
  expect(counted(enforcement, 'blocked').bytes - before.bytes).toBe(100_000 * 60);
  expect(await fetchPage(client)).toBe('hello from server\n');
});

test('a client is served while hping3 floods with SYNs as fast as it can', async () => {
  const flood = await attacker.spawn('hping3', ['--flood', '--syn', '-p', '80', '--rand-source', server.address(4)]);
  await expect.poll(() => counted(enforcement, 'attackers').packets).toBeGreaterThan(1_000);
  for (let request = 0; request < 5; request++) expect(await fetchPage(client)).toBe('hello from server\n');
  await flood.stop();
});

test('scanned ports are logged within the rate, with who scanned them', async () => {
  const events: LogEvent[] = [];
  const scans = counted(enforcement, 'scans').packets;
  const started = Date.now();
  // Those that came before and were not heard of are told as well.
  enforcement.onLog((event) => event.time.getTime() >= started && events.push(event));
  await attacker.exec('nmap', ['-n', '-Pn', '-sS', '-p', '1000-1199', '--max-retries', '0', '-6', server.address(6)]);
  await expect.poll(() => counted(enforcement, 'scans').packets - scans).toBeGreaterThanOrEqual(200);
  await expect.poll(() => events.length).toBeGreaterThan(0);
  expect(events.length).toBeLessThanOrEqual(10 + 1 + (5 * (Date.now() - started)) / 1000);
  for (const { packet, rule, time } of events) {
    expect(rule.name).toBe('scans');
    expect(formatAddress(addressOf(packet, 'src'))).toBe(attacker.address(6));
    expect(packet.dstPort).toBeGreaterThanOrEqual(1000);
    expect(Math.abs(time.getTime() - Date.now())).toBeLessThan(60_000);
  }
});

test.each(['off', 'on'])(
  'what the router rejects on its way out is told to the client (checksums offloaded: %s)',
  async (tx) => {
    // With offload, as between containers, no checksum is ever made: what the router gets has none.
    for (const end of [client, router]) await end.exec('ethtool', ['-K', 'eth0', 'tx', tx]);
    const targets = [4, 6].flatMap((family) =>
      ['tcp', 'udp'].map((one) => `${one} ${server.address(family as 4 | 6)}`),
    );
    const ports = { tcp: 81, udp: 69 };
    const asked = targets.map((target) => `${target} ${ports[target.slice(0, 3) as 'tcp']}`);
    const refused = Object.fromEntries(asked.map((target) => [target, 'ECONNREFUSED']));
    expect(await probe(client, asked)).toEqual(refused);
  },
);
