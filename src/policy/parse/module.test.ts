import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definePolicy } from '../define-policy.ts';
import { examinePolicy } from '../load.ts';
import type { Rule } from '../schema/policy.ts';

/** Outside of any package, as users keep their policies. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-module-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function examine(name: string, text: string) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return examinePolicy(path);
}

test.each([
  ['default.ts', 'export default definePolicy({ version: 1, interfaces: ["eth0" as const] });'],
  ['named.mts', 'export const policy: object = definePolicy({ version: 1, interfaces: ["eth0"] });'],
  ['script.js', 'export default definePolicy({ version: 1, interfaces: ["eth0"] });'],
  [
    'waits.ts',
    'const name: string = await Promise.resolve("eth0");\nexport default definePolicy({ version: 1, interfaces: [name] });',
  ],
])('%s is loaded where no sluice is installed', async (name, text) => {
  const { policy, problems } = await examine(name, `import { definePolicy } from 'sluice';\n${text}\n`);
  expect(problems).toEqual([]);
  expect(policy?.interfaces).toEqual(['eth0']);
});

test('a module beside the policy can be imported', async () => {
  writeFileSync(join(folder, 'office.ts'), "export const office: string[] = ['10.0.0.0/8'];\n");
  const { policy } = await examine(
    'imports.ts',
    "import { office } from './office.ts';\nexport const policy = { version: 1, interfaces: ['eth0'], sets: { office } };\n",
  );
  expect(policy?.sets.get('office')?.ranges.v4).toEqual(Uint32Array.of(0x0a000000, 0x0affffff));
});

test('a policy that was changed is loaded anew', async () => {
  const text = (name: string) => `export const policy = { version: 1, interfaces: ['${name}'] };`;
  expect((await examine('changes.ts', text('eth0'))).policy?.interfaces).toEqual(['eth0']);
  expect((await examine('changes.ts', text('eth1'))).policy?.interfaces).toEqual(['eth1']);
});

test.each([
  ['is-missing.ts', "import { x } from './is-missing-here.ts';\nexport const policy = x;\n", 'policy/module'],
  ['throws-a-text.ts', "throw 'no';\n", 'policy/module'],
  ['cyclic.ts', 'const a: Record<string, unknown> = {};\na.a = a;\nexport const policy = a;\n', 'policy/no-policy'],
  ['big.ts', 'export const policy = { version: 1n };\n', 'policy/no-policy'],
  ['number.ts', 'export default 7;\n', 'policy/no-policy'],
  ['throws-later.ts', 'export const policy = { get version() { throw new Error("no"); } };\n', 'policy/no-policy'],
])('%s is an error of the policy, not of Sluice', async (name, text, code) => {
  const { policy, problems } = await examine(name, text);
  expect(policy).toBeUndefined();
  expect(problems).toMatchObject([{ code }]);
});

test('an error of the code is shown where it was thrown', async () => {
  const { problems } = await examine(
    'throws.ts',
    'interface Typed { a: 1 }\n\nfunction fail(): never {\n  throw new Error("why");\n}\nfail();\n',
  );
  expect(problems).toMatchObject([{ message: 'Error: why', place: { line: 4, column: 9 } }]);
});

test('the default of each stage has a line of its own', async () => {
  const written = "{ version: 1, interfaces: ['eth0'],\ningress: {\ndefault: 'drop' },\negress: { default: 'drop' } }";
  const { policy } = await examine('defaults.ts', `export const policy = ${written};\n`);
  expect(policy).toMatchObject({ ingress: { defaultPlace: { line: 3 } }, egress: { defaultPlace: { line: 4 } } });

  const apart = "const egress = { default: 'drop' };\nconst ingress = { default: 'drop' };\n";
  const parts = await examine(
    'parts.ts',
    `${apart}export const policy = { version: 1, interfaces: ['eth0'], egress, ingress };\n`,
  );
  expect(parts.policy).toMatchObject({ ingress: { defaultPlace: { line: 2 } }, egress: { defaultPlace: { line: 1 } } });
});

test('the compiler knows the language', () => {
  const interfaces = ['eth0'];
  definePolicy({
    version: 1,
    interfaces,
    ingress: { rules: [{ protocol: 'tcp', port: '8000-8100', action: { log: '10/s' } }] },
  });
  definePolicy({
    version: 1,
    interfaces,
    prefilter: [{ tcpFlags: ['syn', '!ack'], from: '@a', port: ['@web', 80], action: 'drop' }],
  });
  const ports = [22, '8000-8100'] as const;
  const rules: readonly Rule[] = [{ protocol: ['tcp', '!udp'] as const, port: ports, action: 'allow' }];
  definePolicy({ version: 1, interfaces: ['eth0'] as const, sets: { web: { ports } }, egress: { rules } } as const);
  // @ts-expect-error no such protocol
  definePolicy({ version: 1, interfaces, prefilter: [{ protocol: 'tpc', action: 'drop' }] });
  // @ts-expect-error no such flag
  definePolicy({ version: 1, interfaces, prefilter: [{ tcpFlags: 'sny', action: 'drop' }] });
  // @ts-expect-error no such key
  definePolicy({ version: 1, interfaces, prefilter: [{ prot: 'tcp', action: 'drop' }] });
  // @ts-expect-error no action
  definePolicy({ version: 1, interfaces, prefilter: [{ protocol: 'tcp' }] });
  expect(definePolicy({ version: 1, interfaces })).toEqual({ version: 1, interfaces });
});
