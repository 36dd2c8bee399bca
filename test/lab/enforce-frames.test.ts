import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Enforcement } from '../../src/datapath/index.ts';
import { createPair, type Lab, type LabHost, receiveXdpFrames } from '../../src/lab/index.ts';
import { counted, enforceOn } from './enforcing.ts';
import { sendPackets } from './frames.ts';

let lab: Lab;
let client: LabHost;
let host: LabHost;
let deafen: () => void;
let enforcement: Enforcement;

beforeAll(async () => {
  lab = await createPair({ name: 'frames' });
  [client, host] = [lab.host('client'), lab.host('host')];
  deafen = receiveXdpFrames(client, 'eth0');
});
afterEach(() => enforcement.stop());
afterAll(async () => {
  deafen();
  await lab.close();
});

const ping = async (to: string, ...args: string[]): Promise<string> =>
  (await client.exec('ping', ['-n', '-c', '2', '-i', '0.05', '-W', '1', ...args, to])).stdout;

describe('fragments', () => {
  const policy = (fragment: string) => `
version: 1
interfaces: [eth0]
prefilter:
  - { name: counted, fragment: true, action: count }
  - { name: fragments, fragment: ${fragment}, action: drop }
`;

  test.each(['true', 'later', 'first'])('(fragment: %s) are dropped, and whole packets pass', async (kind) => {
    enforcement = enforceOn(host, policy(kind));
    const answers = await Promise.all([4, 6].map((family) => ping(host.address(family as 4 | 6), '-s', '4000')));
    for (const answer of answers) expect(answer).toContain('0 received');
    // 4,008 bytes in frames of 1,500 are three fragments, of either family.
    expect(counted(enforcement, 'counted').packets).toBe(2 * 2 * 3);
    expect(counted(enforcement, 'fragments').packets).toBe(2 * 2 * { true: 3, later: 2, first: 1 }[kind as 'true']);
    for (const family of [4, 6] as const) expect(await ping(host.address(family))).toContain('2 received');
  });

  test('are put together behind XDP where they may pass', async () => {
    enforcement = enforceOn(host, policy('true').replace('drop', 'count'));
    for (const family of [4, 6] as const)
      expect(await ping(host.address(family), '-s', '4000')).toContain('2 received');
    expect(counted(enforcement, 'counted').packets).toBe(2 * 2 * 3);
  });
});

test('frames with VLAN tags are told apart, and a reject finds its way back through the tags', async () => {
  enforcement = enforceOn(
    host,
    `
version: 1
interfaces: [eth0]
prefilter:
  - { name: vlan-20, vlan: 20, action: drop }
ingress:
  default: drop
  rules:
    - { name: vlan-10, vlan: 10, action: reject }
`,
  );
  const capture = await client.spawn('tcpdump', [
    '-i',
    'eth0',
    '-Q',
    'in',
    '--immediate-mode',
    '-l',
    '-e',
    '-nn',
    '-v',
  ]);
  await capture.printed('listening on');
  const packets = ['192.0.2.1:40000 > 192.0.2.10', '[2001:db8:5e::1]:40000 > [2001:db8:5e::10]'].flatMap((ends) =>
    ['tcp', 'udp'].flatMap((protocol) =>
      ['vlan=10', 'vlan=10,30', 'vlan=20', ''].map((tags) => `${protocol} ${ends}:514 ${tags}`),
    ),
  );
  sendPackets(client, packets);
  await expect.poll(() => counted(enforcement, 'vlan-10').packets).toBe(8);
  expect(counted(enforcement, 'vlan-20').packets).toBe(4);

  // tcpdump is the judge: it knows the tags, the answer and its checksum.
  const answers = (pattern: RegExp): number => [...capture.output().stdout.matchAll(pattern)].length;
  await expect.poll(() => answers(/Flags \[R\.\], cksum \S+ \(correct\)/g)).toBe(4);
  await expect.poll(() => answers(/udp port 514 unreachable|unreachable port, \S+ udp port 514/g)).toBe(4);
  expect(answers(/\[icmp6 sum ok\]/g)).toBe(2);
  expect(answers(/vlan 10, /g)).toBe(8);
  expect(answers(/vlan 30, /g)).toBe(4);
  expect(answers(/wrong|incorrect|bad/g)).toBe(0);
  await capture.stop();
});
