import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SluiceError } from '../diagnostics/problem.ts';
import { describeRule } from './describe-rule.ts';
import { examinePolicy, loadPolicy } from './load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
  mkdirSync(join(folder, 'folder.yaml'));
  execFileSync('mkfifo', [join(folder, 'fifo.yaml')]);
  symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
  writeFileSync(join(folder, 'huge.yaml'), '');
  truncateSync(join(folder, 'huge.yaml'), 17 * 1024 * 1024);
  writeFileSync(join(folder, 'latin1.yaml'), Buffer.from('version: 1 # \xe9', 'latin1'));
  writeFileSync(join(folder, 'binary.yaml'), Buffer.of(0x7f, 0x45, 0x4c, 0x46, 0));
  writeFileSync(join(folder, 'policy.toml'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['missing.yaml', 'policy/file-missing', 'does not exist'],
  ['folder.yaml', 'policy/file-unreadable', 'is a directory'],
  ['folder.yaml/policy.yaml', 'policy/file-missing', 'does not exist'],
  ['fifo.yaml', 'policy/file-unreadable', 'is not a regular file'],
  ['loop.yaml', 'policy/file-unreadable', 'ELOOP'],
  ['nul\0.yaml', 'policy/file-unreadable', 'cannot be read'],
  [`${'long'.repeat(100)}.yaml`, 'policy/file-unreadable', 'ENAMETOOLONG'],
  ['huge.yaml', 'policy/file-too-large', '17 MiB, and at most 16 MiB'],
  ['latin1.yaml', 'policy/not-text', 'offset 13'],
  ['binary.yaml', 'policy/not-text', 'NUL byte at offset 4'],
  ['policy.toml', 'policy/unknown-format', 'policy.toml'],
])('%s: %s', async (name, code, message) => {
  const { policy, problems } = await examinePolicy(join(folder, name));
  expect(policy).toBeUndefined();
  expect(problems).toMatchObject([{ code, message: expect.stringContaining(message) }]);
});

test('loadPolicy throws all that is wrong', async () => {
  writeFileSync(join(folder, 'wrong.yaml'), 'version: 2\ninterfaces: [eth0]\nmalformed: maybe\n');
  const error = await loadPolicy(join(folder, 'wrong.yaml')).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SluiceError);
  expect((error as SluiceError).problems).toHaveLength(2);
});

test('sets read their files from beside the policy, and a rule knows its line', async () => {
  writeFileSync(join(folder, 'blocked.txt'), '10.0.0.1\n');
  writeFileSync(
    join(folder, 'policy.yaml'),
    [
      'version: 1',
      'interfaces: [eth0]',
      'sets: { blocked: { file: blocked.txt }, bad: ["@blocked", 10.0.0.9] }',
      'prefilter:',
      '  - { name: bad, from: "@bad", action: drop }',
    ].join('\n'),
  );
  const policy = await loadPolicy(join(folder, 'policy.yaml'));
  expect(policy.sets.get('blocked')).toMatchObject({ file: join(folder, 'blocked.txt'), line: 3 });
  // What the file holds can change while the policy is in force: it is not copied into the set that includes it.
  expect(policy.sets.get('bad')?.ranges.v4).toEqual(Uint32Array.of(0x0a000009, 0x0a000009));
  expect(policy.prefilter[0]?.match.from?.any).toEqual([
    { kind: 'set', set: 'bad' },
    { kind: 'set', set: 'blocked' },
  ]);
  expect(describeRule(policy, 0)).toEqual({
    name: 'bad',
    line: 5,
    text: '- { name: bad, from: "@bad", action: drop }',
  });
});
