import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFolder, type Folder, policy, policyFiles, sluice } from './sluice.ts';

const good = `policy: policy.yaml
tests:
  - { packet: 'tcp 203.0.113.7:40000 > 192.0.2.10:22 flags=S', expect: allow, rule: ssh }
  - { name: no telnet, packet: 'tcp 192.0.2.1:1 > 192.0.2.10:23', expect: reject }
  - { packet: 'udp 192.0.2.10:53 > 203.0.113.7:53', direction: egress, expect: allow, reason: default-egress }
  - { packet: 'arp 192.0.2.1 > 192.0.2.2', expect: allow, rule: null, interface: eth0 }
`;

let folder: Folder;
beforeAll(() => {
  folder = createFolder({ ...policyFiles, 'policy.test.yaml': good });
});
afterAll(() => folder.remove());

const run = (args: readonly string[] = []) => sluice(['test', ...args], { cwd: folder.path });

test.each([
  ['the compiled program', []],
  ['the reference model', ['--model']],
])('tests that pass, by %s', (_, args) => {
  const { status, stdout, stderr } = run(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^policy\.test\.yaml\n {2}ok {2}tcp 203\.0\.113\.7:40000 > .* allow +ssh$/m);
  expect(stdout).toMatch(/ok {2}no telnet +reject +telnet$/m);
  expect(stdout).toMatch(/\n4 passed\n$/);
});

describe('a test that fails', () => {
  const failing = createFolder({
    ...policyFiles,
    'policy.test.yaml': `tests:
  - { packet: 'tcp 198.51.100.7:1 > 192.0.2.10:22', expect: allow, rule: ssh }
  - { packet: 'udp 192.0.2.1:1 > 192.0.2.2:53', expect: drop, rule: blocklist }
`,
  });
  afterAll(() => failing.remove());

  test('shows what was expected, what came, and why; the policy is found by the name', () => {
    const { status, stdout } = sluice(['test', '-m', failing.path]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL tcp 198\.51\.100\.7:1 > 192\.0\.2\.10:22 {2}.*policy\.test\.yaml:2$/m);
    expect(stdout).toMatch(/^ {2}expected +allow by ssh$/m);
    expect(stdout).toMatch(/^ {2}got +drop by blocklist, .*policy\.yaml:7$/m);
    expect(stdout).toMatch(/^ {2}because +no rule of ingress matches, and its default is drop$/m);
    expect(stdout).toMatch(/\n0 passed, 2 failed\n$/);
  });

  test('and says the same as data, a test a line', () => {
    const { stdout } = sluice(['test', '-m', '-o', 'ndjson', failing.path]);
    const results = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(results).toEqual([
      expect.objectContaining({ line: 2, passed: false, expected: { verdict: 'allow', rule: 'ssh' } }),
      expect.objectContaining({
        line: 3,
        passed: false,
        actual: expect.objectContaining({ reason: 'default-ingress' }),
      }),
    ]);
  });
});

test('test files are found below the folder, and one can be given by its name', () => {
  mkdirSync(join(folder.path, 'deep/er'), { recursive: true });
  mkdirSync(join(folder.path, 'node_modules'), { recursive: true });
  folder.write('deep/er/edge.yaml', policy.replace('blocked.txt', '../../blocked.txt'));
  folder.write('deep/er/edge.test.yaml', good.replace('policy: policy.yaml\n', ''));
  folder.write('node_modules/not-ours.test.yaml', 'wrong');
  expect(run(['-m']).stdout).toMatch(/\n8 passed\n$/);
  expect(run(['-m', 'deep/er/edge.test.yaml']).stdout).toMatch(/\n4 passed\n$/);
});

describe('what is wrong in a test file is shown with its place, and other files are run', () => {
  const broken = createFolder(policyFiles);
  afterAll(() => broken.remove());
  broken.write('good.test.yaml', good);

  test.each([
    ['a key', "- { packet: 'arp 192.0.2.1 > 192.0.2.2', expct: allow, expect: allow }", 'did you mean "expect"?'],
    ['a verdict', "- { packet: 'arp 192.0.2.1 > 192.0.2.2', expect: pass }", 'expect must be allow, drop, reject'],
    ['no verdict', "- { packet: 'arp 192.0.2.1 > 192.0.2.2' }", 'expect must be allow, drop, reject'],
    ['no packet', '- { expect: allow }', 'packet must be a packet'],
    ['a packet', "- { packet: 'tcp 192.0.2.1:x > 192.0.2.2:22', expect: allow }", '"x" is no port'],
    ['a rule', "- { packet: 'arp 192.0.2.1 > 192.0.2.2', expect: allow, rule: shs }", 'did you mean "ssh"?'],
    [
      'a reason',
      "- { packet: 'arp 192.0.2.1 > 192.0.2.2', expect: allow, reason: neighbor }",
      'did you mean "neighbour"?',
    ],
    ['a direction', "- { packet: 'arp 192.0.2.1 > 192.0.2.2', expect: allow, direction: in }", 'ingress or egress'],
    [
      'an interface',
      "- { packet: 'arp 192.0.2.1 > 192.0.2.2', expect: allow, interface: eth7 }",
      "none of the policy's",
    ],
    ['a test', '- just a text', 'a test is a mapping'],
  ])('%s', (_, line, message) => {
    broken.write('bad.test.yaml', `policy: policy.yaml\ntests:\n  ${line}\n`);
    const { status, stdout, stderr } = sluice(['test', '-m', '.'], { cwd: broken.path });
    expect(status).toBe(1);
    expect(stderr).toContain('bad.test.yaml:3:');
    expect(stderr).toContain(message);
    expect(stdout).toMatch(/\n4 passed, 1 with errors\n$/);
  });

  test.each([
    ['no mapping', 'nonsense', 'a test file is a mapping'],
    ['no list of tests', 'policy: policy.yaml', 'tests must be a list'],
    ['no YAML', 'tests: [', '[policy/syntax]'],
    ['a policy that is not there', 'policy: nothing.yaml\ntests: []', 'nothing.yaml does not exist'],
  ])('%s', (_, text, message) => {
    broken.write('bad.test.yaml', text);
    const { status, stderr } = sluice(['test', '-m', 'bad.test.yaml'], { cwd: broken.path });
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('the caret stands below the word of the packet that is wrong', () => {
    broken.write('bad.test.yaml', "tests:\n  - { packet: 'tcp 192.0.2.1:x > 192.0.2.2:22', expect: allow }\n");
    const { stderr } = sluice(['test', '-m', 'bad.test.yaml'], { cwd: broken.path });
    const [line = '', carets = ''] = stderr.split('\n').slice(2);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('192.0.2.1:x');
  });
});

test('a folder without tests is an answer of no', () => {
  const empty = createFolder();
  const { status, stderr } = sluice(['test', empty.path]);
  empty.remove();
  expect(status).toBe(1);
  expect(stderr).toContain('[test/none]');
});

test('a test says when its packet passes', () => {
  const hours = createFolder({
    'hours.yaml': `version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules: [{ name: office, port: 22, when: { days: mon-fri, from: "08:00", to: "18:00" }, action: allow }]
`,
    'hours.test.yaml': `tests:
  - { packet: 'tcp 192.0.2.1:1 > 192.0.2.2:22', at: 2026-12-24T12:00Z, expect: allow, rule: office }
  - { packet: 'tcp 192.0.2.1:1 > 192.0.2.2:22', at: 2026-12-24T18:00Z, expect: drop }
`,
    'wrong.test.yaml': `policy: hours.yaml
tests: [{ packet: 'tcp 192.0.2.1:1 > 192.0.2.2:22', at: noon, expect: drop }]
`,
  });
  const { status, stdout } = sluice(['test', 'hours.test.yaml'], { cwd: hours.path });
  expect({ status, passed: stdout.endsWith('2 passed\n') }).toEqual({ status: 0, passed: true });
  const wrong = sluice(['test', 'wrong.test.yaml'], { cwd: hours.path });
  expect(wrong.stderr).toContain('"noon" is no time');
  expect(wrong.stderr).toContain('wrong.test.yaml:2:');
  hours.remove();
});
