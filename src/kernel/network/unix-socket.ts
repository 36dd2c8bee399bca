import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import { systemCall } from '../system/system-call.ts';

/** Linux asm-generic/socket.h and linux/socket.h. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_NETNS_COOKIE = 71;
const MSG_NOSIGNAL = 0x4000;

/** Who is at the other end of a connected unix socket, as the kernel saw it when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export function peerCredentials(fd: number): PeerCredentials {
  const [pid = 0, uid = 0, gid = 0] = new Uint32Array(option(fd, SO_PEERCRED, 12).buffer);
  return { pid, uid, gid };
}

/** The number of the thread's network namespace, which no other gets until the machine starts again. Linux 5.14. */
export function namespaceCookie(): bigint {
  using socket = openDatagramSocket();
  return new BigUint64Array(option(socket.fd, SO_NETNS_COOKIE, 8).buffer)[0] ?? 0n;
}

/**
 * Sends one datagram to a unix socket: what Node cannot.
 * @param path of a file; with `@` in front, the name of an abstract socket
 */
export function sendDatagram(path: string, text: string): void {
  using socket = openDatagramSocket();
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  const address = new Uint8Array(2 + name.length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(name, 2);
  const bytes = Uint8Array.from(Buffer.from(text));
  systemCall('sendto', [socket.fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length], path);
}

function openDatagramSocket(): Descriptor {
  return ownDescriptor(systemCall('socket', [AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0], 'unix socket'), 'unix socket');
}

function option(fd: number, name: number, size: number): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(size);
  const length = new Uint8Array(Uint32Array.of(size).buffer);
  systemCall('getsockopt', [fd, SOL_SOCKET, name, value, length], 'unix socket');
  return value;
}
