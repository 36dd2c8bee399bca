import { formatAddress } from '../packet/address.ts';
import { dscpNames } from '../packet/dscp-names.ts';
import { ICMP_TYPE_NAMES, icmpTypeNumbers } from '../policy/check/icmp-names.ts';
import { PROTOCOL_NUMBERS } from '../policy/check/protocol-names.ts';
import type { FlatItem } from './flatten.ts';
import { complement, intersect, type Range, sameRanges } from './ranges.ts';
import { DOMAINS, FAMILY_RANGE, type Field, FLAGS, type Match, TRANSPORT } from './region.ts';
import { isAnything, isOpen, type Operand, rangesOf, union, type Value } from './value.ts';

/** A rule as a policy has it, keys in the order in which they are written. */
export type WrittenRule = Readonly<Record<string, unknown>> & { readonly action: unknown };

export interface Writing {
  readonly stage: 'prefilter' | 'ingress' | 'egress';
  /** The family that all packets here are of. */
  readonly family: 4 | 6;
  readonly interfaces: readonly string[];
}

type Words = (range: Range) => (string | number)[];

/** The rules that say what the item says: none where it is about interfaces that the policy is not for. */
export function writeRules(item: Exclude<FlatItem, { loss: unknown }>, writing: Writing): WrittenRule[] {
  const { match } = item;
  const there = interfaceOf(match, writing);
  if (there === undefined) return [];
  const domain = FAMILY_RANGE[writing.family];
  const icmp = match.icmpType || match.icmpCode;
  const keys = {
    protocol: icmp ? `icmpv${writing.family}` : list(match.protocol, DOMAINS.protocol, protocolWords),
    from: list(match.from, domain, addressWords),
    to: list(match.to, domain, addressWords),
    port: list(match.port, DOMAINS.port, numberWords),
    fromPort: list(match.fromPort, DOMAINS.fromPort, numberWords),
    tcpFlags: flagsOf(match),
    icmpType: list(match.icmpType, DOMAINS.icmpType, icmpWords(writing.family)),
    icmpCode: list(match.icmpCode, DOMAINS.icmpCode, numberWords),
    length: list(match.length, DOMAINS.length, numberWords),
    ttl: list(match.ttl, DOMAINS.ttl, numberWords),
    dscp: list(match.dscp, DOMAINS.dscp, dscpWords),
    vlan: match.vlan && (list(match.vlan, DOMAINS.vlan, numberWords) ?? '0-4095'),
    ...there,
  };
  const written = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
  return fragmentsOf(match).map((fragment) => ({
    ...(item.name !== undefined && { name: item.name }),
    ...(item.action.kind === 'log' && item.action.prefix?.trim() && { description: item.action.prefix.trim() }),
    ...written,
    ...(fragment !== undefined && { fragment }),
    action: actionOf(item.action),
  }));
}

function actionOf(action: Exclude<FlatItem, { loss: unknown }>['action']): unknown {
  if (action.kind === 'mark') return { mark: action.mark };
  if (action.kind !== 'log' || action.rate === undefined) return action.kind;
  return { log: action.burst === undefined ? action.rate : { rate: action.rate, burst: action.burst } };
}

function interfaceOf({ iif, oif }: Match, { stage, interfaces }: Writing): { interface?: unknown } | undefined {
  const [value, other] = stage === 'egress' ? [oif, iif] : [iif, oif];
  if (other) return undefined;
  if (!value) return {};
  const ranges = rangesOf(value, DOMAINS.iif);
  const names = interfaces.filter((_, index) => ranges.some(([lo, hi]) => lo <= index && index <= hi));
  if (names.length === 0) return undefined;
  return names.length === interfaces.length ? {} : { interface: names.length === 1 ? names[0] : names };
}

/** One value, or a list; undefined where it is all of the domain. */
function list(value: Value | undefined, domain: Range, words: Words): unknown {
  if (!value || isAnything(value, domain)) return undefined;
  const inverse = shorterInverse(value, domain);
  if (inverse) return list({ none: inverse }, domain, words);
  const within = (operand: Operand) => ({ ...operand, ranges: intersect(operand.ranges, [domain]) });
  const any =
    value.any && !isOpen(value) && sameRanges(intersect(union(value.any), [domain]), [domain]) ? undefined : value.any;
  const say = (operands: readonly Operand[], sign: string) =>
    operands.map(within).flatMap(({ set, ranges }) => {
      const said = set === undefined ? ranges.flatMap(words) : [`@${set}`];
      return sign === '' ? said : said.map((one) => `${sign}${one}`);
    });
  const said = [...new Set([...say(any ?? [], ''), ...say(value.none, '!')])];
  return said.length === 1 ? said[0] : said;
}

/** All but little is said as what it is not. */
function shorterInverse(value: Value, domain: Range): Operand[] | undefined {
  if (!value.any || [...value.any, ...value.none].some(({ set }) => set !== undefined)) return undefined;
  const allowed = intersect(rangesOf(value, domain), [domain]);
  const others = complement(allowed, domain);
  return others.length > 0 && others.length < allowed.length ? [{ ranges: others }] : undefined;
}

export const numberWords = ([lo, hi]: Range): (number | string)[] => [lo === hi ? Number(lo) : `${lo}-${hi}`];

const each = (say: (number: number) => string | number): Words => {
  return ([lo, hi]) => Array.from({ length: Number(hi - lo) + 1 }, (_, index) => say(Number(lo) + index));
};

/** Types in a row that are called by name, one by one. */
const MOST_NAMES = 8n;

const protocolNames = new Map<number, string>(Object.entries(PROTOCOL_NUMBERS).map(([name, number]) => [number, name]));
const protocolWords = each((number) => protocolNames.get(number) ?? number);

const dscpByNumber = new Map([...dscpNames].map(([name, number]) => [number, name]));
const dscpWords = each((number) => dscpByNumber.get(number) ?? number);

function icmpWords(family: 4 | 6): Words {
  const version = `v${family}` as const;
  const name = (number: number) => ICMP_TYPE_NAMES.find((one) => icmpTypeNumbers(one)?.[version] === number);
  return (range) => {
    const names = range[1] - range[0] < MOST_NAMES ? each((number) => name(number) ?? number)(range) : [];
    return names.length > 0 && (names.length === 1 || names.every((one) => typeof one === 'string'))
      ? names
      : numberWords(range);
  };
}

/** A prefix where the range is one. IPv6 stands behind IPv4 in one row. */
export function addressWords([lo, hi]: Range): string[] {
  const family = lo >= FAMILY_RANGE[6][0] ? 6 : 4;
  const base = family === 6 ? FAMILY_RANGE[6][0] : 0n;
  const bits = family === 6 ? 128 : 32;
  const text = (number: bigint): string => {
    const value = number - base;
    return formatAddress({ family, hi: value >> 64n, lo: value & 0xffff_ffff_ffff_ffffn });
  };
  if (lo === hi) return [text(lo)];
  const size = hi - lo + 1n;
  const power = size.toString(2).length - 1;
  const isPrefix = size === 1n << BigInt(power) && (lo - base) % size === 0n;
  return [isPrefix ? `${text(lo)}/${bits - power}` : `${text(lo)}-${text(hi)}`];
}

function flagsOf(match: Match): unknown {
  const flags = FLAGS.flatMap((flag) => {
    const value = match[flag];
    if (!value) return [];
    const ranges = rangesOf(value, DOMAINS[flag]);
    if (sameRanges(ranges, [[0n, 1n]])) return [];
    return [ranges[0]?.[0] === 1n ? flag : `!${flag}`];
  });
  flags.sort((a, b) => Number(a.startsWith('!')) - Number(b.startsWith('!')));
  return flags.length === 0 ? undefined : flags.length === 1 ? flags[0] : flags;
}

/** Rules that take the kinds of fragments one by one, where one cannot say it. */
function fragmentsOf(match: Match): (boolean | string | undefined)[] {
  const domain = DOMAINS.fragment;
  if (!match.fragment) return [undefined];
  const has = new Set(rangesOf(match.fragment, domain).flatMap(each((kind) => kind)));
  const transport = TRANSPORT.some((field: Field) => match[field]);
  if (has.size === 3 || (transport && has.has(0) && has.has(1))) return [undefined];
  if (has.has(1) && has.has(2)) return [true];
  return [...(has.has(0) ? [false] : []), ...(has.has(1) ? ['first'] : []), ...(has.has(2) ? ['later'] : [])];
}
