import { packetFields, Trait } from '../generated/abi.ts';
import type { MatchFacts } from './by-match.ts';
import type {
  Action,
  AddressMatch,
  CheckedMatch,
  CheckedRule,
  FilterMatch,
  InterfaceMatch,
  NumberRange,
  PayloadMatch,
  TimeWindow,
} from './checked.ts';

/** A field of `struct packet`: its C name, offset and size in bytes, as generated from BTF. */
export interface PacketField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** One question about a packet that a few instructions answer. A rule is hit when all of its tests are true. */
export type Test =
  /** Every bit of `mask` is set in `traits`. */
  | { readonly kind: 'traits'; readonly mask: number }
  | {
      readonly kind: 'in-ranges';
      readonly field: PacketField;
      readonly ranges: readonly NumberRange[];
      /** Where in the rule's row the only range stands, for code that rules share (operands.ts). */
      readonly operand?: number;
    }
  /** `(field & mask) === value`. */
  | { readonly kind: 'masked'; readonly field: PacketField; readonly mask: number; readonly value: number }
  /** The tests for the packet's family; false for a packet that is not IP. */
  | { readonly kind: 'by-family'; readonly v4: readonly Test[]; readonly v6: readonly Test[] }
  | { readonly kind: 'address'; readonly side: 'src' | 'dst'; readonly match: AddressMatch }
  /** The packet came in or goes out by such an interface. */
  | { readonly kind: 'interface'; readonly match: InterfaceMatch }
  | { readonly kind: 'payload'; readonly match: PayloadMatch; readonly operand?: number }
  | { readonly kind: 'filter'; readonly match: FilterMatch }
  /** One of the windows is open. */
  | { readonly kind: 'window'; readonly windows: readonly TimeWindow[] }
  | { readonly kind: 'never' };

export interface LoweredRule {
  readonly rule: CheckedRule;
  readonly tests: readonly Test[];
  readonly action: Action;
  readonly facts: MatchFacts;
}

/** What a rule asks, as tests in the order of the policy's keys; the optimiser orders them by cost. */
export function lowerMatch(match: CheckedMatch): Test[] {
  const f = packetFields;
  const tests: Test[] = [];
  const numbers = (field: PacketField, ranges: readonly NumberRange[] | undefined, ...needs: Test[]): void => {
    if (ranges !== undefined) tests.push(...needs, { kind: 'in-ranges', field, ranges });
  };
  const perFamily = (field: PacketField, ranges: CheckedMatch['icmpType'], ...needs: Test[]): void => {
    if (ranges === undefined) return;
    const of = (list: readonly NumberRange[]): Test[] => [{ kind: 'in-ranges', field, ranges: list }];
    tests.push(...needs, { kind: 'by-family', v4: of(ranges.v4), v6: of(ranges.v6) });
  };
  const has = (mask: number): Test => ({ kind: 'traits', mask });
  const isIp: Test = { kind: 'in-ranges', field: f.family, ranges: [[4, 6]] };

  if (match.interface) tests.push({ kind: 'interface', match: match.interface });
  if (match.protocol) tests.push(lowerProtocol(match.protocol));
  numbers(f.srcPort, match.fromPort, has(Trait.PORTS));
  numbers(f.dstPort, match.port, has(Trait.PORTS));
  if (match.tcpFlags) tests.push(has(Trait.TCP), { kind: 'masked', field: f.tcpFlags, ...match.tcpFlags });
  perFamily(f.icmpType, match.icmpType, has(Trait.ICMP));
  perFamily(f.icmpCode, match.icmpCode, has(Trait.ICMP));
  numbers(f.length, match.length);
  numbers(f.ttl, match.ttl, isIp);
  numbers(f.dscp, match.dscp, isIp);
  numbers(f.vlan, match.vlan, has(Trait.VLAN));
  if (match.fragment) numbers(f.fragment, fragmentRanges[match.fragment], isIp);
  if (match.from) tests.push({ kind: 'address', side: 'src', match: match.from });
  if (match.to) tests.push({ kind: 'address', side: 'dst', match: match.to });
  if (match.payload) tests.push({ kind: 'payload', match: match.payload });
  if (match.filter) tests.push({ kind: 'filter', match: match.filter });
  if (match.when) tests.push({ kind: 'window', windows: match.when });
  return tests;
}

/** enum fragment: 0 none, 1 first, 2 later. */
const fragmentRanges = { none: [[0, 0]], first: [[1, 1]], later: [[2, 2]], any: [[1, 2]] } as const;

const ETHERTYPE_ARP = 0x0806;

function lowerProtocol({ v4, v6, arp }: NonNullable<CheckedMatch['protocol']>): Test {
  const of = (ranges: readonly NumberRange[]): Test => ({ kind: 'in-ranges', field: packetFields.protocol, ranges });
  if (arp && v4.length === 0 && v6.length === 0) {
    return { kind: 'in-ranges', field: packetFields.ethertype, ranges: [[ETHERTYPE_ARP, ETHERTYPE_ARP]] };
  }
  // ARP is judged by the chain for neighbours, where nothing is left of a rule but ARP: see neighbour.ts.
  const sameForBoth = JSON.stringify(v4) === JSON.stringify(v6);
  // A packet that is not IP has protocol 0, so that a list without 0 needs no look at the family.
  if (sameForBoth && v4.every(([lo]) => lo > 0)) return of(v4);
  return { kind: 'by-family', v4: [of(v4)], v6: [of(v6)] };
}
