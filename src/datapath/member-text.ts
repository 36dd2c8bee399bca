import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { Prefix } from '../kernel/index.ts';
import { formatAddress } from '../packet/address.ts';
import { createAddressRangesBuilder } from '../policy/check/address-ranges.ts';
import { createAddressRange, readAddressRange } from '../policy/check/address-text.ts';
import { explainAddress } from '../policy/check/addresses.ts';
import type { SetMembers } from '../policy/checked.ts';
import type { Family } from './runtime-members.ts';

export interface FamilyPrefix {
  readonly family: Family;
  readonly prefix: Prefix;
}

/** So many things that are wrong are told; of the others, how many there are. */
const MAX_PROBLEMS = 20;

/**
 * Reads addresses and prefixes, and ranges as the prefixes that they consist of.
 * @throws SluiceError policy/bad-address, policy/host-bits: all that is wrong
 */
export function readMembers(texts: readonly string[]): FamilyPrefix[][] {
  const range = createAddressRange();
  const problems: Problem[] = [];
  const members = texts.map((text): FamilyPrefix[] => {
    const error = readAddressRange(text, 0, text.length, range);
    if (error) {
      const { message, help } = explainAddress(error, text, range);
      const code = error === 'host-bits' ? 'policy/host-bits' : 'policy/bad-address';
      // What a policy may say instead (sets, negation) is not for a member.
      const said =
        error === 'syntax' ? 'Write an address, a prefix or a range, like 192.0.2.0/24 or 2001:db8::1.' : help;
      problems.push({ code, message, help: said });
      return [];
    }
    const builder = createAddressRangesBuilder();
    builder.add(range);
    return prefixesOf(builder.members());
  });
  if (problems.length > MAX_PROBLEMS) {
    const message = `and ${problems.length - MAX_PROBLEMS} more of ${texts.length} are wrong`;
    throw new SluiceError([...problems.slice(0, MAX_PROBLEMS), { code: 'policy/bad-address', message }]);
  }
  if (problems.length > 0) throw new SluiceError(problems);
  return members;
}

export function prefixesOf({ v4, v6 }: SetMembers): FamilyPrefix[] {
  const half = (at: number): bigint => BigInt(v6.addresses[at] ?? 0);
  return [
    ...Array.from(v4.lengths, (length, i) => ({
      family: 'v4' as const,
      prefix: { address: BigInt(v4.addresses[i] ?? 0), length },
    })),
    ...Array.from(v6.lengths, (length, i) => ({
      family: 'v6' as const,
      prefix: { address: (half(2 * i) << 64n) | half(2 * i + 1), length },
    })),
  ];
}

/** `192.0.2.1`, `2001:db8::/32`. */
export function memberText({ family, prefix }: FamilyPrefix): string {
  const { address, length } = prefix;
  const text = formatAddress({ family: family === 'v4' ? 4 : 6, hi: address >> 64n, lo: BigInt.asUintN(64, address) });
  return length === (family === 'v4' ? 32 : 128) ? text : `${text}/${length}`;
}
