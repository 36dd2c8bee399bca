import { parseAddress } from '../packet/address.ts';
import { dscpNames } from '../packet/dscp-names.ts';
import { icmpTypeNumbers } from '../policy/check/icmp-names.ts';
import { PROTOCOL_NUMBERS } from '../policy/check/protocol-names.ts';
import type { Range } from './ranges.ts';
import { FAMILY_RANGE } from './region.ts';
import { NotCarried } from './ruleset.ts';

/** What both programs write of a field's values, read to numbers. All throw NotCarried of what they do not know. */

/** `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `192.0.2.1-192.0.2.9`; the same of IPv6. */
export function addressRange(text: string): Range {
  const [, first = text, separator, second = ''] = /^([^/-]+)([/-])(.+)$/.exec(text) ?? [];
  const [lo, family] = addressNumber(first);
  if (separator === undefined) return [lo, lo];
  if (separator === '-') return [lo, addressNumber(second)[0]];
  const base = FAMILY_RANGE[family][0];
  const bits = family === 4 ? 32 : 128;
  const length = /^\d+$/.test(second) ? Number(second) : maskLength(addressNumber(second)[0] - base, bits);
  if (length === undefined || length > bits) throw new NotCarried(`the mask of ${text} has holes`);
  const size = 1n << BigInt(bits - length);
  const start = base + ((lo - base) / size) * size;
  return [start, start + size - 1n];
}

function addressNumber(text: string): [bigint, 4 | 6] {
  const address = parseAddress(text);
  if (!address) throw new NotCarried(`${text} is not an address`);
  return [FAMILY_RANGE[address.family][0] + (address.hi << 64n) + address.lo, address.family];
}

function maskLength(mask: bigint, bits: number): number | undefined {
  const length = mask.toString(2).replaceAll('0', '').length;
  const whole = ((1n << BigInt(length)) - 1n) << BigInt(bits - length);
  return mask === whole ? length : undefined;
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  ...PROTOCOL_NUMBERS,
  icmp: 1,
  'ipv6-icmp': 58,
  icmpv6: 58,
  icmp6: 58,
};

export const protocolNumber = (text: string): number => numberOr(text, PROTOCOLS[text], 'protocol');

/** Names of DSCP, in any case; `0x2e` and `46` as well. */
export const dscpNumber = (text: string): number => numberOr(text, dscpNames.get(text.toLowerCase()), 'DSCP');

/** What nft, iptables and Sluice call types of ICMP apart. */
const ICMP_NAMES: Readonly<Record<string, string>> = {
  'nd-router-solicit': 'router-solicitation',
  'nd-router-advert': 'router-advertisement',
  'nd-neighbor-solicit': 'neighbor-solicitation',
  'nd-neighbor-advert': 'neighbor-advertisement',
  'nd-redirect': 'redirect',
  'mld-listener-query': 'multicast-listener-query',
  'mld-listener-report': 'multicast-listener-report',
  'mld-listener-done': 'multicast-listener-done',
  'mld-listener-reduction': 'multicast-listener-done',
  'mld2-listener-report': 'multicast-listener-report-v2',
  'info-request': 'information-request',
  'info-reply': 'information-reply',
  'ind-neighbor-solicit': 'inverse-neighbor-discovery-solicitation',
  'ind-neighbor-advert': 'inverse-neighbor-discovery-advertisement',
  'ttl-exceeded': 'time-exceeded',
};

export function icmpTypeNumber(text: string, family: 4 | 6): number {
  const known = icmpTypeNumbers(ICMP_NAMES[text] ?? text)?.[`v${family}`];
  return numberOr(text, known, 'ICMP type');
}

function numberOr(text: string, known: number | undefined, what: string): number {
  if (known !== undefined) return known;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return Number(text);
  throw new NotCarried(`${what} "${text}" is not known`);
}

const SERVICES: Readonly<Record<string, number>> = { ssh: 22, smtp: 25, domain: 53, http: 80, ntp: 123, https: 443 };

/** Names of services are rare: both programs print numbers unless they are told to print names. */
export const portNumber = (text: string): number => numberOr(text, SERVICES[text], 'service');

export const plainNumber = (text: string): number => numberOr(text, undefined, 'number');
