import type {
  AddressMatch,
  AddressRanges,
  CheckedMatch,
  CheckedPolicy,
  NumberRange,
  PayloadMatch,
} from '../../src/policy/checked.ts';
import { exampleName } from '../../src/policy/interface-pattern.ts';

/** What packets are drawn from to hit a rule or to miss it by one. An empty list: nothing special is asked. */
export interface Values {
  readonly protocols: { readonly 4: readonly number[]; readonly 6: readonly number[] };
  readonly arp: boolean;
  readonly src: AddressValues;
  readonly dst: AddressValues;
  readonly srcPorts: readonly number[];
  readonly dstPorts: readonly number[];
  readonly tcpFlags: readonly number[];
  readonly icmpTypes: { readonly 4: readonly number[]; readonly 6: readonly number[] };
  readonly icmpCodes: { readonly 4: readonly number[]; readonly 6: readonly number[] };
  readonly lengths: readonly number[];
  readonly ttls: readonly number[];
  readonly dscps: readonly number[];
  readonly vlans: readonly number[];
  readonly fragments: readonly ('first' | 'later' | undefined)[];
  readonly interfaces: readonly string[];
  readonly payload?: PayloadMatch;
}

export interface AddressValues {
  readonly 4: readonly bigint[];
  readonly 6: readonly bigint[];
}

/** Enough of a large set: a packet is drawn from few of them anyway. */
const MAX_RANGES = 24;

export function valuesOf(match: CheckedMatch, { sets }: CheckedPolicy): Values {
  const rangesOf = ({ any, none }: AddressMatch): readonly AddressRanges[] =>
    [...any, ...none].flatMap((operand) =>
      operand.kind === 'ranges' ? operand.ranges : (sets.get(operand.set)?.ranges ?? []),
    );
  const side = (of: AddressMatch | undefined): AddressValues => {
    const all = of ? rangesOf(of) : [];
    return { 4: all.flatMap(edges4), 6: all.flatMap(edges6) };
  };
  const flags = match.tcpFlags;
  const byFamily = (both: CheckedMatch['icmpType']) => ({ 4: edges(both?.v4, 255), 6: edges(both?.v6, 255) });
  return {
    protocols: byFamily(match.protocol),
    arp: match.protocol?.arp ?? false,
    src: side(match.from),
    dst: side(match.to),
    srcPorts: edges(match.fromPort, 0xffff),
    dstPorts: edges(match.port, 0xffff),
    tcpFlags: flags ? [flags.value, flags.value | (~flags.mask & 0xff), flags.value ^ (flags.mask & -flags.mask)] : [],
    icmpTypes: byFamily(match.icmpType),
    icmpCodes: byFamily(match.icmpCode),
    lengths: edges(match.length, 0xffff_ffff),
    ttls: edges(match.ttl, 255),
    dscps: edges(match.dscp, 63),
    vlans: edges(match.vlan, 4095),
    fragments: match.fragment ? fragments[match.fragment] : [],
    interfaces: [...(match.interface?.any ?? []), ...(match.interface?.none ?? [])].flatMap(
      (pattern) => exampleName(pattern) ?? [],
    ),
    ...(match.payload && { payload: match.payload }),
  };
}

const fragments = { any: ['first', 'later'], first: ['first'], later: ['later'], none: [undefined] } as const;

/** Both ends of each range, and what lies just outside. */
function edges(ranges: readonly NumberRange[] = [], last: number): number[] {
  const all = ranges.slice(0, MAX_RANGES).flatMap(([lo, hi]) => [lo - 1, lo, lo, hi, hi, hi + 1]);
  return all.filter((n) => n >= 0 && n <= last);
}

function edges4({ v4 }: AddressRanges): bigint[] {
  const found: bigint[] = [];
  for (let at = 0; at < Math.min(v4.length, MAX_RANGES * 2); at += 2) {
    found.push(...around(BigInt(v4[at] as number), BigInt(v4[at + 1] as number), 32));
  }
  return found;
}

function edges6({ v6 }: AddressRanges): bigint[] {
  const found: bigint[] = [];
  const joined = (at: number): bigint => ((v6[at] as bigint) << 64n) | (v6[at + 1] as bigint);
  for (let at = 0; at < Math.min(v6.length, MAX_RANGES * 4); at += 4)
    found.push(...around(joined(at), joined(at + 2), 128));
  return found;
}

function around(lo: bigint, hi: bigint, bits: number): bigint[] {
  const last = (1n << BigInt(bits)) - 1n;
  return [lo - 1n, lo, lo, (lo + hi) / 2n, hi, hi, hi + 1n].filter((address) => address >= 0n && address <= last);
}
