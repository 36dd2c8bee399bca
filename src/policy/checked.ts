import type { SourceText } from '../diagnostics/source.ts';
import type { PrefixColumns } from '../prefix-set/columns.ts';
import type { AddressRanges } from '../prefix-set/ranges.ts';
import type { CbpfInstruction } from './cbpf.ts';
import type { TIMEOUTS } from './schema/connections.ts';

export type { AddressRanges };

/**
 * The checked policy: every name resolved, every value in range. The compiler lowers it, the reference model judges
 * packets straight from it. A rule matches a packet when every match that it names is true; a match on a field that
 * the packet does not have (a port of ICMP, an address of ARP) is false, negated or not.
 */
export interface CheckedPolicy {
  readonly source: SourceText;
  /** Names of network interfaces and globs of such names, as written. The policy is for all that one of them matches. */
  readonly interfaces: readonly string[];
  /** Those of them whose incoming packets are judged at TC, behind another's XDP program. */
  readonly chained: readonly string[];
  readonly sets: ReadonlyMap<string, AddressSet>;
  /** What happens to truncated and malformed packets. */
  readonly malformed: 'drop' | 'allow';
  /** Undefined: none are tracked. */
  readonly connections?: CheckedConnections;
  readonly prefilter: readonly CheckedRule[];
  readonly ingress: CheckedStage;
  readonly egress: CheckedStage;
}

export interface CheckedConnections {
  readonly size: number;
  readonly unproven: number;
  readonly full: 'evict' | 'refuse';
  readonly keepEstablished: boolean;
  readonly asymmetric: boolean;
  /** How long without a packet, by what a connection has come to. */
  readonly timeoutsMs: Readonly<Record<keyof typeof TIMEOUTS, number>>;
}

export interface CheckedStage {
  /** What decides where no rule does. */
  readonly default: TerminalAction;
  /** Where the key `default` stands, from 1; undefined where it is not written. */
  readonly defaultPlace?: { readonly line: number; readonly column: number };
  readonly rules: readonly CheckedRule[];
}

export type StageName = 'prefilter' | 'ingress' | 'egress';
export type TerminalAction = 'allow' | 'drop' | 'reject';

export interface CheckedRule {
  /** As written, or made from the position: `ingress[2]`. Unique in the policy. */
  readonly name: string;
  /** The name was made from the position. */
  readonly unnamed?: true;
  readonly stage: StageName;
  /** Position in the policy: prefilter, then ingress, then egress rules, from 0. `struct packet.rule` is 32 + index. */
  readonly index: number;
  /** Line and column of the rule in the policy file, from 1. */
  readonly line: number;
  readonly column: number;
  readonly match: CheckedMatch;
  readonly action: Action;
}

/** `count`, `log` and `mark` go on with the next rule; the others end the stage. */
export type Action =
  | { readonly kind: TerminalAction | 'count' }
  | { readonly kind: 'log' /** Events a second, at most. */; readonly ratePerSecond: number; readonly burst: number }
  | { readonly kind: 'mark' /** 32 bits, becomes skb->mark. */; readonly mark: number };

/** Inclusive, lo <= hi. A list of ranges is sorted, disjoint and not adjacent; negation is already folded in. */
export type NumberRange = readonly [lo: number, hi: number];

export interface CheckedMatch {
  readonly protocol?: ProtocolMatch;
  readonly from?: AddressMatch;
  readonly to?: AddressMatch;
  /** Needs TRAIT_PORTS. */
  readonly fromPort?: readonly NumberRange[];
  /** Needs TRAIT_PORTS. */
  readonly port?: readonly NumberRange[];
  /** `(tcp_flags & mask) === value`. Needs TRAIT_TCP. */
  readonly tcpFlags?: { readonly mask: number; readonly value: number };
  /** Ranges for ICMP (v4) and ICMPv6 (v6); an empty list never matches that family. Needs TRAIT_ICMP. */
  readonly icmpType?: { readonly v4: readonly NumberRange[]; readonly v6: readonly NumberRange[] };
  /** By family, for a name stands for two numbers (port-unreachable: 3 and 4). Needs TRAIT_ICMP. */
  readonly icmpCode?: { readonly v4: readonly NumberRange[]; readonly v6: readonly NumberRange[] };
  /** `struct packet.length`, bytes. Any packet. */
  readonly length?: readonly NumberRange[];
  /** TTL or hop limit. Needs family 4 or 6. */
  readonly ttl?: readonly NumberRange[];
  /** 0 to 63. Needs family 4 or 6. */
  readonly dscp?: readonly NumberRange[];
  /** VLAN id of the outer tag. Needs TRAIT_VLAN. */
  readonly vlan?: readonly NumberRange[];
  /** `any`: first or later. Needs family 4 or 6. */
  readonly fragment?: 'any' | 'none' | 'first' | 'later';
  /** Which of the policy's interfaces. */
  readonly interface?: InterfaceMatch;
  readonly payload?: PayloadMatch;
  readonly filter?: FilterMatch;
  /** One of them is open. */
  readonly when?: readonly TimeWindow[];
}

/** Open while the clock of the time zone shows a time from `from` to before `to`. */
export interface TimeWindow {
  /** Days on which it begins, 0 Monday to 6 Sunday, ascending. */
  readonly days: readonly number[];
  /** Seconds since midnight as the clock shows it: 0 to 86,399. */
  readonly from: number;
  /** 0 to 86,400. Where it is not above `from`, the window ends on the day after. */
  readonly to: number;
  /** A name of the IANA time zone database. */
  readonly timezone: string;
}

/** Which IP protocols, per family (after extension headers), and whether ARP. */
export interface ProtocolMatch {
  readonly v4: readonly NumberRange[];
  readonly v6: readonly NumberRange[];
  readonly arp: boolean;
}

/** Names and globs: true of an interface whose name one of `any` matches, and none of `none`. `any` is not empty. */
export interface InterfaceMatch {
  readonly any: readonly string[];
  readonly none: readonly string[];
}

/** True when `any` is empty or one operand holds the address, and no operand of `none` does. Needs family 4 or 6. */
export interface AddressMatch {
  readonly any: readonly AddressOperand[];
  readonly none: readonly AddressOperand[];
}

export type AddressOperand =
  | { readonly kind: 'set' /** Key of `CheckedPolicy.sets`. */; readonly set: string }
  | { readonly kind: 'ranges'; readonly ranges: AddressRanges };

export interface AddressSet {
  readonly name: string;
  readonly line: number;
  /** Without those of sets with a file that this set includes: where it is used, they are operands of their own. */
  readonly ranges: AddressRanges;
  /** Absolute path of the file that it was read from, watched while the policy is in force. */
  readonly file?: string;
  /** `file` is the last good copy of a feed, which src/feeds keeps. */
  readonly feed?: FeedSettings;
  /** `file` is a database of networks, of which the set has those whose records say so. */
  readonly selection?: NetworkSelection;
  /** What is kept of each member; undefined where they are addresses and nothing more. */
  readonly records?: SetRecords;
  /** The members as written, where something is kept of each: `ranges` are merged. */
  readonly members?: SetMembers;
  /** What the set may take in the kernel for one family. */
  readonly memoryBytes?: number;
}

/** Where a feed comes from, and what is believed of it. */
export interface FeedSettings {
  /** http or https. May hold a user and a password, which are never shown. */
  readonly url: string;
  readonly everyMs: number;
  /** From 0 to 1: a content that lacks a larger share of the members before is held back. */
  readonly shrink: number;
  /** Of the list after decompression. */
  readonly maxBytes: number;
  readonly format: FeedFormat;
}

export type FeedFormat = 'lines' | 'csv';

/** Which networks of a database in MaxMind's format are members: those of countries (ISO 3166-1) or of AS numbers. */
export type NetworkSelection =
  | { readonly kind: 'country'; readonly codes: readonly string[] }
  | { readonly kind: 'asn'; readonly numbers: readonly number[] };

export interface SetRecords {
  readonly counters: boolean;
  /** How long a member is found after it has last been said to be one. The reference model takes them for unexpired. */
  readonly ttlMs?: number;
  /** It takes members at run time, each with a time of its own. The reference model knows those that it is given: `withRuntimeMembers`. */
  readonly dynamic?: true;
}

/** Prefixes in any order, which may lie in one another. */
export interface SetMembers {
  readonly v4: PrefixColumns;
  readonly v6: PrefixColumns;
}

/** Bytes of the frame at `offset` behind `base`; false where the packet ends before. */
export interface PayloadMatch {
  readonly base: 'frame' | 'network' | 'transport' | 'payload';
  readonly offset: number;
  /** 1 to 64 bytes; `(packet byte & mask) === (byte & mask)` for each; `mask` is as long as `bytes`. */
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

/** A tcpdump expression and what libpcap compiled it to (link type Ethernet). A non-zero result is a match. */
export interface FilterMatch {
  readonly expression: string;
  readonly program: readonly CbpfInstruction[];
}
