import { packetFields } from '../../generated/abi.ts';

export type Family = 'v4' | 'v6';

/**
 * What a classifier knows of rules, in columns: a box is what one rule asks of addresses, ports and a few header bits; a
 * rule with lists has a box for each combination. Sorted by `rule`.
 */
export interface Boxes {
  readonly family: Family;
  readonly count: number;
  /** Index of the rule in the policy: the lowest that matches wins. */
  readonly rule: Uint32Array;
  /** What the rule does, as `struct` entry tells generated code: see entry.ts. */
  readonly actionClass: Uint8Array;
  /** Of each word of `keyWords[family]` the bits that a packet must have … */
  readonly value: readonly Uint32Array[];
  /** … in these places. A port range is here by the bits that all of its ports share. */
  readonly mask: readonly Uint32Array[];
  /** Inclusive, source port in the high half, as in `keyWords`; 0 to 0xffffffff where the rule asks for none. */
  readonly portsLo: Uint32Array;
  readonly portsHi: Uint32Array;
}

/** A 32-bit word of `struct packet` that rules are classified by: which one, and what it holds. */
export interface KeyWord {
  readonly part: 'src' | 'dst' | 'ports' | 'bits';
  /** Its offset in `struct packet`, in words of 4 bytes. */
  readonly field: number;
}

const WORD_BYTES = 4;
const wordAt = (part: KeyWord['part'], offset: number): KeyWord => ({ part, field: offset / WORD_BYTES });
/** The words of a little-endian u64, the most significant first. */
const half = (part: KeyWord['part'], offset: number): KeyWord[] => [
  wordAt(part, offset + WORD_BYTES),
  wordAt(part, offset),
];
const transport: readonly KeyWord[] = [
  wordAt('ports', packetFields.dstPort.offset),
  wordAt('bits', packetFields.protocol.offset),
];

/** In the order of `Boxes.value`; an address' most significant word first. */
export const keyWords: Readonly<Record<Family, readonly KeyWord[]>> = {
  v4: [wordAt('src', packetFields.srcLo.offset), wordAt('dst', packetFields.dstLo.offset), ...transport],
  v6: [
    ...half('src', packetFields.srcHi.offset),
    ...half('src', packetFields.srcLo.offset),
    ...half('dst', packetFields.dstHi.offset),
    ...half('dst', packetFields.dstLo.offset),
    ...transport,
  ],
};

/** Where a header bit stands in the word `bits`: from bit 0 protocol, traits, TCP flags, ICMP type. */
export const bitsShift = {
  protocol: 8 * (packetFields.protocol.offset % WORD_BYTES),
  traits: 8 * (packetFields.traits.offset % WORD_BYTES),
  tcpFlags: 8 * (packetFields.tcpFlags.offset % WORD_BYTES),
  icmpType: 8 * (packetFields.icmpType.offset % WORD_BYTES),
} as const;

export const SRC_PORT_SHIFT = 8 * (packetFields.srcPort.offset % WORD_BYTES);
export const DST_PORT_SHIFT = 8 * (packetFields.dstPort.offset % WORD_BYTES);
export const ANY_PORTS = { lo: 0, hi: 0xffff_ffff } as const;

/** The mask of a word's first `length` bits: 0 to 32. */
export const prefixMask = (length: number): number => (length === 0 ? 0 : (-1 << (32 - length)) >>> 0);

/** The bits that all numbers from `lo` to `hi` share, 16 bits wide. */
export const sharedBits16 = (lo: number, hi: number): number =>
  prefixMask(Math.clz32(((lo ^ hi) << 16) | 0x8000)) >>> 16;

/** Words of one family's address. */
export const addressWords: Readonly<Record<Family, number>> = { v4: 1, v6: 4 };

/** Bits that the box' prefix has, 0 to 32 or 128. */
export function prefixLength(boxes: Boxes, part: 'src' | 'dst', box: number): number {
  const words = addressWords[boxes.family];
  const first = part === 'src' ? 0 : words;
  let length = 0;
  for (let k = 0; k < words; k++) {
    const mask = (boxes.mask[first + k] as Uint32Array)[box] as number;
    length += mask === 0 ? 0 : 32 - (31 - Math.clz32(mask & -mask));
  }
  return length;
}
