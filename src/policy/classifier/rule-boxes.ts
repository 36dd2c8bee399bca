import { Trait } from '../../generated/abi.ts';
import { prefixes4, prefixes6 } from '../../prefix-set/prefixes.ts';
import type { AddressMatch, AddressRanges, AddressSet, CheckedMatch, NumberRange } from '../checked.ts';
import {
  ANY_PORTS,
  type Boxes,
  bitsShift,
  DST_PORT_SHIFT,
  type Family,
  keyWords,
  prefixMask,
  SRC_PORT_SHIFT,
  sharedBits16,
} from './boxes.ts';

/** What a match asks of one family, as boxes and what they do not say. */
export interface BoxedMatch {
  /** No packet of the family matches where there is none. */
  readonly boxes: readonly Box[];
  /** What has to be asked of a packet that is in one of the boxes; the same object where it is the whole match. */
  readonly rest: CheckedMatch;
}

/** See the columns of `Boxes`. */
export interface Box {
  readonly src: Prefix;
  readonly dst: Prefix;
  readonly portsLo: number;
  readonly portsHi: number;
  readonly bits: { readonly value: number; readonly mask: number };
}

/** Words of an address and its mask, the most significant first. */
export interface Prefix {
  readonly words: readonly number[];
  readonly masks: readonly number[];
}

/** A rule with lists has a box for each combination; beyond so many its longest lists are asked about afterwards. */
const MAX_BOXES = 32;

type Sets = ReadonlyMap<string, AddressSet>;
interface Bits {
  readonly value: number;
  readonly mask: number;
}
interface Alternatives {
  src?: readonly Prefix[];
  dst?: readonly Prefix[];
  srcPort?: readonly NumberRange[];
  dstPort?: readonly NumberRange[];
  protocol?: readonly Bits[];
  tcpFlags?: readonly Bits[];
  icmpType?: readonly Bits[];
}

/** The keys of a match that boxes can say, and those that they say them with. */
const keyOf = {
  src: 'from',
  dst: 'to',
  srcPort: 'fromPort',
  dstPort: 'port',
  protocol: 'protocol',
  tcpFlags: 'tcpFlags',
  icmpType: 'icmpType',
} as const satisfies Record<keyof Alternatives, keyof CheckedMatch>;
const parts = Object.keys(keyOf) as (keyof Alternatives)[];

export function boxMatch(match: CheckedMatch, family: Family, sets: Sets): BoxedMatch {
  const alternatives = alternativesOf(match, family, sets);
  const kept = parts.filter((part) => alternatives[part] !== undefined);
  const lengthOf = (part: keyof Alternatives): number => alternatives[part]?.length ?? 1;
  if (kept.some((part) => lengthOf(part) === 0)) return NO_PACKET;
  while (kept.reduce((product, part) => product * lengthOf(part), 1) > MAX_BOXES) {
    const longest = kept.reduce((a, b) => (lengthOf(b) > lengthOf(a) ? b : a));
    kept.splice(kept.indexOf(longest), 1);
    delete alternatives[longest];
  }
  const rest: Record<string, unknown> = { ...match };
  for (const part of kept) delete rest[keyOf[part]];
  return { boxes: combine(alternatives, family), rest };
}

const NO_PACKET: BoxedMatch = { boxes: [], rest: {} };

/** What a match says of each part, as far as boxes can; a part with an empty list matches no packet. */
function alternativesOf(match: CheckedMatch, family: Family, sets: Sets): Alternatives {
  const src = match.from && prefixesOf(match.from, family, sets);
  const dst = match.to && prefixesOf(match.to, family, sets);
  const { fromPort, port, protocol, tcpFlags, icmpType } = match;
  const protocols = protocol && numbersOf(protocol[family], bitsShift.protocol);
  const types = icmpType && numbersOf(icmpType[family], bitsShift.icmpType, Trait.ICMP);
  return {
    ...(src && { src }),
    ...(dst && { dst }),
    ...(fromPort && { srcPort: fromPort }),
    ...(port && { dstPort: port }),
    ...(protocols && { protocol: protocols }),
    ...(tcpFlags && { tcpFlags: [flagBits(tcpFlags)] }),
    ...(types && { icmpType: types }),
  };
}

const withTrait = ({ value, mask }: Bits, trait: number): Bits => ({
  value: value | (trait << bitsShift.traits),
  mask: mask | (trait << bitsShift.traits),
});

const flagBits = ({ mask, value }: { mask: number; value: number }): Bits =>
  withTrait({ value: value << bitsShift.tcpFlags, mask: mask << bitsShift.tcpFlags }, Trait.TCP);

/** Each number of the ranges as bits of its byte; undefined where they are too many. */
function numbersOf(ranges: readonly NumberRange[], shift: number, trait = 0): readonly Bits[] | undefined {
  if (ranges.length === 1 && ranges[0]?.[0] === 0 && ranges[0][1] === 0xff)
    return [withTrait({ value: 0, mask: 0 }, trait)];
  const count = ranges.reduce((sum, [lo, hi]) => sum + hi - lo + 1, 0);
  if (count > MAX_BOXES) return undefined;
  const bits: Bits[] = [];
  for (const [lo, hi] of ranges) {
    for (let n = lo; n <= hi; n++) bits.push(withTrait({ value: n << shift, mask: 0xff << shift }, trait));
  }
  return bits;
}

/** The prefixes of a match on addresses; undefined where it follows a file, counts, excludes some, or has too many. */
function prefixesOf({ any, none }: AddressMatch, family: Family, sets: Sets): readonly Prefix[] | undefined {
  if (none.length > 0 || any.length === 0) return undefined;
  const prefixes: Prefix[] = [];
  for (const operand of any) {
    const set = operand.kind === 'set' ? sets.get(operand.set) : undefined;
    if (set?.file !== undefined || set?.records) return undefined;
    const ranges = operand.kind === 'set' ? (set as AddressSet).ranges : operand.ranges;
    if (rangeCount(ranges, family) > MAX_BOXES) return undefined;
    const list = toPrefixes(ranges, family);
    if (prefixes.length + list.length > MAX_BOXES) return undefined;
    prefixes.push(...list);
  }
  return prefixes;
}

const rangeCount = (ranges: AddressRanges, family: Family): number =>
  family === 'v4' ? ranges.v4.length / 2 : ranges.v6.length / 4;

function toPrefixes(ranges: AddressRanges, family: Family): Prefix[] {
  if (family === 'v4') {
    return prefixes4(ranges).map(({ address, length }) => ({ words: [address], masks: [prefixMask(length)] }));
  }
  return prefixes6(ranges).map(({ hi, lo, length }) => ({
    words: [Number(hi >> 32n), Number(hi & 0xffff_ffffn), Number(lo >> 32n), Number(lo & 0xffff_ffffn)],
    masks: [0, 32, 64, 96].map((from) => prefixMask(Math.min(32, Math.max(0, length - from)))),
  }));
}

const anyAddress: Readonly<Record<Family, Prefix>> = {
  v4: { words: [0], masks: [0] },
  v6: { words: [0, 0, 0, 0], masks: [0, 0, 0, 0] },
};
const NO_BITS: Bits = { value: 0, mask: 0 };

function combine(parts: Alternatives, family: Family): Box[] {
  const boxes: Box[] = [];
  const anyPort: readonly NumberRange[] = [[0, 0xffff]];
  const traits = parts.srcPort || parts.dstPort ? withTrait(NO_BITS, Trait.PORTS) : NO_BITS;
  for (const src of parts.src ?? [anyAddress[family]])
    for (const dst of parts.dst ?? [anyAddress[family]])
      for (const [srcLo, srcHi] of parts.srcPort ?? anyPort)
        for (const [dstLo, dstHi] of parts.dstPort ?? anyPort)
          for (const protocol of parts.protocol ?? [NO_BITS])
            for (const flags of parts.tcpFlags ?? [NO_BITS])
              for (const type of parts.icmpType ?? [NO_BITS]) {
                const portsLo = ((srcLo << SRC_PORT_SHIFT) | (dstLo << DST_PORT_SHIFT)) >>> 0;
                const portsHi = ((srcHi << SRC_PORT_SHIFT) | (dstHi << DST_PORT_SHIFT)) >>> 0;
                const all = [protocol, flags, type, traits];
                const value = all.reduce((sum, bits) => sum | bits.value, 0) >>> 0;
                const mask = all.reduce((sum, bits) => sum | bits.mask, 0) >>> 0;
                boxes.push({ src, dst, portsLo, portsHi, bits: { value, mask } });
              }
  return boxes;
}

/** Whether every packet of the family is in the box. */
export const isWide = ({ src, dst, portsLo, portsHi, bits }: Box): boolean =>
  bits.mask === 0 &&
  portsLo === ANY_PORTS.lo &&
  portsHi === ANY_PORTS.hi &&
  [...src.masks, ...dst.masks].every((mask) => mask === 0);

/** A box of a rule. */
export interface RuleBox {
  readonly rule: number;
  readonly actionClass: number;
  readonly box: Box;
}

/** The columns of boxes that are sorted by their rules. */
export function toColumns(list: readonly RuleBox[], family: Family): Boxes {
  const column = (of: (one: RuleBox) => number): Uint32Array => Uint32Array.from(list, of);
  const width = keyWords[family].length;
  const value = Array.from({ length: width }, () => new Uint32Array(list.length));
  const mask = Array.from({ length: width }, () => new Uint32Array(list.length));
  list.forEach(({ box: { src, dst, portsLo, portsHi, bits } }, i) => {
    const ports = sharedPorts(portsLo, portsHi);
    const values = [...src.words, ...dst.words, portsLo & ports, bits.value];
    const masks = [...src.masks, ...dst.masks, ports, bits.mask];
    for (let w = 0; w < width; w++) {
      (value[w] as Uint32Array)[i] = values[w] as number;
      (mask[w] as Uint32Array)[i] = masks[w] as number;
    }
  });
  return {
    family,
    count: list.length,
    rule: column(({ rule }) => rule),
    actionClass: Uint8Array.from(list, ({ actionClass }) => actionClass),
    value,
    mask,
    portsLo: column(({ box }) => box.portsLo),
    portsHi: column(({ box }) => box.portsHi),
  };
}

/** The bits that all port pairs from `lo` to `hi` share. */
const sharedPorts = (lo: number, hi: number): number =>
  ((sharedBits16(lo >>> 16, hi >>> 16) << 16) | sharedBits16(lo & 0xffff, hi & 0xffff)) >>> 0;
