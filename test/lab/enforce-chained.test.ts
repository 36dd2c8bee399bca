import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Enforcement, EnforceOptions } from '../../src/datapath/index.ts';
import { openDescriptorNames, openMappings } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost, receiveXdpFrames } from '../../src/lab/index.ts';
import { attachForeignXdp, type ForeignXdp } from '../foreign-xdp.ts';
import { counted, enforceOn } from './enforcing.ts';
import { sendPackets } from './frames.ts';
import { both, probeBoth } from './probe.ts';

let lab: Lab;
let client: LabHost;
let host: LabHost;
let foreign: ForeignXdp | undefined;
let enforcement: Enforcement;
let deafen: () => void;

/** Counts what the host's stack receives with the mark. */
const NFT = `
table inet seen {
  chain input {
    type filter hook input priority 0;
    meta mark 0x2a counter
  }
}
`;

beforeAll(async () => {
  lab = await createPair({ name: 'behind' });
  [client, host] = [lab.host('client'), lab.host('host')];
  deafen = receiveXdpFrames(client, 'eth0');
  await Promise.all([host.serveHttp(80), host.serveHttp(23), host.serveEcho(7), client.serveHttp(25)]);
  await host.exec('nft', ['-f', '-'], { input: NFT });
});
afterEach(async () => {
  enforcement.stop();
  foreign?.detach();
  foreign = undefined;
  expect((await host.exec('tc', ['qdisc', 'show', 'dev', 'eth0'])).stdout).not.toContain('clsact');
});
afterAll(async () => {
  deafen();
  await lab.close();
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});

function enforceBehind(policy: string, options: EnforceOptions = {}): Enforcement {
  foreign = attachForeignXdp(host.path, 'eth0');
  return enforceOn(host, policy.replace('interfaces: [eth0]', 'interfaces: [eth0]\nchained: [eth0]'), options);
}

describe.each([
  ['auto', 'tcx'],
  ['clsact', 'clsact'],
] as const)("behind another's XDP program (classifier: %s)", (classifier, expected) => {
  test('traffic passes, is marked, dropped, or refused at once, whatever the other direction drops', async () => {
    enforcement = enforceBehind(
      `
version: 1
interfaces: [eth0]
prefilter:
  - { name: marked, protocol: udp, port: 7, action: { mark: 0x2a } }
ingress:
  default: drop
  rules:
    - { name: web, protocol: tcp, port: 80, action: allow }
    - { name: no-telnet, protocol: tcp, port: 23, action: reject }
    - { name: echo, protocol: udp, port: 7, action: allow }
    - { name: no-syslog, protocol: udp, port: 514, action: reject }
egress:
  default: drop
  rules:
    - { name: web-replies, protocol: tcp, fromPort: 80, action: allow }
    - { name: echo-replies, protocol: udp, fromPort: 7, action: allow }
    - { name: no-mail, protocol: tcp, port: 25, action: reject }
    - { name: no-tftp, protocol: udp, port: 69, action: reject }
`,
      { classifier },
    );
    expect(enforcement.interfaces).toMatchObject([{ name: 'eth0', mode: 'chained', classifier: expected }]);
    expect(enforcement.warnings).toEqual([]);
    const before = foreign?.count() ?? 0;
    expect(await probeBoth(client, host, ['tcp 80', 'tcp 23', 'udp 7', 'udp 514', 'udp 9'])).toEqual({
      'tcp 80': both('answer'),
      'tcp 23': both('ECONNREFUSED'), // listens
      'udp 7': both('answer'),
      'udp 514': both('ECONNREFUSED'),
      'udp 9': both('silence'),
    });
    // The answers are Sluice's own: neither direction judges them, as at XDP.
    expect(await probeBoth(host, client, ['tcp 25', 'udp 69'])).toEqual({
      'tcp 25': both('ECONNREFUSED'), // listens
      'udp 69': both('ECONNREFUSED'),
    });
    for (const name of ['no-telnet', 'no-syslog', 'no-mail', 'no-tftp', 'marked', 'echo'])
      expect([name, counted(enforcement, name).packets]).toEqual([name, 2]);
    expect(foreign?.count()).toBeGreaterThanOrEqual(before + 10);
    const { stdout } = await host.exec('nft', ['list', 'table', 'inet', 'seen']);
    expect(stdout).toContain(`0x0000002a counter packets ${classifier === 'auto' ? 2 : 4} `);
  });
});

test('frames with VLAN tags are judged as they are on the wire, like at XDP: by tags, expressions and bytes', async () => {
  const policy = `
version: 1
interfaces: [eth0]
prefilter:
  - { name: tagged, filter: "vlan 10", action: count }
  - { name: inner, filter: "vlan 10 and vlan 30", action: count }
  - { name: untagged, filter: "udp port 514", action: count }
  - { name: behind-tag, filter: "vlan and udp port 514", action: count }
  - { name: bytes, payload: { at: frame, offset: 12, bytes: "8100000a0800" }, action: count }
  - { name: long, filter: "greater 68", action: count }
  - { name: vlan-20, vlan: 20, action: drop }
ingress:
  default: drop
  rules:
    - { name: vlan-10, vlan: 10, action: reject }
egress: { default: drop }
`;
  const names = ['tagged', 'inner', 'untagged', 'behind-tag', 'bytes', 'long', 'vlan-20', 'vlan-10', 'default-ingress'];
  const packets = ['192.0.2.1:40000 > 192.0.2.10', '[2001:db8:5e::1]:40000 > [2001:db8:5e::10]'].flatMap((ends) =>
    ['tcp', 'udp'].flatMap((protocol) =>
      ['vlan=10', 'vlan=10,30', 'vlan=20', ''].map((tags) => `${protocol} ${ends}:514 ${tags}`),
    ),
  );
  async function judged(): Promise<{ counters: unknown; answers: number[] }> {
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
    sendPackets(client, packets);
    const answers = (pattern: RegExp): number => [...capture.output().stdout.matchAll(pattern)].length;
    await expect.poll(() => answers(/Flags \[R\.\], cksum \S+ \(correct\)/g)).toBe(4);
    await expect.poll(() => answers(/udp port 514 unreachable|unreachable port, \S+ udp port 514/g)).toBe(4);
    const found = [/\[icmp6 sum ok\]/g, /vlan 10, /g, /vlan 30, /g, /wrong|incorrect|bad/g].map(answers);
    await capture.stop();
    return { counters: names.map((name) => [name, counted(enforcement, name)]), answers: found };
  }

  enforcement = enforceOn(host, policy);
  const atXdp = await judged();
  enforcement.stop();
  enforcement = enforceBehind(policy);
  expect(await judged()).toEqual(atXdp);
  expect(atXdp.answers).toEqual([2, 8, 4, 0]);
  expect(counted(enforcement, 'untagged').packets).toBe(2);
  expect(counted(enforcement, 'behind-tag').packets).toBeGreaterThan(0);
});

/** Behind Sluice at the same hook: counts frames by the tags that the stack gets. */
const TAGS_NFT = `
table netdev tags {
  chain received {
    type filter hook ingress device "eth0" priority 0
    vlan id 10 vlan type ip counter comment "outer"
    ether type 8021ad vlan id 10 vlan type 8021q vlan id 30 counter comment "both"
    vlan id 20 counter comment "dropped"
  }
}
`;

test('a frame that passes keeps its tags', async () => {
  enforcement = enforceBehind(`
version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules:
    - { name: inner, filter: "vlan 10 and vlan 30", action: allow }
    - { name: outer, vlan: 10, action: allow }
`);
  await host.exec('nft', ['-f', '-'], { input: TAGS_NFT });
  sendPackets(
    client,
    ['vlan=10', 'vlan=10,30', 'vlan=20'].map((tags) => `udp 192.0.2.1:40000 > 192.0.2.10:514 ${tags}`),
  );
  await expect.poll(() => counted(enforcement, 'outer').packets).toBe(1);
  expect(counted(enforcement, 'inner').packets).toBe(1);
  const { stdout } = await host.exec('nft', ['list', 'table', 'netdev', 'tags']);
  await host.exec('nft', ['delete', 'table', 'netdev', 'tags']);
  const passed = [...stdout.matchAll(/counter packets (\d+) .* comment "(.+)"/g)].map(([, n, what]) => `${what} ${n}`);
  expect(passed).toEqual(['outer 1', 'both 1', 'dropped 0']);
});
