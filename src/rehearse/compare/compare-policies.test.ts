import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checked } from '../../policy/testing/checked.ts';
import { comparePolicies, isSame } from './compare-policies.ts';
import { subtractRanges } from './subtract-ranges.ts';

const ingress = (...rules: object[]) => checked({ ingress: { default: 'drop', rules } });

test('rules without a name are the same where they say the same, wherever they stand', () => {
  const [web, dns] = [
    { protocol: 'tcp', port: 80, action: 'allow' },
    { protocol: 'udp', port: 53, action: 'allow' },
  ];
  expect(isSame(comparePolicies(ingress(web, dns), ingress(dns, web)))).toBe(true);
  const { rules } = comparePolicies(
    ingress(web, dns),
    ingress({ protocol: 'udp', port: 123, action: 'drop' }, web, dns),
  );
  expect(rules.map(({ change, rule }) => [change, rule])).toEqual([['added', 'ingress[0]']]);
});

test('a move is told only where it matters', () => {
  const rules = [
    { name: 'web', protocol: 'tcp', port: 80, action: 'allow' },
    { name: 'dns', protocol: 'udp', port: 53, action: 'drop' },
    { name: 'all', protocol: 'tcp', action: 'drop' },
  ];
  const order = (...names: string[]) => ingress(...names.map((name) => rules.find((rule) => rule.name === name) ?? {}));
  const changes = (...names: string[]) =>
    comparePolicies(order('web', 'dns', 'all'), order(...names)).rules.map(({ change, rule, past }) => [
      change,
      rule,
      past,
    ]);
  expect(changes('dns', 'web', 'all')).toEqual([]);
  expect(changes('all', 'web', 'dns')).toEqual([['moved', 'all', 'web']]);
});

test('what changed is told field by field, in words', () => {
  const before = { name: 'a', protocol: 'tcp', port: [80, 443], tcpFlags: ['syn', '!ack'], action: 'allow' };
  const after = { name: 'a', protocol: ['tcp', 'udp'], port: 80, from: '192.0.2.0/24', action: { mark: 7 } };
  const [change] = comparePolicies(ingress(before), ingress(after)).rules;
  const told = Object.fromEntries((change?.fields ?? []).map((field) => [field.field, [field.before, field.after]]));
  expect(told).toEqual({
    protocol: ['tcp', 'tcp, udp'],
    from: [null, '192.0.2.0/24'],
    port: ['80, 443', '80'],
    tcpFlags: ['S set, A clear', null],
    action: ['allow', 'mark 0x7'],
  });
});

test('settings, and sets by what came and what went', () => {
  const before = checked({
    malformed: 'drop',
    sets: { a: ['192.0.2.0/24'], gone: ['10.0.0.1'] },
    egress: { default: 'allow' },
  });
  const after = checked({ malformed: 'allow', sets: { a: ['192.0.2.128/25', '::1'] }, egress: { default: 'reject' } });
  const { settings, sets } = comparePolicies(before, after);
  expect(settings.map(({ field }) => field)).toEqual(['malformed', 'egress.default']);
  expect(sets).toEqual([
    { change: 'changed', set: 'a', fields: [{ field: 'addresses', before: '192.0.2.0/25', after: '::1' }] },
    { change: 'removed', set: 'gone', fields: [{ field: 'addresses', before: '10.0.0.1', after: null }] },
  ]);
});

test('ranges are subtracted number by number', () => {
  const numbers = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 40 });
  const rangesOf = (list: readonly number[]) => {
    const pairs: [number, number][] = [];
    for (const number of [...list].sort((a, b) => a - b)) {
      const last = pairs.at(-1);
      if (last && last[1] === number - 1) last[1] = number;
      else pairs.push([number, number]);
    }
    return {
      v4: Uint32Array.from(pairs.flat()),
      v6: BigUint64Array.from(pairs.flatMap(([lo, hi]) => [0n, BigInt(lo), 0n, BigInt(hi)])),
    };
  };
  fc.assert(
    fc.property(numbers, numbers, (some, others) => {
      const left = subtractRanges(rangesOf(some), rangesOf(others));
      expect(left).toEqual(rangesOf(some.filter((number) => !others.includes(number))));
    }),
  );
});
