import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Enforcement } from '../../src/datapath/index.ts';
import { openDescriptorNames, openMappings } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { counted, enforceOn } from './enforcing.ts';
import { both, probeBoth } from './probe.ts';

const policy = (ingress: string): string => `
version: 1
interfaces: [eth0]
ingress:
  default: ${ingress}
  rules:
    - { name: marked, protocol: udp, port: 7, action: { mark: 0x2a } }
    - { name: echo, protocol: udp, port: 7, action: allow }
    - { name: replies, protocol: tcp, fromPort: 80, action: allow }
egress:
  default: allow
  rules:
    - { name: no-mail, protocol: tcp, port: 25, action: reject }
    - { name: silent-mail, protocol: tcp, port: 26, action: drop }
    - { name: no-tftp, protocol: udp, port: 69, action: reject }
    - { name: no-ping, protocol: icmp, icmpType: echo-request, action: reject }
`;

/** Counts what the host's stack receives with the mark. */
const NFT = `
table inet seen {
  chain input {
    type filter hook input priority 0;
    meta mark 0x2a counter
  }
}
`;

describe.each([
  ['auto', 'native', 'tcx', 'drop'],
  ['clsact', 'native', 'clsact', 'drop'],
  // In generic mode XDP stands behind TC's way back: the answer to a rejected packet is judged as if it came in.
  ['auto', 'generic', 'tcx', 'allow'],
] as const)('what leaves (classifier: %s, XDP: %s)', (classifier, mode, expected, ingress) => {
  let lab: Lab;
  let client: LabHost;
  let host: LabHost;
  let enforcement: Enforcement;

  beforeAll(async () => {
    lab = await createPair({ name: 'egress' });
    [client, host] = [lab.host('client'), lab.host('host')];
    await Promise.all([client.serveHttp(80), client.serveHttp(25), host.serveEcho(7)]);
    expect(await host.exec('nft', ['-f', '-'], { input: NFT })).toMatchObject({ status: 0 });
    enforcement = enforceOn(host, policy(ingress), { classifier, generic: mode === 'generic' });
  });

  afterAll(async () => {
    enforcement.stop();
    const { stdout } = await host.exec('tc', ['qdisc', 'show', 'dev', 'eth0']);
    await lab.close();
    expect(stdout).not.toContain('clsact');
    expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
  });

  test('passes, is dropped, or is refused at once to whoever sends it, rule by rule', async () => {
    expect(enforcement.interfaces).toMatchObject([{ name: 'eth0', mode, classifier: expected }]);
    expect(await probeBoth(host, client, ['tcp 80', 'tcp 25', 'tcp 26', 'udp 69'])).toEqual({
      'tcp 80': both('answer'),
      'tcp 25': both('ECONNREFUSED'), // listens
      'tcp 26': both('silence'),
      'udp 69': both('ECONNREFUSED'),
    });
    expect(counted(enforcement, 'silent-mail').packets).toBeGreaterThanOrEqual(2);
    expect(counted(enforcement, 'no-mail').packets).toBe(2);
  });

  test.each([4, 6] as const)('a ping over IPv%i that may not leave says so', async (family) => {
    const { stdout } = await host.exec('ping', ['-n', '-c', '1', '-W', '2', client.address(family)]);
    expect(stdout).toMatch(/From \S+ icmp_seq=1 .*(filtered|prohibited)/i);
  });

  test('a mark that XDP gives is the mark that nftables sees', async () => {
    expect(await probeBoth(client, host, ['udp 7'])).toEqual({ 'udp 7': both('answer') });
    const { stdout } = await host.exec('nft', ['list', 'table', 'inet', 'seen']);
    expect(stdout).toContain('0x0000002a counter packets 2 ');
  });
});
