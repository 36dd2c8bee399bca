import { icmpTypesOf } from '../../packet/icmp-names.ts';
import { formatTcpFlags, protocolName } from '../../packet/names.ts';
import type { InterfaceMatch, NumberRange, PayloadMatch } from '../../policy/checked.ts';
import type { LoweredRule, Test } from '../../policy/lower.ts';
import { addressMatchInWords } from '../../policy/words/addresses.ts';
import { windowsInWords } from '../../policy/words/windows.ts';

/** What a rule asks of a packet, in the order in which it is asked: `tcp, port 22, from @admins`. */
export function ruleInWords({ rule, tests }: LoweredRule): string {
  // ARP has a chain of its own: the tests of a rule on `[arp, tcp]` are those for TCP alone.
  const arpToo = rule.match.protocol?.arp === true;
  return inWords(tests, (test) => {
    const asked = testInWords(test);
    return arpToo && asksProtocol(test) ? `arp or ${asked}` : asked;
  });
}

function asksProtocol(test: Test): boolean {
  if (test.kind === 'by-family') return [...test.v4, ...test.v6].some(asksProtocol);
  return test.kind === 'in-ranges' && test.field.name === 'protocol';
}

function inWords(tests: readonly Test[], say: (test: Test) => string | undefined): string {
  const words = tests.map(say).filter((word) => word !== undefined);
  return words.length === 0 ? 'every packet' : words.join(', ');
}

/** Undefined where another test says it too: a question for the port asks for packets that have ports. */
function testInWords(test: Test, family?: 4 | 6): string | undefined {
  switch (test.kind) {
    case 'traits':
      return undefined;
    case 'in-ranges':
      return rangesInWords(test.field.name, test.ranges, family);
    case 'masked':
      return flagsInWords(test.mask, test.value);
    case 'by-family':
      return familiesInWords(test);
    case 'address':
      return `${test.side === 'src' ? 'from' : 'to'} ${addressMatchInWords(test.match)}`;
    case 'interface':
      return interfaceInWords(test.match);
    case 'payload':
      return payloadInWords(test.match);
    case 'filter':
      return `filter "${test.match.expression}"`;
    case 'window':
      return `when ${windowsInWords(test.windows)}`;
    case 'never':
      return 'no packet';
  }
}

function interfaceInWords({ any, none }: InterfaceMatch): string {
  return `on ${any.join(' or ')}${none.length > 0 ? `, not ${none.join(' or ')}` : ''}`;
}

/** By the C name of the field. */
const fieldNames: Readonly<Record<string, string>> = {
  src_port: 'from port',
  dst_port: 'port',
  icmp_code: 'code',
};

function rangesInWords(field: string, ranges: readonly NumberRange[], family?: 4 | 6): string | undefined {
  switch (field) {
    case 'family':
      return undefined;
    case 'protocol':
      return ranges.map(protocolRange).join(' or ');
    case 'fragment':
      return fragments[JSON.stringify(ranges)] ?? 'fragment';
    case 'ethertype':
      return 'arp';
    case 'icmp_type':
      return ranges.map((range) => icmpTypeInWords(range, family)).join(' or ');
    default:
      return `${fieldNames[field] ?? field} ${ranges.map(rangeInWords).join(', ')}`;
  }
}

const fragments: Readonly<Record<string, string>> = {
  '[[0,0]]': 'no fragment',
  '[[1,1]]': 'a first fragment',
  '[[2,2]]': 'a later fragment',
  '[[1,2]]': 'a fragment',
};

const rangeInWords = ([lo, hi]: NumberRange): string => (lo === hi ? String(lo) : `${lo}-${hi}`);

const protocolRange = ([lo, hi]: NumberRange): string =>
  lo === hi ? protocolName(lo) : hi - lo === 1 ? `${protocolName(lo)} or ${protocolName(hi)}` : `protocol ${lo}-${hi}`;

function flagsInWords(mask: number, value: number): string {
  const set = mask & value;
  const clear = mask & ~value;
  const parts = [...(set ? [`${formatTcpFlags(set)} set`] : []), ...(clear ? [`${formatTcpFlags(clear)} clear`] : [])];
  return `flags ${parts.join(' and ')}`;
}

function icmpTypeInWords([lo, hi]: NumberRange, family: 4 | 6 = 4): string {
  const name = lo === hi ? icmpTypesOf(family).find(({ number }) => number === lo)?.name : undefined;
  return name ?? `type ${rangeInWords([lo, hi])}`;
}

function familiesInWords({ v4, v6 }: Extract<Test, { kind: 'by-family' }>): string {
  const words4 = ofFamily(4, v4);
  const words6 = ofFamily(6, v6);
  const ip = words4 === words6 ? [words4] : [words4 && `${words4} (IPv4)`, words6 && `${words6} (IPv6)`];
  return ip.filter((words) => words !== undefined).join(' or ');
}

/** Undefined where no packet of the family passes. */
function ofFamily(family: 4 | 6, tests: readonly Test[]): string | undefined {
  return tests.some(({ kind }) => kind === 'never') ? undefined : inWords(tests, (test) => testInWords(test, family));
}

function payloadInWords({ base, offset, bytes, mask }: PayloadMatch): string {
  const whole = mask.every((byte) => byte === 0xff);
  const hex = (list: Uint8Array): string => Buffer.from(list).toString('hex');
  return `${base} byte ${offset} on ${hex(bytes)}${whole ? '' : ` under ${hex(mask)}`}`;
}
