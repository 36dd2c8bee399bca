import { didYouMean } from '../../diagnostics/suggest.ts';
import type { NumberRange, ProtocolMatch } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import { type Operand, operands } from './operands.ts';
import { PROTOCOL_NAMES, PROTOCOL_NUMBERS } from './protocol-names.ts';
import { intersect, normalise, subtract } from './ranges.ts';
import type { Report } from './report.ts';

export const ICMP = 1;
export const TCP = 6;
export const ICMPV6 = 58;

const EVERY: readonly NumberRange[] = [[0, 255]];

/** A protocol match under construction: what it accepts, and the alternatives that the user named, for errors. */
export interface ProtocolChoice {
  readonly match: ProtocolMatch;
  readonly named: readonly { readonly text: string; readonly match: ProtocolMatch; readonly path: Path }[];
}

/** What another match of a rule asks of the protocol: a port needs a protocol that has ports. */
export interface ProtocolNeed {
  readonly match: ProtocolMatch;
  /** For errors: `only TCP, UDP and SCTP have ports`. */
  readonly because: string;
}

export const NEEDS_PORTS: ProtocolNeed = {
  match: bothFamilies([
    [TCP, TCP],
    [17, 17],
    [132, 132],
  ]),
  because: 'only tcp, udp and sctp have ports',
};
export const NEEDS_TCP: ProtocolNeed = { match: bothFamilies([[TCP, TCP]]), because: 'only tcp has these flags' };
export const NEEDS_ICMP: ProtocolNeed = {
  match: { v4: [[ICMP, ICMP]], v6: [[ICMPV6, ICMPV6]], arp: false },
  because: 'only icmp, icmpv4 and icmpv6 have types and codes',
};

type ProtocolInput = number | string | readonly (number | string)[];

/** The protocols that a rule names, or undefined when one is wrong, which is reported. */
export function checkProtocol(value: ProtocolInput, path: Path, report: Report): ProtocolChoice | undefined {
  const list = operands(value, path, report);
  let wrong = list.length === 0;
  let none = bothFamilies([]);
  const named: { text: string; match: ProtocolMatch; path: Path }[] = [];
  for (const operand of list) {
    const match = protocolOperand(operand, report);
    if (!match) wrong = true;
    else if (operand.negated) none = union(none, match);
    else named.push({ text: String(operand.value), match, path: operand.path });
  }
  if (wrong) return undefined;
  // Without a positive one: any IP packet. ARP is no IP protocol, so it is never what "!tcp" means.
  const any = named.length > 0 ? named.map((one) => one.match).reduce(union) : bothFamilies(EVERY);
  const match = { v4: subtract(any.v4, none.v4), v6: subtract(any.v6, none.v6), arp: any.arp && !none.arp };
  if (isEmpty(match)) {
    report.error('policy/never-matches', path, '"protocol" excludes every protocol that it allows');
    return undefined;
  }
  return { match, named };
}

function protocolOperand({ value, path }: Operand, report: Report): ProtocolMatch | undefined {
  const number = typeof value === 'number' ? value : /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  if (number === undefined) {
    const match = byName(String(value).toLowerCase());
    if (!match) {
      const help = didYouMean(String(value), PROTOCOL_NAMES);
      report.error('policy/unknown-protocol', path, `unknown protocol ${quote(value)}`, { help });
    }
    return match;
  }
  if (Number.isInteger(number) && number >= 0 && number <= 255) return bothFamilies([[number, number]]);
  report.error('policy/out-of-range', path, `${number} is not a protocol number: it has to be from 0 to 255`);
  return undefined;
}

function byName(name: string): ProtocolMatch | undefined {
  const nothing: readonly NumberRange[] = [];
  if (name === 'arp') return { v4: nothing, v6: nothing, arp: true };
  if (name === 'icmp') return NEEDS_ICMP.match;
  if (name === 'icmpv4') return { ...NEEDS_ICMP.match, v6: nothing };
  if (name === 'icmpv6' || name === 'icmp6') return { ...NEEDS_ICMP.match, v4: nothing };
  if (!Object.hasOwn(PROTOCOL_NUMBERS, name)) return undefined;
  const number = PROTOCOL_NUMBERS[name as keyof typeof PROTOCOL_NUMBERS];
  return bothFamilies([[number, number]]);
}

/**
 * The choice narrowed to what another match needs; where the rule names no protocol, that need is the protocol.
 * Undefined when the two have nothing in common, or the rule names a protocol that could never match: reported.
 */
export function narrowProtocol(
  choice: ProtocolChoice | undefined,
  need: ProtocolNeed,
  path: Path,
  report: Report,
): ProtocolChoice | undefined {
  if (!choice) return { match: need.match, named: [] };
  const key = path.at(-1);
  const misfit = choice.named.find((one) => !isEmpty(outside(one.match, need.match)));
  if (misfit) {
    const help = `${need.because}: take "${misfit.text}" out of "protocol", or leave out "${key}"`;
    report.error('policy/protocol-conflict', path, `"${key}" can never match protocol ${misfit.text}`, { help });
    return undefined;
  }
  const match = {
    v4: intersect(choice.match.v4, need.match.v4),
    v6: intersect(choice.match.v6, need.match.v6),
    arp: choice.match.arp && need.match.arp,
  };
  if (isEmpty(match)) {
    report.error('policy/protocol-conflict', path, `"${key}" can never match here: ${need.because}`);
    return undefined;
  }
  return { ...choice, match };
}

/** The same protocol numbers in IPv4 and IPv6. */
function bothFamilies(numbers: readonly NumberRange[]): ProtocolMatch {
  return { v4: numbers, v6: numbers, arp: false };
}

function union(a: ProtocolMatch, b: ProtocolMatch): ProtocolMatch {
  return { v4: normalise([...a.v4, ...b.v4]), v6: normalise([...a.v6, ...b.v6]), arp: a.arp || b.arp };
}

function outside(a: ProtocolMatch, b: ProtocolMatch): ProtocolMatch {
  return { v4: subtract(a.v4, b.v4), v6: subtract(a.v6, b.v6), arp: a.arp && !b.arp };
}

function isEmpty(match: ProtocolMatch): boolean {
  return match.v4.length === 0 && match.v6.length === 0 && !match.arp;
}
