import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { checkPolicy } from './check.ts';
import { policySchema } from './schema/policy.ts';
import { rule as ruleSchema } from './schema/rule.ts';
import { checked, checkedRule } from './testing/checked.ts';

test.each<[action: unknown, checked: object]>([
  ['allow', { kind: 'allow' }],
  ['reject', { kind: 'reject' }],
  ['count', { kind: 'count' }],
  ['log', { kind: 'log', ratePerSecond: 10, burst: 10 }],
  [{ log: '30/m' }, { kind: 'log', ratePerSecond: 0.5, burst: 10 }],
  [{ log: { rate: '3600/h', burst: 5 } }, { kind: 'log', ratePerSecond: 1, burst: 5 }],
  [{ mark: 7 }, { kind: 'mark', mark: 7 }],
  [{ mark: '0xFFFFFFFF' }, { kind: 'mark', mark: 0xffff_ffff }],
])('action %j', (action, expected) => {
  expect(checkedRule({ action }).action).toEqual(expected);
});

test('a policy of the least that there can be lets everything pass', () => {
  expect(checked({})).toMatchObject({
    interfaces: ['eth0', 'eth1'],
    malformed: 'drop',
    prefilter: [],
    ingress: { default: 'allow', rules: [] },
    egress: { default: 'allow', rules: [] },
  });
});

test('a default has the place of its key, where it is written', () => {
  const { ingress, egress } = checked({ egress: { rules: [], default: 'drop' } });
  expect(ingress).not.toHaveProperty('defaultPlace');
  expect(egress).toMatchObject({ default: 'drop', defaultPlace: { line: 7, column: 3 } });
});

test('rules are numbered through the stages, and those without a name are called by their place', () => {
  const policy = checked({
    prefilter: [{ action: 'count' }],
    egress: { rules: [{ action: 'count' }] },
    ingress: { rules: [{ action: 'count' }, { name: 'last', action: 'count' }] },
  });
  const all = [...policy.prefilter, ...policy.ingress.rules, ...policy.egress.rules];
  expect(all.map(({ index, name, stage }) => [index, name, stage])).toEqual([
    [0, 'prefilter[0]', 'prefilter'],
    [1, 'ingress[0]', 'ingress'],
    [2, 'last', 'ingress'],
    [3, 'egress[0]', 'egress'],
  ]);
});

test('sets include sets, in any order', () => {
  const policy = checked({
    sets: { all: ['@some', '10.0.0.1'], some: ['10.0.0.0'], ports: { ports: ['@web', 81] }, web: { ports: [80] } },
    ingress: { rules: [{ from: '@all', port: '@ports', action: 'allow' }] },
  });
  expect(policy.sets.get('all')?.ranges.v4).toEqual(Uint32Array.of(0x0a000000, 0x0a000001));
  expect(policy.ingress.rules[0]?.match.port).toEqual([[80, 81]]);
});

test('a filter is compiled by libpcap', () => {
  const { filter } = checkedRule({ filter: 'ip' }).match;
  expect(filter?.expression).toBe('ip');
  // ldh [12]; jeq #0x800; ret; ret
  expect(filter?.program.map(({ code, k }) => [code, k])).toEqual([
    [0x28, 12],
    [0x15, 0x800],
    [0x06, 65535],
    [0x06, 0],
  ]);
});

test('without libpcap a filter is an error that names the package', () => {
  const text = 'version: 1\ninterfaces: [eth0]\ningress: { rules: [{ filter: ip, action: drop }] }';
  const { problems } = checkPolicy({ path: 'policy.yaml', text }, { loadFilterCompiler: () => undefined });
  expect(problems).toMatchObject([{ code: 'policy/no-libpcap', place: { line: 3, column: 30 } }]);
});

test.each(Object.entries(ruleSchema.def.shape))('the examples of %s in the schema are in order', (key, schema) => {
  const inner = schema instanceof z.ZodMiniOptional ? schema.def.innerType : schema;
  const examples = z.globalRegistry.get(inner)?.['examples'];
  for (const example of examples as unknown[]) checkedRule({ [key]: example });
});

test('the schema has a description for every key', () => {
  for (const schema of [...Object.values(policySchema.def.shape), ...Object.values(ruleSchema.def.shape)]) {
    const inner = schema instanceof z.ZodMiniOptional ? schema.def.innerType : schema;
    expect(z.globalRegistry.get(inner)?.description).toBeTruthy();
  }
});
