import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Enforcement } from '../../src/datapath/index.ts';
import { openDescriptorNames, openMappings } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost, receiveXdpFrames } from '../../src/lab/index.ts';
import { counted, enforceOn } from './enforcing.ts';
import { both, probeBoth } from './probe.ts';

const POLICY = `
version: 1
interfaces: [eth0]
sets:
  web: { ports: [80, 8000-8100] }
  strangers: [203.0.113.0/24, "2001:db8:bad::/48"]
ingress:
  default: drop
  rules:
    - { name: web, protocol: tcp, port: "@web", action: allow }
    - { name: ssh, protocol: tcp, from: "@strangers", port: 22, action: allow }
    - { name: no-telnet, protocol: tcp, port: 23, action: reject }
    - { name: echo, protocol: udp, port: 7, action: allow }
    - { name: no-syslog, protocol: udp, port: 514, action: reject }
    - { name: ping, protocol: icmp, icmpType: echo-request, action: allow }
`;

let lab: Lab;
let client: LabHost;
let host: LabHost;
let enforcement: Enforcement;
let deafen: () => void;

beforeAll(async () => {
  lab = await createPair({ name: 'ingress' });
  [client, host] = [lab.host('client'), lab.host('host')];
  await Promise.all([host.serveHttp(80), host.serveHttp(22), host.serveHttp(23), host.serveEcho(7)]);
  enforcement = enforceOn(host, POLICY);
  deafen = receiveXdpFrames(client, 'eth0');
});

afterAll(async () => {
  enforcement.stop();
  deafen();
  await lab.close();
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});

test('traffic passes, is dropped, or is refused at once, rule by rule', async () => {
  expect(enforcement.warnings.map(({ code }) => code)).toEqual(['datapath/veth-reject']);
  expect(await probeBoth(client, host, ['tcp 80', 'tcp 22', 'tcp 23', 'udp 7', 'udp 514', 'udp 9'])).toEqual({
    'tcp 80': both('answer'),
    'tcp 22': both('silence'), // listens, but the client is none of the strangers
    'tcp 23': both('ECONNREFUSED'), // listens, too
    'udp 7': both('answer'),
    'udp 514': both('ECONNREFUSED'),
    'udp 9': both('silence'),
  });
  expect(counted(enforcement, 'default-ingress').packets).toBeGreaterThanOrEqual(4);
  expect(counted(enforcement, 'no-telnet').packets).toBe(2);
  expect(counted(enforcement, 'no-syslog').packets).toBe(2);
  expect(counted(enforcement, 'ssh').packets).toBe(0);
});

test.each(['192.0.2.10', '[2001:db8:5e::10]'])('curl gets an answer from %s, each packet counted', async (address) => {
  const before = counted(enforcement, 'web').packets;
  const { stdout } = await client.exec('curl', ['-sS', '--max-time', '5', `http://${address}/`]);
  expect(stdout).toBe('hello from host\n');
  expect(counted(enforcement, 'web').packets - before).toBeGreaterThanOrEqual(4); // SYN, ACK, request, FIN
});

test.each([4, 6] as const)('nc gets its words back over IPv%i UDP', async (family) => {
  const args = ['-u', '-W', '1', '-w', '2', host.address(family), '7'];
  expect((await client.exec('nc', args, { input: 'is anyone there?' })).stdout).toBe('is anyone there?');
});

test.each([4, 6] as const)('pings over IPv%i are answered, and counted to the byte', async (family) => {
  const before = counted(enforcement, 'ping');
  const { stdout } = await client.exec('ping', [
    '-n',
    '-c',
    '5',
    '-i',
    '0.02',
    '-s',
    '100',
    '-W',
    '2',
    host.address(family),
  ]);
  expect(stdout).toContain('5 received');
  const after = counted(enforcement, 'ping');
  const frame = 14 + (family === 4 ? 20 : 40) + 8 + 100;
  expect(after.packets - before.packets).toBe(5);
  expect(after.bytes - before.bytes).toBe(5 * frame);
});

test('nmap sees the ports as the policy wants them seen', async () => {
  const args = ['-n', '-Pn', '-sS', '-p', '22,23,80,81,8000', '--max-retries', '1'];
  const scans = await Promise.all([
    client.exec('nmap', [...args, host.address(4)]),
    client.exec('nmap', [...args, '-6', host.address(6)]),
  ]);
  for (const { stdout } of scans) {
    const states = [...stdout.matchAll(/^(\d+)\/tcp\s+(\S+)/gm)].map(([, port, state]) => `${port} ${state}`);
    expect(states).toEqual(['22 filtered', '23 closed', '80 open', '81 filtered', '8000 closed']);
  }
});
