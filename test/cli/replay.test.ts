import { afterAll, describe, expect, test } from 'vitest';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { writePcap } from '../../src/packet/pcap.ts';
import { createFolder, policy, policyFiles, sluice } from './sluice.ts';

const frames = [
  'tcp 203.0.113.7:40000 > 192.0.2.10:22 flags=S',
  'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S',
  'udp 192.0.2.1:1 > 192.0.2.2:53',
  'tcp [2001:db8:ad::1]:1 > [2001:db8::1]:23 flags=S',
].map((packet) => ({ bytes: buildFrame(parseNotation(packet)) }));
const capture = writePcap([
  ...frames,
  { bytes: (frames[0]?.bytes ?? new Uint8Array()).subarray(0, 40), wireLength: 54 },
]);

const folder = createFolder({
  ...policyFiles,
  'capture.pcap': capture,
  'cut.pcap': capture.subarray(0, capture.length - 10),
  'wifi.pcap': writePcap(frames, 105),
  'empty.pcap': '',
  'none.pcap': writePcap([]),
  'text.pcap': 'this is no capture',
  'looser.yaml': policy.replace('port: 22', 'port: 22-53').replace('ssh', 'admin'),
  'moved.yaml': policy.replace('  rules:\n', '  rules:\n\n'),
});
afterAll(() => folder.remove());

const lines = [
  '{"packet":1,"verdict":"allow","stage":"ingress","rule":"ssh","line":11,"reason":"rule"}',
  '{"packet":2,"verdict":"drop","stage":"prefilter","rule":"blocklist","line":7,"reason":"rule"}',
  '{"packet":3,"verdict":"drop","stage":"ingress","rule":null,"line":9,"reason":"default-ingress"}',
  '{"packet":4,"verdict":"reject","stage":"ingress","rule":"telnet","line":13,"reason":"rule"}',
  '{"packet":5,"verdict":"drop","stage":"parse","rule":null,"line":null,"reason":"truncated-tcp"}',
];

describe.each([
  ['the compiled program', []],
  ['the reference model', ['--model']],
])('%s', (_, extra) => {
  const replay = (...args: string[]) => sluice(['replay', ...args, ...extra], { cwd: folder.path });

  test('NDJSON has a line for every packet', () => {
    expect(replay('policy.yaml', 'capture.pcap', '-o', 'ndjson')).toEqual({
      status: 0,
      stdout: lines.map((line) => `${line}\n`).join(''),
      stderr: '',
    });
  });

  test('the summary counts by rule and reason, with bytes on the wire', () => {
    const { status, stdout } = replay('policy.yaml', 'capture.pcap');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^allow +ingress +ssh +11 +1 +20% +54 B$/m);
    expect(stdout).toMatch(/^drop +ingress +default-ingress +9 +1 +20% /m);
    expect(stdout).toMatch(/^drop +parse +truncated-tcp +1 +20% +54 B$/m);
    expect(stdout).toMatch(/^5 packets of capture\.pcap judged by policy\.yaml in .*, 1 allow, 3 drop, 1 reject$/m);
  });

  test('the same as data', () => {
    const answer = JSON.parse(replay('policy.yaml', 'capture.pcap', '-o', 'json').stdout);
    expect(answer).toMatchObject({ packets: 5, verdicts: { allow: 1, drop: 3, reject: 1 } });
    expect(answer.decisions).toContainEqual(
      expect.objectContaining({ verdict: 'reject', rule: 'telnet', line: 13, packets: 1 }),
    );
  });

  test('packets that leave are judged by egress', () => {
    const { stdout } = replay('policy.yaml', 'capture.pcap', '-d', 'egress', '-o', 'json');
    expect(JSON.parse(stdout).verdicts).toMatchObject({ reject: 0 });
  });

  test('what is whole of a capture that is cut short is judged, and the cut is an error', () => {
    const { status, stdout, stderr } = replay('policy.yaml', 'cut.pcap', '-o', 'ndjson');
    expect(status).toBe(1);
    expect(stdout).toBe(
      lines
        .slice(0, 4)
        .map((line) => `${line}\n`)
        .join(''),
    );
    expect(JSON.parse(stderr)).toMatchObject({ code: 'capture/truncated' });
  });

  describe('comparing', () => {
    const compare = (other: string, ...args: string[]) => replay('policy.yaml', 'capture.pcap', '-c', other, ...args);

    test('the packets that are judged differently are shown, and the answer is no', () => {
      const { status, stdout } = compare('looser.yaml');
      expect(status).toBe(1);
      expect(stdout).toContain(
        '#1  tcp 203.0.113.7:40000 > 192.0.2.10:22 flags=S length=40: allow ssh:11 → allow admin:11\n',
      );
      expect(stdout).toContain(
        '#4  tcp [2001:db8:ad::1]:1 > [2001:db8::1]:23 flags=S length=60: reject telnet:13 → allow admin:11\n',
      );
      expect(stdout).toContain('2 of 5 packets');
    });

    test('as data', () => {
      const { stdout } = compare('looser.yaml', '-o', 'ndjson');
      expect(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual([
        expect.objectContaining({ packet: 1, before: expect.objectContaining({ rule: 'ssh' }) }),
        expect.objectContaining({ packet: 4, after: expect.objectContaining({ verdict: 'allow', rule: 'admin' }) }),
      ]);
      expect(JSON.parse(compare('looser.yaml', '-o', 'json').stdout)).toMatchObject({ packets: 5, differences: 2 });
    });

    test('rules that only stand on other lines judge alike', () => {
      const { status, stdout } = compare('moved.yaml');
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: '5 packets of capture.pcap judged alike by policy.yaml and moved.yaml\n',
      });
    });
  });
});

test.each([
  ['wifi.pcap', 'capture/link-type'],
  ['empty.pcap', 'capture/format'],
  ['text.pcap', 'capture/format'],
  ['nothing.pcap', 'capture/unreadable'],
  ['.', 'capture/unreadable'],
])('%s is an error and has no answer', (file, code) => {
  for (const extra of [[], ['--compare', 'looser.yaml']]) {
    const { status, stdout, stderr } = sluice(['replay', '-m', 'policy.yaml', file, ...extra], { cwd: folder.path });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

test('a capture without packets has an answer', () => {
  const { status, stdout } = sluice(['replay', '-m', 'policy.yaml', 'none.pcap'], { cwd: folder.path });
  expect(status).toBe(0);
  expect(stdout).toContain('0 packets of none.pcap');
});

test('many packets come out whole, in order, through a pipe', () => {
  const count = 20_000;
  const packet = frames[2] ?? { bytes: new Uint8Array() };
  folder.write('many.pcap', writePcap(Array.from({ length: count }, () => packet)));
  const { stdout } = sluice(['replay', 'policy.yaml', 'many.pcap', '-o', 'ndjson'], { cwd: folder.path });
  const numbers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { packet: number }).packet);
  expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1));
});

test('rules with a window are asked at the time that the capture says, or at another', () => {
  const at = (time: string) => ({
    bytes: frames[0]?.bytes as Uint8Array,
    timestampNs: BigInt(Date.parse(time)) * 1_000_000n,
  });
  const hours = createFolder({
    'hours.yaml': `version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules: [{ name: office, port: 22, when: { from: "08:00", to: "18:00" }, action: allow }]
`,
    'day.pcap': writePcap([
      at('2026-03-01T07:59:59.999Z'),
      at('2026-03-01T08:00Z'),
      at('2026-08-01T17:59Z'),
      at('2026-08-01T18:00Z'),
    ]),
  });
  const verdicts = (...args: string[]) =>
    sluice(['replay', 'hours.yaml', 'day.pcap', '-o', 'ndjson', ...args], { cwd: hours.path })
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line).verdict);
  expect(verdicts()).toEqual(['drop', 'allow', 'allow', 'drop']);
  expect(verdicts('--model')).toEqual(['drop', 'allow', 'allow', 'drop']);
  expect(verdicts('--at', '2026-03-01T12:00Z')).toEqual(['allow', 'allow', 'allow', 'allow']);
  hours.remove();
});
