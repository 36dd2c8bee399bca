import type { AddressBits } from './columns.ts';

/** What a set keeps of each member besides that it is one. */
export interface RecordOptions {
  /** Packets and bytes of the lookups that found it. */
  readonly counters?: boolean;
  /** When it ceases to be found. */
  readonly timeToLive?: boolean;
}

/**
 * Where things stand in a member's record, in words of 8 bytes from where the leaf points to. The prefix: IPv4 has the
 * address in the low half of the first word, IPv6 both halves in two words. `inner`: the high half of its word says
 * where the root of the trie of the members that lie in this one is, 0 where there are none. `expiry`: the tick of the
 * kernel's clock (`bpf_jiffies64`) at which the member is no longer found, 0 for never.
 */
export interface RecordLayout {
  readonly words: 4 | 8;
  readonly inner: number;
  readonly expiry: number;
  readonly packets: number;
  readonly bytes: number;
}

const LAYOUT4: RecordLayout = { words: 4, inner: 0, expiry: 1, packets: 2, bytes: 3 };
const LAYOUT6: RecordLayout = { words: 4, inner: 2, expiry: 3, packets: 4, bytes: 5 };

export function recordLayout(addressBits: AddressBits, { counters = false }: RecordOptions): RecordLayout {
  if (addressBits === 32) return LAYOUT4;
  return counters ? { ...LAYOUT6, words: 8 } : LAYOUT6;
}

/**
 * Nodes and leaves on the longest way through the tries of a set with records, at most: each node decides a bit or more,
 * and of each length there is one leaf.
 */
export const recordDepth = { v4: 66, v6: 258 } as const;
