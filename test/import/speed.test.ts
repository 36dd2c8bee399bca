import { expect, test } from 'vitest';
import { importRuleset } from '../../src/import/index.ts';

const RULES = 5000;
const match = (protocol: string, field: string, right: unknown, op = '==') => ({
  match: { op, left: { payload: { protocol, field } }, right },
});
const ruleOf = (chain: string, expr: readonly unknown[]) => ({ rule: { family: 'inet', table: 't', chain, expr } });
const byPort = (index: number) => match('tcp', 'dport', 1 + index);
const address = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
const rules = (expr: (index: number) => readonly unknown[], chain = (_: number) => 'input') =>
  Array.from({ length: RULES }, (_, index) => ruleOf(chain(index), [...expr(index), { drop: null }]));

const base = [
  { table: { family: 'inet', name: 't' } },
  { chain: { family: 'inet', table: 't', name: 'input', type: 'filter', hook: 'input', prio: 0, policy: 'drop' } },
  {
    set: {
      family: 'inet',
      name: 'big',
      table: 't',
      type: 'ipv4_addr',
      elem: Array.from({ length: 100_000 }, (_, index) => address(index * 3)),
    },
  },
];

/** `nft -j list ruleset` of as many rules takes longer. */
const MOST_MS = 8000;

test.each([
  ['rules of both families', rules((index) => [byPort(index)])],
  ['rules of one family', rules((index) => [match('ip', 'saddr', address(index)), byPort(index)])],
  ['rules that all refer to a set of 100,000', rules((index) => [match('ip', 'saddr', '@big'), byPort(index)])],
  ['rules for all that is not in it', rules((index) => [match('ip', 'saddr', '@big', '!='), byPort(index)])],
  [
    'rules in chains of their own, as container platforms make them',
    [
      ...rules(
        (index) => [byPort(index)],
        (index) => `c${index}`,
      ),
      ...Array.from({ length: RULES }, (_, index) => [
        { chain: { family: 'inet', table: 't', name: `c${index}` } },
        ruleOf('input', [match('ip', 'saddr', address(index)), { jump: { target: `c${index}` } }]),
      ]).flat(),
    ],
  ],
])(`a set of 100,000 and 5,000 %s`, (_, objects) => {
  const text = JSON.stringify({ nftables: [...base, ...objects] });
  const start = performance.now();
  const imported = importRuleset('nftables', { path: 'ruleset.json', text }, { interfaces: ['eth0'] });
  expect(performance.now() - start).toBeLessThan(MOST_MS);
  expect(imported).toMatchObject({ rules: RULES, problems: [] });
});
