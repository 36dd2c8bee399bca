import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Enforcement, EnforceOptions } from '../../src/datapath/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { counted, enforceOn } from './enforcing.ts';

/** Judges every packet of a transfer, in both directions, and lets nothing else in. */
const POLICY = `
version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules:
    - { name: iperf, protocol: tcp, port: 5201, action: allow }
    - { name: ping, protocol: icmp, icmpType: echo-request, action: allow }
egress:
  default: drop
  rules:
    - { name: beyond-16-bits, length: 65576-1000000, action: count }
    - { name: iperf-answers, protocol: tcp, fromPort: 5201, action: allow }
    - { name: pong, protocol: icmp, icmpType: echo-reply, action: allow }
`;

interface Case {
  readonly mtu: number;
  readonly options?: EnforceOptions;
  /** Bytes of a TCP packet before the device cuts it. */
  readonly largest?: number;
}

describe.each<[string, Case]>([
  ['frames of one buffer', { mtu: 1500 }],
  ['generic XDP', { mtu: 1500, options: { generic: true } }],
  ['jumbo frames of several buffers', { mtu: 9000 }],
  ['jumbo frames in generic XDP', { mtu: 9000, options: { generic: true } }],
  ['IPv6 packets of 180 kB on their way to the device', { mtu: 1500, largest: 180_000 }],
])('%s', (_, { mtu, options, largest }) => {
  let lab: Lab;
  let client: LabHost;
  let host: LabHost;
  let enforcement: Enforcement;

  beforeAll(async () => {
    lab = await createPair({ name: 'bulk' });
    [client, host] = [lab.host('client'), lab.host('host')];
    for (const one of [client, host]) {
      expect(await one.exec('ip', ['link', 'set', 'eth0', 'mtu', String(mtu)])).toMatchObject({ status: 0 });
    }
    if (largest !== undefined) {
      // Where segments are cut in hardware, or just in front of the cable: TC sees them whole.
      await host.exec('ethtool', ['-K', 'eth0', 'tx', 'on', 'tso', 'on', 'gso', 'on', 'sg', 'on']);
      const args = ['link', 'set', 'eth0', 'gso_max_size', String(largest)];
      expect(await host.exec('ip', args)).toMatchObject({ status: 0 });
    }
    enforcement = enforceOn(host, POLICY, options);
    await (await host.spawn('iperf3', ['--server', '--forceflush'])).printed('Server listening');
  });

  afterAll(async () => {
    enforcement.stop();
    await lab.close();
  });

  test.each([
    [4, 'to the host'],
    [6, 'to the host'],
    [4, 'from the host'],
    [6, 'from the host'],
  ] as const)('10 MB over IPv%i go %s', async (family, direction) => {
    const rule = direction === 'to the host' ? 'iperf' : 'iperf-answers';
    const before = counted(enforcement, rule).bytes;
    const args = ['--client', host.address(family), '--bytes', '10M', '--json'];
    const { stdout } = await client.exec('iperf3', [...args, ...(direction === 'from the host' ? ['--reverse'] : [])]);
    const report = JSON.parse(stdout) as { error?: string; end: { [sum: string]: { bytes: number } } };
    expect(report.error).toBeUndefined();
    expect(report.end['sum_sent']?.bytes).toBeGreaterThanOrEqual(10_000_000);
    // The client ends the test when the last byte has left it.
    expect(counted(enforcement, rule).bytes - before).toBeGreaterThanOrEqual(report.end['sum_received']?.bytes ?? 0);
  });

  test.each([4, 6] as const)('the largest ping over IPv%i that is one frame is answered', async (family) => {
    const size = mtu - (family === 4 ? 20 : 40) - 8;
    const args = ['-n', '-c', '2', '-i', '0.05', '-W', '2', '-M', 'do', '-s', String(size), host.address(family)];
    expect((await client.exec('ping', args)).stdout).toContain('2 received');
  });

  test('TC has judged them whole', () => {
    if (largest === undefined) expect(counted(enforcement, 'beyond-16-bits').packets).toBe(0);
    else expect(counted(enforcement, 'beyond-16-bits').packets).toBeGreaterThan(0);
  });
});
