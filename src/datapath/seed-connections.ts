import { connectionFields, Flow, Phase } from '../generated/abi.ts';
import { jiffiesClock } from '../kernel/jiffies-clock.ts';
import type { Address } from '../packet/address.ts';
import type { Tables } from './hand-over.ts';
import { entryHash, newEntry } from './slot-table.ts';
import { listTcpSockets, type TcpSocket } from './tcp-sockets.ts';

const PROTOCOL_TCP = 6;
const { srcHi, srcLo, dstHi, dstLo, srcPort, dstPort, protocol, traits, phase, firstEra, last, first } =
  connectionFields;

/**
 * Puts the TCP connections of this host's own sockets into tables that are new: whoever is connected already goes on,
 * whichever side speaks next, where the rules allow it. Of a network namespace: the calling thread's.
 * @returns how many had no room
 */
export function seedConnections({ proven }: Tables, seed: bigint): number {
  const sockets = listTcpSockets();
  const served = new Set(sockets.filter(({ state }) => state === 'listening').map(({ localPort }) => localPort));
  const now = jiffiesClock().now();
  let left = 0;
  for (const socket of sockets) {
    if (socket.state !== 'established' || isLoopback(socket.local)) continue;
    const entry = newEntry();
    const { view } = entry;
    const { local, localPort, remote, remotePort } = socket;
    const isInbound = served.has(localPort);
    const [from, to] = isInbound
      ? [end(remote, remotePort), end(local, localPort)]
      : [end(local, localPort), end(remote, remotePort)];
    view.setBigUint64(srcHi.offset, from.hi, true);
    view.setBigUint64(srcLo.offset, from.lo, true);
    view.setBigUint64(dstHi.offset, to.hi, true);
    view.setBigUint64(dstLo.offset, to.lo, true);
    view.setUint16(srcPort.offset, from.port, true);
    view.setUint16(dstPort.offset, to.port, true);
    view.setUint8(protocol.offset, PROTOCOL_TCP);
    const family = local.family === 6 ? Flow.IPV6 : 0;
    view.setUint8(traits.offset, family | Flow.MIDSTREAM | (isInbound ? 0 : Flow.OUTBOUND));
    view.setUint8(phase.offset, Phase.ESTABLISHED);
    view.setUint8(firstEra.offset, Number((now >> 32n) & 0xffn));
    view.setUint32(first.offset, Number(now & 0xffff_ffffn), true);
    view.setUint32(last.offset, Number(now & 0xffff_ffffn), true);
    const hash = entryHash(entry, seed);
    if (proven.find(entry, hash) === undefined && proven.insert(entry, hash) === undefined) left++;
  }
  return left;
}

const end = ({ hi, lo }: Address, port: number) => ({ hi, lo, port });

const isLoopback = ({ family, hi, lo }: TcpSocket['local']): boolean =>
  family === 4 ? lo >> 24n === 127n : hi === 0n && lo === 1n;
