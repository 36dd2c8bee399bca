import { closest } from '../diagnostics/suggest.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';
import { extensionProtocols, hasPorts, isForeignIcmp } from './headers.ts';
import { protocolNumber, protocolNumbers } from './names.ts';
import { type Options, readOptions } from './notation-options.ts';
import { type Word, Words } from './notation-words.ts';
import { headersLength, maximumLength, type PacketSpec } from './spec.ts';

/**
 * Reads a packet as people write it: `tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S`. First the protocol (a name, a
 * number, or `arp`), then the addresses, with a port where the protocol has ports (`[2001:db8::1]:53`), then for ICMP
 * the type by its name, then options: flags, length, ttl, dscp, vlan, type, code, fragment, payload, interface.
 * Throws a SluiceError with all that is wrong, each problem with its place.
 */
export function parseNotation(text: string): PacketSpec {
  const words = new Words(text);
  const protocol = readProtocol(words);
  if (protocol === undefined) throw words.error();
  const ends = readEnds(words, protocol);
  if (ends === undefined) throw words.error();
  const options = readOptions(words, { protocol: protocol.number, family: ends.src.address.family });
  if (words.faulty) throw words.error();
  const spec = toSpec(protocol, ends, options);
  checkProtocol(words, protocol, spec);
  checkPorts(words, spec, ends);
  checkTransport(words, spec, options);
  checkLength(words, spec, options);
  if (words.faulty) throw words.error();
  return spec;
}

interface ProtocolWord {
  readonly word: Word;
  readonly number: number | 'arp';
  /** Names belong to a family, numbers do not. */
  readonly named: boolean;
}

interface Endpoint {
  readonly word: Word;
  readonly address: Address;
  readonly port?: number;
}

interface Ends {
  readonly src: Endpoint;
  readonly dst: Endpoint;
}

function readProtocol(words: Words): ProtocolWord | undefined {
  const word = words.take();
  if (word === undefined) {
    words.wrong(words.end(), 'the packet is empty', 'Write one like this: tcp 198.51.100.7:40000 > 192.0.2.10:22');
    return undefined;
  }
  const name = word.text.toLowerCase();
  const named = name === 'arp' ? name : protocolNumber(name);
  const number = named ?? plainNumber(name);
  if (number !== undefined) return { word, number, named: named !== undefined };
  const meant = closest(name, [...protocolNumbers.keys(), 'arp']);
  words.wrong(
    word,
    `"${word.text}" is no protocol`,
    meant
      ? `Did you mean ${meant}?`
      : `Write one of arp, ${[...protocolNumbers.keys()].join(', ')}, or a number to 255.`,
  );
  return undefined;
}

function plainNumber(text: string): number | undefined {
  return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

const NOBODY: Address = { family: 4, hi: 0n, lo: 0n };

/** `SOURCE > DESTINATION`, which only ARP may leave out. */
function readEnds(words: Words, protocol: ProtocolWord): Ends | undefined {
  const next = words.peek();
  if (protocol.number === 'arp' && (next === undefined || next.text.includes('='))) {
    const nobody = { word: protocol.word, address: NOBODY };
    return { src: nobody, dst: nobody };
  }
  const src = readEndpoint(words, 'source');
  if (src === undefined) return undefined;
  const arrow = words.take();
  if (arrow?.text !== '>') {
    words.wrong(arrow ?? words.end(), 'a ">" and the destination address should stand here');
    return undefined;
  }
  const dst = readEndpoint(words, 'destination');
  if (dst === undefined) return undefined;
  if (src.address.family !== dst.address.family) {
    words.wrong(dst.word, 'the addresses are not of one family', 'Write two IPv4 or two IPv6 addresses.');
    return undefined;
  }
  return { src, dst };
}

function readEndpoint(words: Words, end: 'source' | 'destination'): Endpoint | undefined {
  const word = words.take();
  if (word === undefined || word.text === '>') {
    words.wrong(word ?? words.end(), `the ${end} address is missing`, 'Write SOURCE > DESTINATION.');
    return undefined;
  }
  const { host, port } = splitPort(word.text);
  const address = parseAddress(host);
  if (address === undefined) {
    words.wrong(
      word,
      `"${host}" is no IPv4 or IPv6 address`,
      'Write it like 192.0.2.10, 2001:db8::1 or [2001:db8::1]:53.',
    );
    return undefined;
  }
  if (port === undefined) return { word, address };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 0xffff) {
    words.wrong(word, `"${port}" is no port`, 'Write a number from 0 to 65535.');
    return undefined;
  }
  return { word, address, port: Number(port) };
}

function splitPort(text: string): { readonly host: string; readonly port: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) return { host: bracketed[1] ?? '', port: bracketed[2] };
  const [host = '', port, ...more] = text.split(':');
  return more.length > 0 ? { host: text, port: undefined } : { host, port };
}

function toSpec(protocol: ProtocolWord, { src, dst }: Ends, options: Options): PacketSpec {
  return {
    protocol: protocol.number,
    src: src.address,
    dst: dst.address,
    ...(src.port === undefined ? {} : { srcPort: src.port }),
    ...(dst.port === undefined ? {} : { dstPort: dst.port }),
    ...options.spec,
  };
}

function checkProtocol(words: Words, { word, number, named }: ProtocolWord, { src, fragment }: PacketSpec): void {
  if (number === 'arp') {
    if (src.family === 6) words.wrong(word, 'arp speaks of IPv4 addresses only', 'Write icmp6.');
  } else if (src.family === 6 && fragment !== 'later' && extensionProtocols.has(number)) {
    words.wrong(word, `${number} is an IPv6 extension header`, 'Write the protocol behind it.');
  } else if (named && isForeignIcmp(src.family, number)) {
    const right = src.family === 6 ? 'icmp6' : 'icmp';
    words.wrong(word, `${word.text} stands with IPv${src.family} addresses`, `Write ${right}.`);
  }
}

function checkPorts(words: Words, spec: PacketSpec, { src, dst }: Ends): void {
  const ports = spec.protocol !== 'arp' && hasPorts(spec.protocol) && spec.fragment !== 'later';
  for (const { word, address, port } of [src, dst]) {
    const text = formatAddress(address);
    if (ports && port === undefined) {
      words.wrong(word, 'the port is missing', `Write ${address.family === 6 ? `[${text}]` : text}:PORT.`);
    } else if (!ports && port !== undefined) {
      const why = spec.fragment === 'later' ? 'a later fragment has no ports' : 'the protocol has no ports';
      words.wrong(word, why, `Write ${text}.`);
    }
  }
}

function checkLength(words: Words, spec: PacketSpec, { places }: Options): void {
  const least = headersLength(spec) + (spec.payload?.length ?? 0);
  const place = places.get('length');
  if (place !== undefined && spec.length !== undefined && spec.length < least) {
    words.wrong(place, `headers and payload take ${least} bytes`, `Write length=${least} or more.`);
  }
  const most = maximumLength(spec.src.family);
  const payload = places.get('payload');
  if (payload !== undefined && least > most) words.wrong(payload, `the packet would be longer than ${most} bytes`);
}

function checkTransport(words: Words, { fragment }: PacketSpec, { places }: Options): void {
  if (fragment !== 'later') return;
  for (const name of ['flags', 'type', 'code']) {
    const place = places.get(name);
    if (place) words.wrong(place, `a later fragment has no ${name}`, 'Leave it out, or write fragment=first.');
  }
}
