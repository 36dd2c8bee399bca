import { NEIGHBOUR_DISCOVERY_TYPES } from '../packet/headers.ts';
import type { CheckedMatch, NumberRange } from './checked.ts';

/** ICMPv6 types that a rule may name before it is taken to mean "any type" or "any but". */
const NAMED_TYPES_MAXIMUM = 16;

/**
 * What a rule asks of ARP and of IPv6 neighbour discovery (TRAIT_NEIGHBOUR); undefined where it does not speak of
 * them. Such a rule leaves their packets alone, so that `default: drop` or a rule on all of an address does not cut a
 * host off its own link. To speak of ARP is to match the protocol `arp`; to speak of neighbour discovery is to name at
 * most 16 ICMPv6 types, one of its among them: a rule on `arp` and `icmp6` without types speaks of ARP only.
 */
export function neighbourMatch(match: CheckedMatch): CheckedMatch | undefined {
  if (speaksOfDiscovery(match)) return match;
  return speaksOfArp(match) ? { ...match, protocol: { v4: [], v6: [], arp: true } } : undefined;
}

export const speaksOfArp = ({ protocol }: CheckedMatch): boolean => protocol?.arp === true;

export function speaksOfDiscovery({ icmpType }: CheckedMatch): boolean {
  const types: readonly NumberRange[] = icmpType?.v6 ?? [];
  const named = types.reduce((sum, [lo, hi]) => sum + hi - lo + 1, 0);
  const { first, last } = NEIGHBOUR_DISCOVERY_TYPES;
  return named <= NAMED_TYPES_MAXIMUM && types.some(([lo, hi]) => lo <= last && hi >= first);
}
