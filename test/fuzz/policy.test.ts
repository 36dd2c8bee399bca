import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { errors } from '../../src/diagnostics/registry.ts';
import { renderProblems } from '../../src/diagnostics/render.ts';
import { checkPolicy } from '../../src/policy/check.ts';
import { decodeText } from '../../src/policy/parse/read-file.ts';

/** Hostile policies end in a policy or in problems with a place: never in another exception, never in a hang. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? (process.env['SLUICE_FUZZ'] === 'long' ? 100_000 : 1_000));
const timeout = 60_000 + numRuns * 50;

const valid = ['the-readme-policy', 'icmp', 'numbers', 'addresses', 'payloads', 'actions', 'aliases', 'warnings'].map(
  (name) => readFileSync(new URL(`../policies/${name}/policy.yaml`, import.meta.url), 'utf8'),
);

/** libpcap would ask the network for every word that could be the name of a host. */
const loadFilterCompiler = () => ({
  compile: (expression: string) => (expression.startsWith('tcp') ? { program: [] } : { error: 'syntax error' }),
});

function judge(text: string): void {
  const { policy, problems } = checkPolicy({ path: 'policy.yaml', text }, { loadFilterCompiler });
  const found = problems.filter(({ severity }) => severity !== 'warning');
  expect(policy === undefined).toBe(found.length > 0);
  for (const { code, place, message } of problems) {
    expect(errors).toHaveProperty([code]);
    expect(message).not.toMatch(/undefined|\[object/);
    expect(place).toBeDefined();
    expect(place?.line).toBeGreaterThan(0);
    expect(place?.column).toBeGreaterThan(0);
  }
  renderProblems(problems);
}

test('random bytes', { timeout }, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const decoded = decodeText(bytes);
      if ('text' in decoded) judge(decoded.text);
      else expect(decoded.reason).toMatch(/offset \d+/);
    }),
    { numRuns },
  );
});

/** What stands in policies, so that a mutation gets further than to a syntax error. */
const piece = fc.oneof(
  fc.constantFrom(
    '!',
    '@',
    '-',
    ',',
    ':',
    '[',
    ']',
    '{',
    '}',
    '"',
    '\n',
    '\t',
    '#',
    '&a',
    '*a',
    '<<: ',
    '|',
    '? ',
    '---\n',
  ),
  fc.constantFrom(
    'tcp',
    '"@web"',
    '10.0.0.0/8',
    '::/0',
    '65536',
    '-1',
    '1e9',
    '.nan',
    '0x10',
    'null',
    'echo-request',
    '"!tcp"',
  ),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '"@constructor"', '"@__proto__"', 'hasOwnProperty'),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

test('mutations of policies', { timeout }, () => {
  const mutation = fc.record({ at: fc.nat(), cut: fc.nat(8), put: piece });
  fc.assert(
    fc.property(fc.constantFrom(...valid), fc.array(mutation, { minLength: 1, maxLength: 6 }), (text, mutations) => {
      let mutated = text;
      for (const { at, cut, put } of mutations) {
        const position = at % (mutated.length + 1);
        mutated = mutated.slice(0, position) + put + mutated.slice(position + cut);
      }
      judge(mutated);
    }),
    { numRuns },
  );
});

const keys = [
  'version',
  'interfaces',
  'sets',
  'prefilter',
  'ingress',
  'egress',
  'malformed',
  'default',
  'rules',
  'name',
].concat([
  'protocol',
  'from',
  'to',
  'port',
  'fromPort',
  'tcpFlags',
  'icmpType',
  'icmpCode',
  'length',
  'ttl',
  'dscp',
  'vlan',
  'fragment',
  'interface',
  'payload',
  'filter',
  'action',
  'file',
  'ports',
  'log',
  'mark',
  'rate',
  'burst',
  'at',
  'offset',
  'bytes',
  'text',
  'mask',
  '__proto__',
  'constructor',
  '',
]);
const words = [
  'allow',
  'drop',
  'log',
  'tcp',
  '!tcp',
  'icmp',
  'arp',
  '@a',
  '!@a',
  '10.0.0.1',
  '::1',
  '!::/0',
  '1-2',
  '!',
  '@',
  '',
  'syn',
  '10/s',
];

test('any data in the place of a policy', { timeout }, () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.oneof(fc.constantFrom(1, 0, -1, 80, 1e20, Number.NaN, true, null), fc.constantFrom(...words), fc.string()),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6 }),
    ),
  }));
  const policy = fc.record(
    {
      version: fc.constantFrom<unknown>(1, 2, '1'),
      interfaces: fc.oneof(fc.constant<unknown>(['a', 'b']), value),
      sets: fc.oneof(fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), value), value),
      prefilter: fc.oneof(fc.array(fc.dictionary(fc.constantFrom(...keys), value)), value),
      ingress: fc.record(
        { default: value, rules: fc.array(fc.dictionary(fc.constantFrom(...keys), value)) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(policy, value), fc.boolean(), (data, asJson) =>
      judge(asJson ? JSON.stringify(data) : stringify(data)),
    ),
    // Most of the time goes into making the data.
    { numRuns: Math.ceil(numRuns / 5) },
  );
});
