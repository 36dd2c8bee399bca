import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { createRandom, generateRules, type Shape, shapes, toPolicyRules } from '../../src/policy/testing/classbench.ts';
import { testsBeside } from '../../src/policy-tests/tests-beside.ts';
import { rehearse } from '../../src/rehearse/index.ts';
import { policyOf } from '../policy-of.ts';

const web = `
version: 1
interfaces: [eth0]
sets: { admins: [203.0.113.0/24, "2001:db8:ad::/48"] }
ingress:
  default: drop
  rules:
    - { name: ssh, protocol: tcp, from: "@admins", port: 22, action: allow }
    - { name: web, protocol: tcp, port: [80, 443], action: allow }
    - { name: late, protocol: tcp, port: 443, action: reject }
    - { name: greeting, protocol: udp, payload: { at: payload, offset: 0, bytes: "cafe" }, action: allow }
    - { name: big, filter: "tcp[tcpflags] & tcp-fin != 0 and len > 200", action: reject }
    - { name: nobody, from: ["!0.0.0.0/0", "!::/0"], action: allow }
`;

test('a rule that is gone, and one whose ports are others: who decided before and after, with a packet each', () => {
  const after = web.replace(/.*name: ssh.*\n/, '').replace('[80, 443]', '[80, 8443]');
  const { differences, problems } = rehearse({ before: policyOf(web), after: policyOf(after) });
  expect(problems).toEqual([]);
  const told = differences.map(({ before, after: now, example }) => [
    `${before.verdict} ${before.rule ?? before.reason} → ${now.verdict} ${now.rule ?? now.reason}`,
    example.packet,
  ]);
  const changes = Object.fromEntries(told);
  expect(changes['allow ssh → drop default-ingress']).toMatch(/^tcp 203\.0\.113\.1:40000 > .*:22 flags=S/);
  expect(changes['allow web → reject late']).toMatch(/:443 /);
  expect(changes['drop default-ingress → allow web']).toMatch(/:8443 /);
});

test('what there is no packet for, and what no packet gets to, is named with the reason', () => {
  const { withoutPacket, unreached, packets, judgedByModel } = rehearse({ after: policyOf(web) });
  expect(withoutPacket).toEqual([
    { rule: 'nobody', stage: 'ingress', line: 13, reason: expect.stringContaining('holds no IPv4 address') },
  ]);
  expect(unreached).toEqual([
    { rule: 'late', stage: 'ingress', line: 10, reason: 'an earlier rule takes them: web (line 9)' },
  ]);
  expect(judgedByModel).toBe(packets);
});

test('without a policy before, packets passed; the same policy changes nothing', () => {
  const { differences } = rehearse({ after: policyOf(web) });
  expect(differences.map(({ before }) => before.reason)).toContain('no-policy');
  expect(rehearse({ before: policyOf(web), after: policyOf(web) }).differences).toEqual([]);
});

test('an interface that a policy no longer names is no longer judged on', () => {
  const { differences } = rehearse({ before: policyOf(web), after: policyOf(web.replace('eth0', 'eth1')) });
  const reasons = differences.map(({ before, after, example }) => [example.interface, before.reason, after.reason]);
  expect(reasons).toContainEqual(['eth0', 'default-ingress', 'no-policy']);
  expect(reasons).toContainEqual(['eth1', 'no-policy', 'default-ingress']);
});

test('a kernel that says something else than the model is an error that names rule and packet', () => {
  // As a compiler with a mistake would have it: the programs are those of another policy.
  using wrong = openRehearsal(policyOf(web.replace('port: 22, action: allow', 'port: 22, action: drop')));
  const { problems } = rehearse({ after: policyOf(web), open: { after: wrong } });
  expect(problems[0]).toMatchObject({ code: 'rehearsal/disagreement', place: { line: 8 } });
  expect(problems[0]?.message).toMatch(
    /^the compiled policy says drop by ssh, the reference model allow by ssh: tcp .*:22/,
  );
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-rehearse-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the tests beside the policy are run, and one that fails is an error where it stands', async () => {
  writeFileSync(join(folder, 'edge.yaml'), web);
  writeFileSync(join(folder, 'other.test.yaml'), 'nonsense: [');
  const tests = `tests:
  - { packet: 'tcp 203.0.113.9:1 > 192.0.2.1:22', expect: allow, rule: ssh }
  - { packet: 'tcp 198.51.100.9:1 > 192.0.2.1:22', expect: allow }
`;
  writeFileSync(join(folder, 'edge.test.yaml'), tests);
  const after = await loadPolicy(join(folder, 'edge.yaml'));
  const report = rehearse({ after, tests: testsBeside(after) });
  expect(report.tests.map(({ passed }) => passed)).toEqual([true, false]);
  expect(report.problems).toMatchObject([{ code: 'rehearsal/test-failed', place: { line: 3 } }]);
  writeFileSync(join(folder, 'edge.test.yaml'), 'tests: 7');
  expect(() => testsBeside(after)).toThrow(/tests must be a list/);
});

function manyRules(count: number, change = 0) {
  const rules: Record<string, unknown>[] = [...toPolicyRules(generateRules(shapes[0] as Shape, count, 1), 'v4')];
  const random = createRandom(7);
  for (let turn = 0; turn < change; turn++) {
    const at = random(count);
    rules[at] = { ...rules[at], action: rules[at]?.['action'] === 'drop' ? 'allow' : 'drop' };
  }
  return policyOf(JSON.stringify({ version: 1, interfaces: ['eth0'], ingress: { default: 'drop', rules } }));
}

test('1,000 rules take less than a second; of 20,000 a part is drawn, with all that changed', () => {
  const [small, smaller] = [manyRules(1000), manyRules(1000, 5)];
  rehearse({ before: small, after: smaller });
  const start = performance.now();
  const report = rehearse({ before: small, after: smaller });
  expect(performance.now() - start).toBeLessThan(1000);
  expect(report.sampled).toBe(report.rules);
  expect(report.differences.length).toBeGreaterThan(0);
  const many = rehearse({ before: manyRules(20_000), after: manyRules(20_000, 3) });
  expect(many.sampled).toBeLessThan(1100);
  expect(many.rules).toBe(20_003);
  expect(many.packets).toBeLessThan(10_000);
  expect(many.problems).toEqual([]);
});
