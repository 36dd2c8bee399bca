import { closest } from '../diagnostics/suggest.ts';
import { dscpNames } from './dscp-names.ts';
import { isIcmp, Protocol } from './headers.ts';
import { icmpCodeNumber, icmpTypeNumber } from './icmp-names.ts';
import { parseTcpFlags } from './names.ts';
import type { Word, Words } from './notation-words.ts';
import { defaultIcmpType, maximumLength, type PacketSpec } from './spec.ts';

/** What the words behind the addresses say, and where each option stands. */
export interface Options {
  readonly spec: Partial<PacketSpec>;
  readonly places: ReadonlyMap<string, Word>;
}

/** What options have to know of the packet that they speak of. */
interface Subject {
  readonly protocol: number | 'arp';
  readonly family: 4 | 6;
}

export interface NotationOption {
  /** Which packets have it, as the end of "only … has this". */
  readonly of?: { readonly what: string; has(subject: Subject): boolean };
  /** What its value may be, as the end of "Write …". */
  readonly expects: string;
  /** Undefined where the value is none. `before`: what the options before it said; `type` comes before `code`. */
  read(value: string, subject: Subject, before: Partial<PacketSpec>): Partial<PacketSpec> | undefined;
}

const tcp = { what: 'TCP', has: ({ protocol }: Subject) => protocol === Protocol.TCP };
const icmp = {
  what: 'icmp (IPv4) or icmp6 (IPv6)',
  has: ({ protocol, family }: Subject) => protocol !== 'arp' && isIcmp(family, protocol),
};
const ip = { what: 'an IP packet', has: ({ protocol }: Subject) => protocol !== 'arp' };

/** By their names, in the order in which they are read. */
export const notationOptions: Readonly<Record<string, NotationOption>> = {
  flags: {
    of: tcp,
    expects: 'letters of SAFRPUEC (SYN, ACK, FIN, RST, PSH, URG, ECE, CWR), or none',
    read: (value) => field('tcpFlags', parseTcpFlags(value)),
  },
  type: {
    of: icmp,
    expects: 'a name like echo-request, or a number from 0 to 255',
    read: (value, { family }) => field('icmpType', icmpTypeNumber(family, value) ?? integer(value, 255)),
  },
  code: {
    of: icmp,
    expects: "one of the type's codes by name, like port-unreachable, or a number from 0 to 255",
    read: (value, { family }, { icmpType = defaultIcmpType(family) }) =>
      field('icmpCode', icmpCodeNumber(family, icmpType, value) ?? integer(value, 255)),
  },
  length: {
    expects: "the packet's bytes from the IP header on, up to 65535 (65575 of IPv6)",
    read: (value, { family }) => field('length', integer(value, maximumLength(family))),
  },
  ttl: { of: ip, expects: 'a number from 0 to 255', read: (value) => field('ttl', integer(value, 255)) },
  dscp: {
    of: ip,
    expects: 'a name like ef or af41, or a number from 0 to 63',
    read: (value) => field('dscp', dscpNames.get(value.toLowerCase()) ?? integer(value, 63)),
  },
  vlan: { expects: 'a VLAN id from 0 to 4095, or two as OUTER,INNER', read: vlan },
  fragment: {
    of: ip,
    expects: 'first or later',
    read: (value) => (value === 'first' || value === 'later' ? { fragment: value } : undefined),
  },
  payload: {
    expects: 'hexadecimal digits, two a byte, or text in quotes',
    read: (value) => field('payload', payload(value)),
  },
  interface: {
    expects: "an interface's name of up to 15 characters",
    read: (value) => (/^[^/\s]{1,15}$/.test(value) ? { interface: value } : undefined),
  },
};

/** Reads the words to the end; what is wrong is noted in `words`. */
export function readOptions(words: Words, subject: Subject): Options {
  const places = collectOptions(words, subject);
  let spec: Partial<PacketSpec> = {};
  for (const [name, option] of Object.entries(notationOptions)) {
    const word = places.get(name);
    if (word === undefined) continue;
    if (option.of && !option.of.has(subject)) {
      words.wrong(
        word,
        `${name} stands with a packet that has none`,
        `Leave it out: only ${option.of.what} has ${name}.`,
      );
      continue;
    }
    const { value } = splitOption(word.text);
    const read = option.read(value, subject, spec);
    if (read === undefined) words.wrong(word, `${name} cannot be "${value}"`, `Write ${option.expects}.`);
    spec = { ...spec, ...read };
  }
  return { spec, places };
}

/** The words by the name of the option. */
function collectOptions(words: Words, subject: Subject): ReadonlyMap<string, Word> {
  const places = new Map<string, Word>();
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const { name } = splitOption(word.text);
    if (notationOptions[name] === undefined) wrongOption(words, word, name, subject);
    else if (places.has(name)) words.wrong(word, `${name} is given twice`, 'Leave one of them out.');
    else places.set(name, word);
  }
  return places;
}

/** A word without `=` names an ICMP type. */
function splitOption(text: string): { readonly name: string; readonly value: string } {
  const equals = text.indexOf('=');
  return equals < 0 ? { name: 'type', value: text } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function wrongOption(words: Words, word: Word, name: string, subject: Subject): void {
  const meant = closest(name, Object.keys(notationOptions));
  const known = Object.entries(notationOptions).filter(([, { of }]) => of === undefined || of.has(subject));
  const names = known.map(([option]) => option).join(', ');
  words.wrong(word, `"${name}" is no option`, meant ? `Did you mean ${meant}?` : `Write one of ${names}.`);
}

function field<Name extends keyof PacketSpec>(
  name: Name,
  value: PacketSpec[Name] | undefined,
): Pick<PacketSpec, Name> | undefined {
  return value === undefined ? undefined : ({ [name]: value } as Pick<PacketSpec, Name>);
}

function integer(value: string, maximum: number): number | undefined {
  return /^\d{1,9}$/.test(value) && Number(value) <= maximum ? Number(value) : undefined;
}

function vlan(value: string): Partial<PacketSpec> | undefined {
  const ids = value.split(',').map((id) => integer(id, 4095));
  const [outer, inner] = ids;
  if (outer === undefined || ids.length > 2) return undefined;
  if (ids.length === 1) return { vlan: outer };
  return inner === undefined ? undefined : { vlan: outer, vlanInner: inner };
}

function payload(value: string): Uint8Array | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(value);
  if (quoted) return new TextEncoder().encode((quoted[1] ?? '').replace(/\\(.)/gs, '$1'));
  return /^(?:[\da-f]{2})+$/i.test(value) ? Uint8Array.from(Buffer.from(value, 'hex')) : undefined;
}
