import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import { alignUp, struct, textOf } from '../system/struct.ts';
import { SystemCallError, systemCall } from '../system/system-call.ts';
import * as nl from '../system/uapi-rtnetlink.ts';
import { type Attribute, decodeAttributes, encodeAttributes } from './attributes.ts';

/** `struct nlmsghdr`. */
const header = struct({ nlmsg_len: 'u32', nlmsg_type: 'u16', nlmsg_flags: 'u16', nlmsg_seq: 'u32', nlmsg_pid: 'u32' });

export interface NetlinkRequest {
  /** As in the kernel's source, for errors: `RTM_NEWQDISC`. */
  readonly name: string;
  readonly type: number;
  /** NLM_F_*, or-ed; NLM_F_REQUEST is added, and NLM_F_ACK where it is not a dump. */
  readonly flags: number;
  /** The fixed struct in front of the attributes. */
  readonly body: Uint8Array;
  readonly attributes?: readonly Attribute[];
  /** What it is about, for errors: `interface "eth0"`. */
  readonly object: string;
}

/** A message of an answer, without its header. */
export type NetlinkReply = Buffer;

const RECEIVE_BUFFER = 1 << 16;

/**
 * One question to rtnetlink in the current network namespace, and its whole answer.
 * @throws SystemCallError with the kernel's own words where it has some
 */
export function netlink(request: NetlinkRequest): NetlinkReply[] {
  using socket = openSocket();
  return ask(socket, request);
}

/** The same on a socket that is kept: it asks the network namespace that it was opened in. */
export function ask(socket: Descriptor, request: NetlinkRequest): NetlinkReply[] {
  const dump = (request.flags & nl.NLM_F_DUMP) === nl.NLM_F_DUMP;
  send(socket, request, request.flags | nl.NLM_F_REQUEST | (dump ? 0 : nl.NLM_F_ACK));
  const replies: NetlinkReply[] = [];
  const buffer = Buffer.from(new ArrayBuffer(RECEIVE_BUFFER));
  for (;;) {
    const length = systemCall('recvfrom', [socket.fd, buffer, buffer.length, 0, 0, 0], 'netlink');
    // The buffer is used again for the next datagram.
    if (takeMessages(Buffer.from(buffer.subarray(0, length)), request, replies)) return replies;
  }
}

export function openSocket(): Descriptor {
  const fd = systemCall('socket', [nl.AF_NETLINK, nl.SOCK_RAW | nl.SOCK_CLOEXEC, nl.NETLINK_ROUTE], 'netlink');
  const socket = ownDescriptor(fd, 'netlink socket');
  const on = Uint8Array.of(1, 0, 0, 0);
  systemCall('setsockopt', [fd, nl.SOL_NETLINK, nl.NETLINK_EXT_ACK, on, on.length], 'netlink');
  return socket;
}

function send(socket: Descriptor, request: NetlinkRequest, flags: number): void {
  const payload = Buffer.concat([request.body, encodeAttributes(request.attributes ?? [])]);
  const length = header.size + payload.length;
  const head = header.encode({ nlmsg_len: length, nlmsg_type: request.type, nlmsg_flags: flags, nlmsg_seq: 1 });
  const message = Buffer.concat([head.bytes, payload]);
  systemCall('sendto', [socket.fd, message, message.length, 0, 0, 0], request.object);
}

/** Collects what is in a datagram; true when the answer ends with it. */
function takeMessages(datagram: Buffer, request: NetlinkRequest, replies: NetlinkReply[]): boolean {
  for (const { type, flags, body } of messagesOf(datagram)) {
    if (type === nl.NLMSG_DONE) return true;
    if (type === nl.NLMSG_ERROR) {
      const value = -body.readInt32LE(0);
      if (value === 0) return true;
      throw refusal(request, value, flags, body);
    }
    replies.push(body);
  }
  return false;
}

/** The messages of a datagram, whose memory they share. */
export function* messagesOf(
  datagram: Buffer,
): Generator<{ readonly type: number; readonly flags: number; readonly body: NetlinkReply }> {
  for (let offset = 0; offset + header.size <= datagram.length; ) {
    const { nlmsg_len, nlmsg_type, nlmsg_flags } = header.decode(datagram.subarray(offset));
    // What is shorter than its header would go on for ever.
    if (nlmsg_len < header.size) return;
    yield { type: nlmsg_type, flags: nlmsg_flags, body: datagram.subarray(offset + header.size, offset + nlmsg_len) };
    offset += alignUp(nlmsg_len, 4);
  }
}

/** The body is `struct nlmsgerr`: errno, the header of the request, its payload unless capped, then attributes. */
function refusal(request: NetlinkRequest, errno: number, flags: number, body: Buffer): SystemCallError {
  let detail: string | undefined;
  if ((flags & nl.NLM_F_ACK_TLVS) !== 0) {
    const requestLength = (flags & nl.NLM_F_CAPPED) !== 0 ? header.size : alignUp(body.readUInt32LE(4), 4);
    const message = decodeAttributes(body.subarray(4 + requestLength)).get(nl.NLMSGERR_ATTR_MSG);
    detail = message === undefined ? undefined : textOf(message);
  }
  return new SystemCallError({ call: `rtnetlink(${request.name})`, object: request.object, errno, detail });
}
