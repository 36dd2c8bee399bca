import { type Packet, Trait } from '../generated/abi.ts';
import type {
  AddressMatch,
  AddressRanges,
  CheckedMatch,
  CheckedPolicy,
  CheckedRule,
  NumberRange,
} from '../policy/checked.ts';

/** The rules of a stage, found by the outermost values that each may match. */
export interface RuleHulls {
  /** The rules that may match the packet, in their order: all that do, and some that do not. */
  near(packet: Packet): CheckedRule[];
}

/** Columns of a row: two a field, and the place of the rule. */
const WIDTH = 11;

/** From the first to the last value: what lies between counts in. Addresses of IPv6 by their first 32 bits. */
type Hull = readonly [first: number, last: number];

export function createRuleHulls(rules: readonly CheckedRule[], policy: CheckedPolicy): RuleHulls {
  const tables = { 4: tableOf(rules, 4, policy), 6: tableOf(rules, 6, policy) };
  const others = rules.filter(({ match }) => match.protocol === undefined || match.protocol.arp);
  return {
    near(packet) {
      if (packet.family !== 4 && packet.family !== 6) return others;
      const hasPorts = (packet.traits & Trait.PORTS) !== 0;
      const shift = packet.family === 4 ? 0n : 32n;
      const asked = [
        packet.protocol,
        hasPorts ? packet.srcPort : 0,
        hasPorts ? packet.dstPort : 0,
        Number(packet.family === 4 ? packet.srcLo : packet.srcHi >> shift),
        Number(packet.family === 4 ? packet.dstLo : packet.dstHi >> shift),
      ] as const;
      return scan(tables[packet.family], asked).map((place) => rules[place] as CheckedRule);
    },
  };
}

function scan(
  table: Uint32Array,
  [protocol, srcPort, dstPort, src, dst]: readonly [number, number, number, number, number],
): number[] {
  const found: number[] = [];
  for (let at = 0; at < table.length; at += WIDTH) {
    if (dst < (table[at] as number) || dst > (table[at + 1] as number)) continue;
    if (dstPort < (table[at + 2] as number) || dstPort > (table[at + 3] as number)) continue;
    if (src < (table[at + 4] as number) || src > (table[at + 5] as number)) continue;
    if (srcPort < (table[at + 6] as number) || srcPort > (table[at + 7] as number)) continue;
    if (protocol < (table[at + 8] as number) || protocol > (table[at + 9] as number)) continue;
    found.push(table[at + 10] as number);
  }
  return found;
}

function tableOf(rules: readonly CheckedRule[], family: 4 | 6, policy: CheckedPolicy): Uint32Array {
  const table = new Uint32Array(rules.length * WIDTH);
  let length = 0;
  for (const [place, { match }] of rules.entries()) {
    const row = rowOf(match, family, policy);
    if (row === undefined) continue;
    for (const [first, last] of row) {
      table[length++] = first;
      table[length++] = last;
    }
    table[length++] = place;
  }
  return table.subarray(0, length);
}

/** Undefined where no packet of the family can match. */
function rowOf(match: CheckedMatch, family: 4 | 6, policy: CheckedPolicy): readonly Hull[] | undefined {
  const protocol = hullOf(match.protocol?.[`v${family}`], 255);
  const src = addressHull(match.from, family, policy);
  const dst = addressHull(match.to, family, policy);
  if (protocol === undefined || src === undefined || dst === undefined) return undefined;
  const port = hullOf(match.port, 0xffff) ?? [0, 0xffff];
  const fromPort = hullOf(match.fromPort, 0xffff) ?? [0, 0xffff];
  return [dst, port, src, fromPort, protocol];
}

function hullOf(ranges: readonly NumberRange[] | undefined, last: number): Hull | undefined {
  if (ranges === undefined) return [0, last];
  const [first, end] = [ranges[0], ranges.at(-1)];
  return first && end && [first[0], end[1]];
}

const EVERY_ADDRESS: Hull = [0, 0xffff_ffff];

function addressHull(match: AddressMatch | undefined, family: 4 | 6, policy: CheckedPolicy): Hull | undefined {
  if (match === undefined || match.any.length === 0) return EVERY_ADDRESS;
  let hull: Hull | undefined;
  for (const operand of match.any) {
    const ranges = operand.kind === 'ranges' ? operand.ranges : policy.sets.get(operand.set)?.ranges;
    const own = ranges && outermost(ranges, family);
    if (own) hull = hull ? [Math.min(hull[0], own[0]), Math.max(hull[1], own[1])] : own;
  }
  return hull;
}

/** Of ranges that are sorted. */
function outermost({ v4, v6 }: AddressRanges, family: 4 | 6): Hull | undefined {
  if (family === 4) return v4.length === 0 ? undefined : [v4[0] as number, v4[v4.length - 1] as number];
  if (v6.length === 0) return undefined;
  return [Number((v6[0] as bigint) >> 32n), Number((v6[v6.length - 2] as bigint) >> 32n)];
}
