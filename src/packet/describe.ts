import { Fragment, type Packet, Reason, reasonNames, Trait } from '../generated/abi.ts';
import { type Address, formatAddress } from './address.ts';
import { Ethertype, isForeignIcmp } from './headers.ts';
import { icmpTypesOf } from './icmp-names.ts';
import { formatTcpFlags, protocolName } from './names.ts';
import { defaultTtl } from './spec.ts';

/**
 * A packet in one line: `tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S length=60`. Of an IP packet or ARP that is not
 * malformed it is packet notation, from which `parseNotation` makes a packet with the same header fields.
 */
export function describePacket(packet: Packet): string {
  const words = [...subject(packet), ...transportWords(packet), `length=${packet.length}`, ...networkWords(packet)];
  if (packet.traits & Trait.VLAN) words.push(vlanWord(packet));
  const malformed = packet.rule > Reason.INTERNAL && packet.rule < Reason.MAX;
  if (malformed) words.push(`(${reasonNames[packet.rule]})`);
  return words.join(' ');
}

function subject(packet: Packet): string[] {
  if (packet.family === 0) return [linkSubject(packet)];
  const { family, protocol } = packet;
  const name = isForeignIcmp(family, protocol) ? String(protocol) : protocolName(protocol);
  return [name, endpoint(packet, 'src'), '>', endpoint(packet, 'dst')];
}

function linkSubject(packet: Packet): string {
  if (packet.ethertype === Ethertype.ARP) return 'arp';
  return packet.l3Offset === 0 ? 'frame' : `ethertype=0x${packet.ethertype.toString(16).padStart(4, '0')}`;
}

function endpoint(packet: Packet, end: 'src' | 'dst'): string {
  const address = formatAddress(addressOf(packet, end));
  if (!(packet.traits & Trait.PORTS)) return address;
  const port = end === 'src' ? packet.srcPort : packet.dstPort;
  return packet.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The source or destination address of an IP packet. */
export function addressOf(packet: Packet, end: 'src' | 'dst'): Address {
  const family = packet.family === 4 ? 4 : 6;
  return end === 'src'
    ? { family, hi: packet.srcHi, lo: packet.srcLo }
    : { family, hi: packet.dstHi, lo: packet.dstLo };
}

function transportWords(packet: Packet): string[] {
  if (packet.traits & Trait.TCP) return [`flags=${formatTcpFlags(packet.tcpFlags)}`];
  return packet.traits & Trait.ICMP ? icmpWords(packet) : [];
}

function icmpWords({ family, icmpType, icmpCode }: Packet): string[] {
  const type = icmpTypesOf(family).find(({ number }) => number === icmpType);
  const codes = [...(type?.codes ?? [])];
  const code = codes.find(([, number]) => number === icmpCode)?.[0] ?? (icmpCode === 0 ? undefined : icmpCode);
  return [type?.name ?? `type=${icmpType}`, ...(code === undefined ? [] : [`code=${code}`])];
}

/** Of the IP header what is not as most packets have it. */
function networkWords(packet: Packet): string[] {
  if (packet.family === 0) return [];
  const words: string[] = [];
  if (packet.ttl !== defaultTtl(packet)) words.push(`ttl=${packet.ttl}`);
  if (packet.dscp !== 0) words.push(`dscp=${packet.dscp}`);
  if (packet.fragment === Fragment.FIRST) words.push('fragment=first');
  if (packet.fragment === Fragment.LATER) words.push('fragment=later');
  return words;
}

function vlanWord({ traits, vlan, vlanInner }: Packet): string {
  return traits & Trait.VLAN_INNER ? `vlan=${vlan},${vlanInner}` : `vlan=${vlan}`;
}
