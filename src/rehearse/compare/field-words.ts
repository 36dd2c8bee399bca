import { icmpTypesOf } from '../../packet/icmp-names.ts';
import { formatTcpFlags, protocolName } from '../../packet/names.ts';
import type { Action, CheckedMatch, CheckedRule, NumberRange } from '../../policy/checked.ts';
import { addressMatchInWords } from '../../policy/words/addresses.ts';
import { windowsInWords } from '../../policy/words/windows.ts';
import { contentOf } from '../rule-content.ts';

/** What a rule says, key by key as a policy file has them, each value in words. */
export function fieldsInWords({ match, action, ...rest }: CheckedRule): ReadonlyMap<string, string> {
  const { name: _, unnamed: __, stage: ___, index: ____, line: _____, column: ______, ...others } = rest;
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(match)) {
    if (value !== undefined) fields.set(key, inWords(key, match) ?? contentOf(value));
  }
  for (const [key, value] of Object.entries(others)) if (value !== undefined) fields.set(key, contentOf(value));
  return fields.set('action', actionInWords(action));
}

function inWords(key: string, match: CheckedMatch): string | undefined {
  const say = words[key as keyof CheckedMatch] as ((value: unknown) => string) | undefined;
  return say?.(match[key as keyof CheckedMatch]);
}

const ranges = (list: readonly NumberRange[]): string => list.map(rangeInWords).join(', ');

const rangeInWords = ([lo, hi]: NumberRange): string => (lo === hi ? String(lo) : `${lo}-${hi}`);

const protocolRange = ([lo, hi]: NumberRange): string =>
  lo === hi ? protocolName(lo) : `${protocolName(lo)}-${protocolName(hi)}`;

const words: { readonly [Key in keyof CheckedMatch]-?: (value: NonNullable<CheckedMatch[Key]>) => string } = {
  protocol: ({ v4, v6, arp }) => {
    const ip = perFamily(v4.map(protocolRange).join(', '), v6.map(protocolRange).join(', '));
    return [...(ip ? [ip] : []), ...(arp ? ['arp'] : [])].join(', ');
  },
  from: addressMatchInWords,
  to: addressMatchInWords,
  fromPort: ranges,
  port: ranges,
  tcpFlags: ({ mask, value }) => {
    const parts = [
      ...(mask & value ? [`${formatTcpFlags(mask & value)} set`] : []),
      ...(mask & ~value ? [`${formatTcpFlags(mask & ~value)} clear`] : []),
    ];
    return parts.join(', ');
  },
  icmpType: ({ v4, v6 }) => perFamily(icmpTypes(v4, 4), icmpTypes(v6, 6)),
  icmpCode: ({ v4, v6 }) => perFamily(ranges(v4), ranges(v6)),
  length: ranges,
  ttl: ranges,
  dscp: ranges,
  vlan: ranges,
  fragment: (fragment) => fragment,
  interface: ({ any, none }) => [...any, ...none.map((pattern) => `!${pattern}`)].join(', '),
  payload: ({ base, offset, bytes, mask }) => {
    const hex = (list: Uint8Array): string => Buffer.from(list).toString('hex');
    return `${base} byte ${offset}: ${hex(bytes)}${mask.every((byte) => byte === 0xff) ? '' : ` under ${hex(mask)}`}`;
  },
  filter: ({ expression }) => expression,
  when: windowsInWords,
};

function perFamily(v4: string, v6: string): string {
  if (v4 === v6) return v4;
  return [...(v4 ? [`${v4} (IPv4)`] : []), ...(v6 ? [`${v6} (IPv6)`] : [])].join(', ');
}

function icmpTypes(list: readonly NumberRange[], family: 4 | 6): string {
  const name = (number: number): string | undefined => icmpTypesOf(family).find((type) => type.number === number)?.name;
  return list
    .map((range) => (range[0] === range[1] ? (name(range[0]) ?? String(range[0])) : rangeInWords(range)))
    .join(', ');
}

export function actionInWords(action: Action): string {
  switch (action.kind) {
    case 'log':
      return `log ${action.ratePerSecond}/s, burst ${action.burst}`;
    case 'mark':
      return `mark 0x${action.mark.toString(16)}`;
    default:
      return action.kind;
  }
}
