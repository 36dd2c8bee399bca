import { afterAll, describe, expect, test } from 'vitest';
import { createFolder, policyFiles, sluice } from './sluice.ts';

const folder = createFolder({
  ...policyFiles,
  'open.yaml': 'version: 1\ninterfaces: [eth0]\n',
  'several.yaml': `version: 1
interfaces: [eth0, eth1]
ingress:
  default: drop
  rules:
    - { name: seen, protocol: tcp, action: count }
    - { name: written, protocol: tcp, action: { log: { rate: 10/s } } }
    - { name: marked, protocol: tcp, action: { mark: 0x2a } }
    - { name: inside, interface: eth1, action: allow }
egress:
  default: drop
`,
  'hours.yaml': `version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules:
    - name: office
      port: 22
      when: { days: mon-fri, from: "08:00", to: "18:00", timezone: Europe/Berlin }
      action: allow
`,
});
afterAll(() => folder.remove());

const SSH = 'tcp 203.0.113.7:40000 > 192.0.2.10:22 flags=S';

describe.each([
  ['the compiled program', []],
  ['the reference model', ['--model']],
])('%s', (judge, extra) => {
  const ask = (packet: string, ...args: string[]) =>
    sluice(['ask', 'policy.yaml', packet, ...extra, ...args], { cwd: folder.path });

  test('an allowed packet ends with 0, and the rule is shown by its line', () => {
    const { status, stdout, stderr } = ask(SSH);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^allow {2}tcp 203\.0\.113\.7:40000 > 192\.0\.2\.10:22 flags=S/);
    expect(stdout).toContain('policy.yaml:11:');
    expect(stdout).toContain('11 |     - { name: ssh, protocol: tcp, from: "@admins", port: 22, action: allow }');
    expect(stdout).toContain(judge);
  });

  test.each([
    [SSH, 0, { verdict: 'allow', stage: 'ingress', rule: 'ssh', line: 11, reason: 'rule' }],
    ['tcp 198.51.100.7:1 > 192.0.2.10:22', 1, { verdict: 'drop', stage: 'prefilter', rule: 'blocklist', line: 7 }],
    ['tcp [2001:db8:ad::1]:1 > [2001:db8::1]:22', 0, { verdict: 'allow', rule: 'ssh' }],
    ['tcp 203.0.113.7:1 > 192.0.2.10:23', 1, { verdict: 'reject', rule: 'telnet', line: 13 }],
    ['icmp6 2001:db8::1 > 2001:db8::2 echo-request', 0, { verdict: 'allow', rule: 'ping' }],
    ['udp 192.0.2.1:1 > 192.0.2.2:53', 1, { verdict: 'drop', rule: null, line: 9, reason: 'default-ingress' }],
    ['arp 192.0.2.1 > 192.0.2.2', 0, { verdict: 'allow', rule: null, line: null, reason: 'neighbour' }],
  ])('%s', (packet, status, expected) => {
    const outcome = ask(packet, '-o', 'json');
    expect(outcome.status).toBe(status);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ direction: 'ingress', interface: 'eth0', ...expected });
  });

  test('a default is explained in words, and shown by its line', () => {
    const { stdout } = ask('udp 192.0.2.1:1 > 192.0.2.2:53');
    expect(stdout).toContain('no rule of ingress matches, and its default is drop');
    expect(stdout).toContain('policy.yaml:9:3\n  9 |   default: drop\n');
  });

  test('a default that is not written has no line', () => {
    const { status, stdout } = sluice(['ask', 'open.yaml', SSH, ...extra, '-o', 'json'], { cwd: folder.path });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'allow', line: null, reason: 'default-ingress' });
  });

  test('what leaves is judged by egress', () => {
    const { status, stdout } = ask('udp 192.0.2.1:1 > 192.0.2.2:53', '--direction', 'egress', '-o', 'ndjson');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ direction: 'egress', verdict: 'allow', reason: 'default-egress' });
  });

  test('the packet need not be quoted but for its >', () => {
    const words = ['tcp', '203.0.113.7:40000', '>', '192.0.2.10:22', 'flags=S'];
    expect(sluice(['ask', 'policy.yaml', ...words, ...extra], { cwd: folder.path }).status).toBe(0);
  });

  test('an interface can be named by an option or in the packet; else it is the first', () => {
    const several = (packet: string, ...args: string[]) =>
      sluice(['ask', 'several.yaml', packet, ...extra, ...args], { cwd: folder.path }).status;
    expect(several(SSH)).toBe(1);
    expect(several(SSH, '--interface', 'eth1')).toBe(0);
    expect(several(`${SSH} interface=eth1`)).toBe(0);
  });

  test('a mark is shown', () => {
    const { stdout } = sluice(['ask', 'several.yaml', SSH, ...extra, '-o', 'json'], { cwd: folder.path });
    expect(JSON.parse(stdout).mark).toBe(0x2a);
  });
});

test('the model tells which rules a packet passed on its way', () => {
  const { stdout } = sluice(['ask', 'several.yaml', SSH, '--model', '-o', 'json'], { cwd: folder.path });
  expect(JSON.parse(stdout)).toMatchObject({ counted: ['seen'], logged: ['written'] });
});

test('without the right to load programs, the model is recommended, and works', () => {
  const unprivileged = { cwd: folder.path, unprivileged: true };
  const { status, stderr } = sluice(['ask', 'policy.yaml', SSH], unprivileged);
  expect(status).toBe(1);
  expect(stderr).toContain('[kernel/no-permission]');
  expect(stderr).toContain('--model');
  expect(sluice(['ask', 'policy.yaml', SSH, '--model'], unprivileged).status).toBe(0);
});

test('every fault of a packet is shown at its word', () => {
  const { stderr } = sluice(['ask', '-m', 'policy.yaml', 'tcp 192.0.2.1:x > 192.0.2.2:22'], { cwd: folder.path });
  expect(stderr).toContain('"x" is no port');
  expect(stderr).toMatch(/ {4}\^+\n/);
});

describe.each([
  ['the compiled program', []],
  ['the reference model', ['--model']],
])('a rule with a window, asked of %s', (_, extra) => {
  const at = (time: string, ...args: string[]) =>
    sluice(['ask', 'hours.yaml', SSH, '--at', time, ...extra, ...args], { cwd: folder.path });

  test.each([
    ['2026-12-24T17:59+01:00', 'office'],
    ['2026-12-24T18:00+01:00', null],
    // The same moments of the day in UTC: in summer Berlin is two hours ahead.
    ['2026-12-24T06:30Z', null],
    ['2026-07-24T06:30Z', 'office'],
    ['2026-12-26T12:00', null],
  ])('%s: %s', (time, rule) => {
    expect(JSON.parse(at(time, '-o', 'json').stdout)).toMatchObject({
      rule,
      at: new Date(`${time}${time.length > 16 ? '' : 'Z'}`).toISOString(),
    });
  });

  test('what is no time is told', () => {
    expect(at('2026-02-30')).toMatchObject({ status: 2, stderr: expect.stringContaining('It has to be a time like') });
  });
});
