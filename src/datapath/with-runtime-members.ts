import { createAddressRangesBuilder } from '../policy/check/address-ranges.ts';
import { createAddressRange } from '../policy/check/address-text.ts';
import type { AddressSet, CheckedPolicy, SetMembers } from '../policy/checked.ts';
import { columnsOfPrefixes, type Prefix } from '../prefix-set/columns.ts';
import { prefixesOf } from './member-text.ts';
import type { Family, RuntimeMember, RuntimeMembers } from './runtime-members.ts';

const BITS = { v4: 32, v6: 128 } as const;
const families = ['v4', 'v6'] as const;

/**
 * The policy with what its dynamic sets hold at this moment, as if the policy listed it: so it would judge from now on. The same
 * object where nothing was added.
 */
export function withRuntimeMembers(policy: CheckedPolicy, runtime: RuntimeMembers | undefined): CheckedPolicy {
  const fuller = [...policy.sets.values()].flatMap((set): [string, AddressSet][] => {
    const added =
      runtime && set.records?.dynamic ? families.flatMap((family) => [...runtime.of(set.name, family)]) : [];
    return added.length === 0 ? [] : [[set.name, withMembers(set, added)]];
  });
  return fuller.length === 0 ? policy : { ...policy, sets: new Map([...policy.sets, ...fuller]) };
}

function withMembers(set: AddressSet, added: readonly RuntimeMember[]): AddressSet {
  const builder = createAddressRangesBuilder();
  builder.addAll(set.ranges);
  for (const { family, prefix } of added) builder.add(rangeOf(family, prefix));
  const all = [...(set.members ? prefixesOf(set.members) : []), ...added];
  const columns = (of: Family) =>
    columnsOfPrefixes(
      all.flatMap(({ family, prefix }) => (family === of ? prefix : [])),
      BITS[of],
    );
  const members: SetMembers = { v4: columns('v4'), v6: columns('v6') };
  return { ...set, ranges: builder.build(), members };
}

function rangeOf(family: Family, { address, length }: Prefix) {
  const range = createAddressRange();
  range.family = family === 'v4' ? 4 : 6;
  const last = address | ((1n << BigInt(BITS[family] - length)) - 1n);
  for (let word = 0; word < 4; word++) {
    const shift = BigInt(96 - word * 32);
    range.lo[word] = Number((address >> shift) & 0xffff_ffffn);
    range.hi[word] = Number((last >> shift) & 0xffff_ffffn);
  }
  return range;
}
