import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFolder, type Folder, policy, policyFiles, sluice } from './sluice.ts';

let folder: Folder;
beforeAll(() => {
  const rules = policy.split('\n');
  const telnet = rules.findIndex((line) => line.includes('name: telnet'));
  const [moved = ''] = rules.splice(telnet, 1);
  rules.splice(telnet - 2, 0, moved.replace('port: 23', 'port: 20-23'));
  folder = createFolder({
    ...policyFiles,
    'closed.yaml': policy.replace(/.*name: ping.*\n/, '').replace('203.0.113.0/24', '203.0.113.128/25'),
    'same.yaml': `# A comment.\n${policy}`,
    'moved.yaml': rules.join('\n'),
    'wrong.yaml': policy.replace('action: allow', 'action: alow'),
  });
});
afterAll(() => folder.remove());

describe.each([
  ['the compiled programs', []],
  ['the reference model', ['--model']],
])('%s', (_, extra) => {
  const diff = (...args: string[]) => sluice(['diff', ...args, ...extra], { cwd: folder.path });

  test('policies that say the same are no difference', () => {
    expect(diff('policy.yaml', 'same.yaml')).toEqual({
      status: 0,
      stdout: 'no difference: rules, sets and verdicts are the same\n',
      stderr: '',
    });
  });

  test('a rule that is gone and a set that got smaller, with the packets that are dropped for it', () => {
    const { status, stdout } = diff('policy.yaml', 'closed.yaml');
    expect(status).toBe(1);
    expect(stdout).toContain('  ~ @admins\n      - 203.0.113.0/25\n');
    expect(stdout).toMatch(/ {2}- ping {2}ingress, line 12\n {6}.*icmpType: echo-request/);
    expect(stdout).toMatch(/allow ping:12 → drop default-ingress:9 {2}\d+ packets?\n {6}icmp .* echo-request/);
    expect(stdout).toMatch(
      /allow ssh:11 → drop default-ingress:9 {2}\d+ packets?\n {6}tcp 203\.0\.113\.\d+:\d+ > .*:22 /,
    );
  });

  test('a rule that moved past one with another action, and says something else', () => {
    const { status, stdout } = diff('policy.yaml', 'moved.yaml');
    expect(status).toBe(1);
    expect(stdout).toContain('~ telnet  ingress, line 13 → 11\n      port: 23 → 20-23\n');
    expect(stdout).toContain('> telnet  ingress, line 13 → 11  to the other side of ssh\n');
    expect(stdout).toMatch(/allow ssh:11 → reject telnet:11/);
  });

  test('as data', () => {
    const answer = JSON.parse(diff('policy.yaml', 'closed.yaml', '-o', 'json').stdout);
    expect(answer).toMatchObject({ before: 'policy.yaml', after: 'closed.yaml', settings: [] });
    expect(answer.rules).toContainEqual(expect.objectContaining({ change: 'removed', rule: 'ping' }));
    const lines = diff('policy.yaml', 'closed.yaml', '-o', 'ndjson').stdout.trimEnd().split('\n');
    const kinds = new Set(lines.map((line) => (JSON.parse(line) as { kind: string }).kind));
    expect([...kinds].sort()).toEqual(['rule', 'set', 'verdict']);
  });

  test.each([
    ['missing.yaml', 'policy/file-missing'],
    ['wrong.yaml', 'policy/'],
  ])('%s is trouble', (file, code) => {
    const { status, stdout, stderr } = diff('policy.yaml', file);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(code);
  });
});

test('whoever may not load programs is told of the model', () => {
  const options = { cwd: folder.path, unprivileged: true };
  const { status, stderr } = sluice(['diff', 'policy.yaml', 'closed.yaml'], options);
  expect(status).toBe(2);
  expect(stderr).toContain('--model');
});
