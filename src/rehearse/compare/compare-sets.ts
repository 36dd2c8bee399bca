import { formatAddress } from '../../packet/address.ts';
import type { AddressRanges, AddressSet, CheckedPolicy } from '../../policy/checked.ts';
import { prefixes4, prefixes6 } from '../../prefix-set/prefixes.ts';
import { contentOf, sameContent } from '../rule-content.ts';
import type { FieldChange, SetChange } from './policy-diff.ts';
import { subtractRanges } from './subtract-ranges.ts';

/** Sets of addresses; what sets of ports hold is told with the rules that name them. */
export function compareSets(before: CheckedPolicy, after: CheckedPolicy): SetChange[] {
  const names = [...new Set([...after.sets.keys(), ...before.sets.keys()])];
  return names.flatMap((set): SetChange[] => {
    const [was, is] = [before.sets.get(set), after.sets.get(set)];
    const fields = was && is ? fieldChanges(was, is) : [members(was?.ranges, is?.ranges)];
    if (was && is && fields.length === 0) return [];
    return [{ change: was ? (is ? 'changed' : 'removed') : 'added', set, fields }];
  });
}

function fieldChanges(before: AddressSet, after: AddressSet): FieldChange[] {
  const others = (['file', 'records', 'memoryBytes'] as const)
    .filter((key) => !sameContent(before[key], after[key]))
    .map((key) => ({ field: key, before: said(before[key]), after: said(after[key]) }));
  return sameContent(before.ranges, after.ranges) ? others : [members(before.ranges, after.ranges), ...others];
}

const said = (value: unknown): string | null => {
  if (value === undefined) return null;
  return typeof value === 'object' ? contentOf(value) : String(value);
};

const NONE: AddressRanges = { v4: new Uint32Array(0), v6: new BigUint64Array(0) };

/** Before: what is only there; after: what is only there. */
function members(before: AddressRanges = NONE, after: AddressRanges = NONE): FieldChange {
  return {
    field: 'addresses',
    before: inWords(subtractRanges(before, after)),
    after: inWords(subtractRanges(after, before)),
  };
}

/** Ranges of which the prefixes are written out. */
const WRITTEN_OUT = 4;

function inWords({ v4, v6 }: AddressRanges): string | null {
  const ranges = v4.length / 2 + v6.length / 4;
  if (ranges === 0) return null;
  const some = {
    v4: v4.subarray(0, WRITTEN_OUT * 2),
    v6: v6.subarray(0, Math.max(0, WRITTEN_OUT - v4.length / 2) * 4),
  };
  const more = ranges - some.v4.length / 2 - some.v6.length / 4;
  const texts = [
    ...prefixes4(some).map(({ address, length }) => prefix(4, 0n, BigInt(address), length, 32)),
    ...prefixes6(some).map(({ hi, lo, length }) => prefix(6, hi, lo, length, 128)),
  ];
  return `${texts.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function prefix(family: 4 | 6, hi: bigint, lo: bigint, length: number, bits: number): string {
  const text = formatAddress({ family, hi, lo });
  return length === bits ? text : `${text}/${length}`;
}
