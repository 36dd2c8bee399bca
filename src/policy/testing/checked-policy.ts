import type { AddressMatch, AddressRanges, CheckedMatch, CheckedPolicy, CheckedRule, NumberRange } from '../checked.ts';
import type { FiveTuple, Prefix } from './classbench.ts';
import type { Family } from './header-frames.ts';

/** What a test makes of a rule: its action, and what it asks besides. */
export type Besides = (index: number) => { readonly action: CheckedRule['action']; readonly match?: CheckedMatch };

const everySecondDrops: Besides = (index) => ({ action: { kind: index % 2 === 0 ? 'allow' : 'drop' } });

/** A policy of these rules, as the check leaves it, without a text: a hundred thousand rules in a moment. */
export function checkedPolicy(
  rules: readonly FiveTuple[],
  family: Family,
  besides: Besides = everySecondDrops,
): CheckedPolicy {
  return {
    source: { path: 'policy.yaml', text: '' },
    interfaces: ['eth0'],
    chained: [],
    sets: new Map(),
    malformed: 'drop',
    prefilter: [],
    ingress: {
      default: 'drop',
      rules: rules.map((rule, index) => {
        const { action, match } = besides(index);
        const place = { line: index + 1, column: 1 };
        return {
          name: `rule-${index}`,
          stage: 'ingress',
          index,
          ...place,
          match: { ...matchOf(rule, family), ...match },
          action,
        };
      }),
    },
    egress: { default: 'allow', rules: [] },
  };
}

function matchOf({ src, dst, srcPort, dstPort, protocol }: FiveTuple, family: Family): CheckedMatch {
  const hasPorts = protocol === undefined || [6, 17, 132].includes(protocol);
  const isAny = ([lo, hi]: NumberRange): boolean => !hasPorts || (lo === 0 && hi === 65_535);
  const numbers: readonly NumberRange[] = protocol === undefined ? [] : [[protocol, protocol]];
  return {
    from: addresses(src, family),
    to: addresses(dst, family),
    ...(!isAny(srcPort) && { fromPort: [srcPort] }),
    ...(!isAny(dstPort) && { port: [dstPort] }),
    ...(protocol !== undefined && { protocol: { v4: numbers, v6: numbers, arp: false } }),
  };
}

function addresses({ address, length }: Prefix, family: Family): AddressMatch {
  const bits = BigInt((family === 'v4' ? 32 : 128) - length);
  const last = address | ((1n << bits) - 1n);
  return { any: [{ kind: 'ranges', ranges: rangesOf(address, last, family) }], none: [] };
}

function rangesOf(lo: bigint, hi: bigint, family: Family): AddressRanges {
  const none: AddressRanges = { v4: new Uint32Array(), v6: new BigUint64Array() };
  if (family === 'v4') return { ...none, v4: Uint32Array.of(Number(lo), Number(hi)) };
  const halves = [lo >> 64n, BigInt.asUintN(64, lo), hi >> 64n, BigInt.asUintN(64, hi)];
  return { ...none, v6: BigUint64Array.from(halves) };
}
