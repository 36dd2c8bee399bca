import { afterAll, describe, expect, test } from 'vitest';
import { createFolder, policyFiles, slowPolicy, sluice } from './sluice.ts';

const many = Array.from({ length: 1000 }, (_, index) => `10.${index >> 8}.${index & 255}.1`).join('\n');
const folder = createFolder({
  ...policyFiles,
  'blocked.txt': many,
  'redundant.yaml': `version: 1
interfaces: [eth0]
sets:
  unused: [192.0.2.0/24]
ingress:
  rules:
    - { name: first, protocol: udp, port: 53, action: drop }
    - { name: again, protocol: udp, port: 53, action: allow }
    - { name: flags, tcpFlags: [syn, "!ack"], ttl: 1-5, to: "!192.0.2.0/24", action: drop }
    - { name: rest, action: allow }
    - { name: late, protocol: tcp, action: drop }
egress:
  default: allow
`,
  'arp.yaml': `version: 1
interfaces: [eth0]
ingress:
  rules:
    - { name: both, protocol: [arp, tcp], action: drop }
    - { name: pings, protocol: [arp, icmp], interface: eth0, action: drop }
    - { name: again, protocol: [arp, tcp], from: 192.0.2.1, action: drop }
    - { name: rest, action: allow }
    - { name: only, protocol: [arp, udp], length: 60, action: drop }
`,
});
afterAll(() => folder.remove());

const explain = (...args: string[]) => sluice(['explain', ...args], { cwd: folder.path });

describe('the plan', () => {
  test('needs no rights', () => {
    const { status } = sluice(['explain', '--plan', 'policy.yaml'], { cwd: folder.path, unprivileged: true });
    expect(status).toBe(0);
  });

  test('has the stages in the packet’s order, with their rules in words and their lines', () => {
    const { stdout } = explain('--plan', 'policy.yaml');
    expect(stdout).toMatch(/^prefilter, then ingress\n.*\n {2}blocklist +7 +drop +from @blocked$/m);
    expect(stdout).toMatch(/^ingress, default drop$/m);
    expect(stdout).toMatch(/^ {2}ssh +11 +allow +tcp, port 22, from @admins$/m);
    expect(stdout).toMatch(/^ {2}ping +12 +allow +icmp \(IPv4\) or icmp6 \(IPv6\), echo-request$/m);
    expect(stdout).not.toContain('egress');
  });

  test('tells how each set is looked up, and who asks', () => {
    const { stdout } = explain('--plan', 'policy.yaml');
    expect(stdout).toMatch(/^ {2}admins +4 +1 comparison +1 comparison +ssh$/m);
    expect(stdout).toMatch(/^ {2}blocked +5 +trie of 1,000 prefixes, .* blocklist$/m);
  });

  test('tells which rules are not in the program, and why', () => {
    const { stdout } = explain('--plan', 'redundant.yaml');
    expect(stdout).toMatch(/again +8 +removed +never decides: first before it matches the same packets$/m);
    expect(stdout).toMatch(/late +11 +removed +never reached: rest before it takes every packet$/m);
    expect(stdout).toMatch(/rest +10 +allow +every packet$/m);
    expect(stdout).toMatch(/unused +4 .* no rule$/m);
  });

  test('says what a rule asks, in words', () => {
    const { stdout } = explain('--plan', 'redundant.yaml');
    expect(stdout).toMatch(/flags +9 +drop +tcp, flags S set and A clear, ttl 1-5, to not 192\.0\.2\.0\/24$/m);
  });

  test('has ARP among what a rule asks, and alone where other packets do not get to the rule', () => {
    const { stdout } = explain('--plan', 'arp.yaml');
    expect(stdout).toMatch(/both +5 +drop +arp or tcp$/m);
    expect(stdout).toMatch(/pings +6 +drop +on eth0, arp or icmp \(IPv4\) or icmp6 \(IPv6\)$/m);
    expect(stdout).toMatch(/only +9 +drop +arp, length 60$/m);
  });

  test('as data', () => {
    const plan = JSON.parse(explain('--plan', 'redundant.yaml', '-o', 'json').stdout);
    expect(plan.stages).toEqual([
      expect.objectContaining({
        stage: 'ingress',
        default: 'allow',
        removed: [
          { rule: 'again', line: 8, reason: 'same-as-before', because: 'first' },
          { rule: 'late', line: 11, reason: 'never-reached', because: 'rest' },
        ],
      }),
    ]);
    expect(plan).not.toHaveProperty('programs');
  });
});

test('programs and maps are shown as the kernel has them', () => {
  const { status, stdout } = explain('policy.yaml', '-o', 'json');
  expect(status).toBe(0);
  const { programs, maps } = JSON.parse(stdout);
  expect(programs).toContainEqual(expect.objectContaining({ name: 'sluice_xdp', hook: 'xdp' }));
  for (const program of programs) {
    expect(program.instructions).toBeGreaterThan(0);
    expect(program.verifiedSteps).toBeGreaterThan(0);
  }
  expect(maps).toContainEqual(expect.objectContaining({ name: 'set4:blocked', type: 'array' }));
  expect(explain('policy.yaml').stdout).toMatch(/^programs\n {2}program +hook +instructions/m);
});

test('how rules are asked is chosen by its cost, and can be told', () => {
  const lookups = (...args: string[]) => JSON.parse(explain('policy.yaml', '-o', 'json', ...args).stdout).lookups;
  const structures = (...args: string[]) => lookups(...args).map(({ structure }: { structure: string }) => structure);
  expect(structures()).not.toContain('trees');
  expect(structures('--structure', 'trees')).toContain('trees');
  for (const { structure, cost, instead } of lookups('--structure', 'trees')) {
    expect(instead.structure).toBe(structure === 'trees' ? 'one by one' : 'trees');
    expect(cost.worst).toBeGreaterThanOrEqual(cost.expected);
    expect(instead.cost.expected).toBeGreaterThan(0);
  }
  expect(explain('policy.yaml', '--structure', 'trees').stdout).toMatch(/ingress +IPv4 +trees.* one by one: \d+$/m);
  const bytecode = (...args: string[]) => explain('--bytecode', 'policy.yaml', ...args).stdout;
  expect(bytecode('--structure', 'trees')).toContain('trees:');
  expect(bytecode()).not.toContain('trees:');
});

test('rules that cost packets much are named beside what is shown', () => {
  folder.write('slow.yaml', slowPolicy);
  const { status, stdout, stderr } = explain('slow.yaml');
  expect(status).toBe(0);
  expect(stdout).toMatch(/ingress +IPv4 +trees, 1 classes +600 /);
  expect(stderr).toContain('[policy/slow-rules]');
});

test('the bytecode has labels and comments that name fields and rules', () => {
  const { status, stdout } = sluice(['explain', '--bytecode', 'policy.yaml'], { cwd: folder.path, unprivileged: true });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^stage_prefilter.* \(xdp\)$/m);
  expect(stdout).toMatch(/packet->dst_port/);
  expect(stdout).toMatch(/^ rule ssh \(line 11\):$/m);
  expect(stdout).toMatch(/rule ssh \(line 11\): allow/);
  expect(stdout).toMatch(/^ *\S+:$/m);
});

test('without rights the plan is recommended', () => {
  const { status, stderr } = sluice(['explain', 'policy.yaml'], { cwd: folder.path, unprivileged: true });
  expect(status).toBe(1);
  expect(stderr).toContain('--plan');
});

test('rules that get no packet, and pairs that overlap in part with opposite verdicts, are shown with the plan', () => {
  folder.write(
    'beside.yaml',
    `version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules:
    - { name: office, protocol: tcp, from: 10.0.0.0/8, port: 1-1000, action: allow }
    - { name: no-ssh, protocol: tcp, port: [22, 2222], action: drop }
    - { name: one-host, protocol: tcp, from: 192.0.2.1, port: 443, action: drop }
    - { name: web, protocol: tcp, port: 443, action: allow }
    - { name: other, protocol: tcp, from: 10.0.0.1, port: 80, action: drop }
`,
  );
  const run = (...args: string[]) => sluice(['explain', '--plan', 'beside.yaml', ...args], { cwd: folder.path });
  const { relations } = JSON.parse(run('-o', 'json').stdout);
  expect(relations).toMatchObject({
    withoutPackets: [{ code: 'policy/shadowed-rule', line: 10 }],
    // "one-host" is an exception from "web": nothing to tell.
    overlaps: [{ stage: 'ingress', first: { name: 'office', line: 6 }, second: { name: 'no-ssh', line: 7 } }],
    moreOverlaps: 0,
    notCompared: [],
  });
  expect(run().stdout).toContain('the first decides: allow, not drop');
  expect(sluice(['check', 'beside.yaml'], { cwd: folder.path }).stderr).not.toContain('no-ssh');
});

test('of many pairs that overlap ten are shown, the nearest first, and how many more there are', () => {
  const rules = Array.from({ length: 12 }, (_, index) => {
    const [from, port] = index % 2 ? ['::/0', `${index}00-${3000 + index}`] : [`2001:db8:${index}::/48`, '1-2000'];
    return `    - { name: r${index}, protocol: tcp, from: "${from}", port: ${port}, action: ${index % 2 ? 'drop' : 'allow'} }`;
  });
  folder.write('many.yaml', `version: 1\ninterfaces: [eth0]\ningress:\n  rules:\n${rules.join('\n')}\n`);
  const { stdout } = sluice(['explain', '--plan', 'many.yaml', '-o', 'json'], { cwd: folder.path });
  const { relations } = JSON.parse(stdout);
  expect(relations.overlaps).toHaveLength(10);
  expect(relations.overlaps[0]).toMatchObject({ first: { name: 'r0' }, second: { name: 'r1' } });
  expect(relations.moreOverlaps).toBe(26);
});
