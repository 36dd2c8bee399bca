import { type Connection, connectionCodec, Flow, Phase } from '../generated/abi.ts';
import { listInterfaces } from '../kernel/index.ts';
import type { Address } from '../packet/address.ts';
import { Protocol } from '../packet/headers.ts';
import type { PacketSpec } from '../packet/spec.ts';
import { ENTRY_BYTES, liveSlots } from './connection-tables.ts';
import type { FoundConnections } from './found-connections.ts';

/** A live connection, as rules are asked about it. */
export interface LiveFlow {
  /** The packet by which rules judge it: the one that it began with. */
  readonly first: PacketSpec;
  /** What goes the other way. */
  readonly reply: PacketSpec;
  /** Where its first packet was seen. */
  readonly direction: 'ingress' | 'egress';
  /** Undefined where that interface has gone. */
  readonly interface: string | undefined;
  /** It comes in by one interface and goes out by another. */
  readonly isForwarded: boolean;
}

/** Those that are live and that the policy in force lets pass, in the tables' order: as good as at random. */
export function* liveFlows(found: FoundConnections): Generator<LiveFlow> {
  const { tables: memory, age } = found.look();
  using open = memory;
  const interfaces = new Map(listInterfaces().map(({ index, name }) => [index, name]));
  for (const table of open.tables) {
    for (const slot of liveSlots(table, age)) {
      const connection = connectionCodec.read(table.view, slot * ENTRY_BYTES);
      if (connection.phase === Phase.KILLED || connection.judged.some(({ rule }) => rule >= JUDGED_DENIED)) continue;
      yield flowOf(connection, interfaces.get(connection.ifindex));
    }
  }
}

/** As in bpf/abi/connection.h, of `struct judged.rule`. */
const JUDGED_DENIED = 2 ** 31;
const [SYN, ACK] = [0x02, 0x10];
/** By family: what asks and what answers. */
const ECHO = { 4: [8, 0], 6: [128, 129] } as const;

function flowOf(connection: Connection, name: string | undefined): LiveFlow {
  const { protocol, traits, phase, srcPort, dstPort, judged } = connection;
  const family = traits & Flow.IPV6 ? 6 : 4;
  const src: Address = { family, hi: connection.srcHi, lo: connection.srcLo };
  const dst: Address = { family, hi: connection.dstHi, lo: connection.dstLo };
  const isOutbound = (traits & Flow.OUTBOUND) !== 0;
  const there = { protocol, src, dst };
  const back = { protocol, src: dst, dst: src };
  const flow = {
    direction: isOutbound ? ('egress' as const) : ('ingress' as const),
    interface: name,
    isForwarded: !isOutbound && judged[1]?.epoch !== 0,
  };
  if (phase === Phase.ECHO) {
    const [request, reply] = ECHO[family];
    return { ...flow, first: { ...there, icmpType: request }, reply: { ...back, icmpType: reply } };
  }
  if (phase === Phase.OTHER) return { ...flow, first: there, reply: back };
  const [from, to] = [
    { srcPort, dstPort },
    { srcPort: dstPort, dstPort: srcPort },
  ];
  if (protocol !== Protocol.TCP) return { ...flow, first: { ...there, ...from }, reply: { ...back, ...to } };
  const tcpFlags = traits & Flow.MIDSTREAM ? ACK : SYN;
  return { ...flow, first: { ...there, ...from, tcpFlags }, reply: { ...back, ...to, tcpFlags: ACK } };
}
