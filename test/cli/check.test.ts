import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createFolder, policy, policyFiles, slowPolicy, sluice } from './sluice.ts';

const folder = createFolder(policyFiles);
afterAll(() => folder.remove());

const check = (...args: string[]) => sluice(['check', ...args], { cwd: folder.path, unprivileged: true });

test('a good policy is summed up in a line', () => {
  expect(check('policy.yaml')).toEqual({
    status: 0,
    stdout: 'policy.yaml: ok, 5 rules (1 prefilter, 4 ingress, 0 egress), 2 address sets\n',
    stderr: '',
  });
});

test('errors have a place, the line, a caret and help, several at once, and nothing goes to standard output', () => {
  folder.write('bad.yaml', policy.replace('action: reject', 'action: regect').replace('"@admins"', '"@admin"'));
  const { status, stdout, stderr } = check('bad.yaml');
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('bad.yaml:11:');
  expect(stderr).toContain('did you mean "@admins"?');
  expect(stderr).toContain('bad.yaml:13:');
  expect(stderr).toMatch(/\n\s+\| +\^+\n/);
});

test('a warning goes to standard error and leaves the policy in order', () => {
  folder.write('warn.yaml', policy.replace(/^.*replies.*\n/m, ''));
  const { status, stdout, stderr } = check('warn.yaml');
  expect(status).toBe(0);
  expect(stdout).toContain('warn.yaml: ok');
  expect(stderr).toContain('warning: ');
});

test('rules that cost packets much are named, with what to do', () => {
  folder.write('slow.yaml', slowPolicy);
  const { status, stdout, stderr } = check('slow.yaml');
  expect(status).toBe(0);
  expect(stdout).toContain('slow.yaml: ok');
  expect(stderr).toMatch(
    /^warning: 600 rules of ingress \("slow-0", "slow-1", "slow-2" and others\) .* µs \[policy\/slow/,
  );
  expect(stderr).toMatch(/\n {2}slow\.yaml:5:7\n.*slow-0.*\n +\| +\^+\n/);
  expect(stderr).toMatch(/\n {2}help: .*prefixes/);
});

test('in JSON the problems are the answer, with their places', () => {
  folder.write('bad.yaml', policy.replace('action: reject', 'action: regect'));
  const { status, stdout, stderr } = check('bad.yaml', '-o', 'json');
  expect(status).toBe(1);
  expect(stderr).toBe('');
  const answer = JSON.parse(stdout);
  expect(answer).toMatchObject({ file: 'bad.yaml', ok: false });
  expect(answer.problems).toEqual([
    expect.objectContaining({ severity: 'error', file: 'bad.yaml', line: 13, column: expect.any(Number) }),
  ]);
});

test('each form says the same', () => {
  const expected = {
    file: 'policy.yaml',
    ok: true,
    rules: { prefilter: 1, ingress: 4, egress: 0 },
    addressSets: ['admins', 'blocked'],
  };
  expect(JSON.parse(check('policy.yaml', '-o', 'json').stdout)).toMatchObject({ ...expected, problems: [] });
  expect(JSON.parse(check('policy.yaml', '-o', 'ndjson').stdout)).toMatchObject(expected);
  expect(check('policy.yaml', '-o', 'yaml').stdout).toMatch(/^file: policy\.yaml\nok: true\n/);
});

test.each([
  ['a file that does not exist', 'nothing.yaml'],
  ['a folder', 'folder.yaml'],
  ['a file that is no text', 'binary.yaml'],
  ['an empty file', 'empty.yaml'],
  ['a file of another kind', 'policy.txt'],
])('%s is an error without a stack trace', (_, file) => {
  mkdirSync(join(folder.path, 'folder.yaml'), { recursive: true });
  folder.write('binary.yaml', Uint8Array.of(0, 159, 146, 150));
  folder.write('empty.yaml', '');
  folder.write('policy.txt', policy);
  const { status, stdout, stderr } = check(file);
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: .*\[policy\/[a-z-]+\]\n/);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('rules that get no packet are told, with the rules that take theirs', () => {
  folder.write(
    'hidden.yaml',
    `version: 1
interfaces: [eth0]
sets:
  blocked: { dynamic: true }
prefilter:
  - { name: bogons, from: 10.0.0.0/8, action: drop }
ingress:
  default: allow
  rules:
    - { name: low, protocol: tcp, port: 0-1023, action: drop }
    - { name: high, protocol: tcp, port: 1024-65535, action: allow }
    - { name: web, protocol: tcp, port: [1000-2000], action: drop }
    - { name: inner, from: 10.1.0.0/16, protocol: udp, action: drop }
    - { name: seen, protocol: tcp, port: 22, interface: eth0, action: count }
    - { name: maybe, from: "@blocked", action: drop }
    - { name: dns, protocol: udp, port: 53, action: allow }
`,
  );
  const { status, stdout } = sluice(['check', 'hidden.yaml', '-o', 'json'], { cwd: folder.path });
  expect(status).toBe(0);
  const { problems } = JSON.parse(stdout);
  expect(problems.map(({ code, line, message }: Record<string, unknown>) => `${code} ${line} ${message}`)).toEqual([
    'policy/shadowed-rule 12 rule "web" gets no packet: "low" (line 10) and "high" (line 11) together take all that it matches',
    'policy/redundant-rule 13 rule "inner" gets no packet: "bogons" (line 6) takes all that it matches and says drop as well',
    'policy/unreachable-rule 14 rule "seen" gets no packet: "low" (line 10) takes all that it matches',
  ]);
});
