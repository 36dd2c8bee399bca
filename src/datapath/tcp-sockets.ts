import { readFileSync } from 'node:fs';
import type { Address } from '../packet/address.ts';

export interface TcpSocket {
  readonly state: 'established' | 'listening' | 'other';
  readonly local: Address;
  readonly localPort: number;
  readonly remote: Address;
  readonly remotePort: number;
  readonly inode: string;
}

/** Of include/net/tcp_states.h, as /proc writes them. */
const states: Readonly<Record<string, TcpSocket['state']>> = { '01': 'established', '0A': 'listening' };

/** The TCP sockets of the calling thread's network namespace. IPv4 in a socket for both families is IPv4. */
export function listTcpSockets(): TcpSocket[] {
  return ['tcp', 'tcp6'].flatMap((table) => readTable(`/proc/thread-self/net/${table}`));
}

/** A kernel without IPv6 has no table for it. */
function readTable(path: string): TcpSocket[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => parseTcpSocket(line) ?? []);
}

/** A line of the table: number, local and remote address, state, and the inode in the tenth column. */
export function parseTcpSocket(line: string): TcpSocket | undefined {
  const [, local, remote, state = '', , , , , , inode] = line.trim().split(/\s+/);
  if (local === undefined || remote === undefined || inode === undefined) return undefined;
  const [here, there] = [parseEndpoint(local), parseEndpoint(remote)];
  return {
    state: states[state] ?? 'other',
    local: here.address,
    localPort: here.port,
    remote: there.address,
    remotePort: there.port,
    inode,
  };
}

/** `0A0200C0:0016`: words of the address in network order, each printed as a number of this machine's byte order. */
function parseEndpoint(text: string): { readonly address: Address; readonly port: number } {
  const [words = '', port = '0'] = text.split(':');
  const bytes = Buffer.from(words, 'hex');
  bytes.swap32();
  const address: Address =
    bytes.length === 4
      ? { family: 4, hi: 0n, lo: BigInt(bytes.readUInt32BE(0)) }
      : { family: 6, hi: bytes.readBigUInt64BE(0), lo: bytes.readBigUInt64BE(8) };
  return { address: unmapped(address), port: Number.parseInt(port, 16) };
}

const MAPPED = 0xffffn;

/** The address as it is in packets: of IPv4 in a socket for both families, the one of IPv4. */
export function unmapped(address: Address): Address {
  const isMapped = address.family === 6 && address.hi === 0n && address.lo >> 32n === MAPPED;
  return isMapped ? { family: 4, hi: 0n, lo: address.lo & 0xffff_ffffn } : address;
}
