import { Protocol } from './headers.ts';

/** Names of IP protocols, as policies, packet notation and descriptions write them. */
export const protocolNumbers: ReadonlyMap<string, number> = new Map([
  ['icmp', Protocol.ICMP],
  ['igmp', 2],
  ['ipip', Protocol.IPV4],
  ['tcp', Protocol.TCP],
  ['udp', Protocol.UDP],
  ['ipv6', Protocol.IPV6],
  ['gre', Protocol.GRE],
  ['esp', Protocol.ESP],
  ['ah', Protocol.AH],
  ['icmp6', Protocol.ICMPV6],
  ['ospf', 89],
  ['pim', 103],
  ['vrrp', 112],
  ['sctp', Protocol.SCTP],
  ['udplite', 136],
]);

/** Other names that people know a protocol by. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['icmpv4', 'icmp'],
  ['icmpv6', 'icmp6'],
]);

/** The number of a protocol by its name, in any case. */
export function protocolNumber(name: string): number | undefined {
  const known = name.toLowerCase();
  return protocolNumbers.get(aliases.get(known) ?? known);
}

const protocolNames: ReadonlyMap<number, string> = new Map(
  [...protocolNumbers].map(([name, number]) => [number, name]),
);

/** The name of an IP protocol, or its number where it has none here. */
export function protocolName(protocol: number): string {
  return protocolNames.get(protocol) ?? String(protocol);
}

/** Letter n stands for bit n of the TCP flags: FIN SYN RST PSH ACK URG ECE CWR. */
const TCP_FLAG_LETTERS = 'FSRPAUEC';

/** In which order people write them: `SA`, not `AS`. */
const WRITTEN_ORDER = 'SAFRPUEC';

/** `SA` for 0x12; `none` where no flag is set. */
export function formatTcpFlags(flags: number): string {
  const letters = [...WRITTEN_ORDER].filter((letter) => flags & tcpFlagBit(letter));
  return letters.join('') || 'none';
}

/** Reads letters in any order and case; `.` is tcpdump's ACK. Undefined where one is no flag. */
export function parseTcpFlags(text: string): number | undefined {
  if (text === 'none') return 0;
  const bits = [...text.toUpperCase()].map((letter) => tcpFlagBit(letter === '.' ? 'A' : letter));
  return bits.length === 0 || bits.includes(0) ? undefined : bits.reduce((flags, bit) => flags | bit);
}

function tcpFlagBit(letter: string): number {
  const bit = TCP_FLAG_LETTERS.indexOf(letter);
  return bit < 0 ? 0 : 1 << bit;
}
