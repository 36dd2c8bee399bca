import { parseNotation } from '../../../src/packet/notation.ts';
import type { PacketSpec } from '../../../src/packet/spec.ts';

/** One thing that a match means: a rule, and packets that it is true of and that it is not true of. */
export interface MatchCase {
  /** What the packets show, as a sentence. */
  readonly says: string;
  /** The rule's matches as they stand in a policy, without name and action. */
  readonly rule: string;
  readonly hits: readonly Packet[];
  readonly misses: readonly Packet[];
}

/** In packet notation, or with what that cannot say. */
export type Packet = string | PacketSpec;

/** A packet in notation, with headers that the notation has no word for. */
export function withHeaders(notation: string, headers: Partial<PacketSpec>): PacketSpec {
  return { ...parseNotation(notation), ...headers };
}

export const specOf = (packet: Packet): PacketSpec => (typeof packet === 'string' ? parseNotation(packet) : packet);
