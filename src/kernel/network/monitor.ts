import type { Descriptor } from '../system/descriptor.ts';
import { errno } from '../system/errno.ts';
import { watchReadable } from '../system/ffi.ts';
import { struct } from '../system/struct.ts';
import { SystemCallError, systemCall, trySystemCall } from '../system/system-call.ts';
import * as nl from '../system/uapi-rtnetlink.ts';
import { decodeAttributes } from './attributes.ts';
import { eventsBetween, eventsBetweenLists, type InterfaceEvent } from './interface-events.ts';
import { linkMessage, type NetworkLink, readLink } from './link-message.ts';
import { ask, messagesOf, openSocket } from './netlink.ts';

/** The interfaces of one network namespace, and what becomes of them. */
export interface InterfaceMonitor {
  /** By index, as of the events that have been read. */
  readonly links: ReadonlyMap<number, NetworkLink>;
  /** What has happened since it was asked last, oldest first. Does not wait. */
  poll(): InterfaceEvent[];
  /** Lists all interfaces anew: finds what the kernel does not tell, too, which is what others do by BPF links. */
  refresh(): InterfaceEvent[];
  /**
   * Hands on what happens, from the event loop, until the returned function is called.
   * @param options.keepAlive whether waiting for events keeps the process running; true where left out.
   */
  subscribe(
    onEvents: (events: readonly InterfaceEvent[]) => void,
    options?: { readonly keepAlive?: boolean },
  ): () => void;
  /** Ends subscriptions. */
  close(): void;
  [Symbol.dispose](): void;
}

/** `struct sockaddr_nl`. */
const address = struct({ nl_family: 'u16', nl_pad: 'u16', nl_pid: 'u32', nl_groups: 'u32' });

const RECEIVE_BUFFER = 1 << 16;

/**
 * Watches the interfaces of the calling thread's network namespace, wherever the thread goes later. When more happens than
 * the kernel keeps for a reader (ENOBUFS), all interfaces are listed again: what came and went in between is not told, and
 * what is there in the end is.
 */
export function monitorInterfaces(): InterfaceMonitor {
  const owned: Descriptor[] = [];
  const watches = new Set<() => void>();
  const close = (): void => {
    for (const stop of watches) stop();
    for (const socket of owned) socket.close();
  };
  try {
    const [events, questions] = [openSocket(), openSocket()];
    owned.push(events, questions);
    const { bytes } = address.encode({ nl_family: nl.AF_NETLINK, nl_groups: nl.RTMGRP_LINK });
    systemCall('bind', [events.fd, bytes, bytes.length], 'netlink');
    return { ...watchLinks(events, questions, watches), close, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

function watchLinks(
  socket: Descriptor,
  questions: Descriptor,
  watches: Set<() => void>,
): Omit<InterfaceMonitor, 'close' | typeof Symbol.dispose> {
  const buffer = Buffer.from(new ArrayBuffer(RECEIVE_BUFFER));
  // Only what comes later is new: the socket listens already.
  const links = listLinks(questions);

  function poll(): InterfaceEvent[] {
    const found: InterfaceEvent[] = [];
    let missed = false;
    for (;;) {
      const length = trySystemCall('recvfrom', [socket.fd, buffer, buffer.length, nl.MSG_DONTWAIT, 0, 0]);
      if (length === -errno.EAGAIN) break;
      if (length === -errno.ENOBUFS) missed = true;
      else if (length < 0) throw new SystemCallError({ call: 'recvfrom', object: 'netlink', errno: -length });
      else if (!missed)
        for (const { type, body } of messagesOf(buffer.subarray(0, length))) found.push(...take(type, body));
    }
    return missed ? [...found, ...refresh()] : found;
  }

  function take(type: number, body: Buffer): InterfaceEvent[] {
    // A bridge tells of its ports in the same words, under its own family: a port that leaves it is not gone.
    const { ifi_family, ifi_index } = linkMessage.decode(body);
    if (ifi_family !== nl.AF_UNSPEC) return [];
    const before = links.get(ifi_index);
    if (type === nl.RTM_NEWLINK) {
      const link = readLink(body, before);
      links.set(link.index, link);
      return eventsBetween(before, link);
    }
    if (type !== nl.RTM_DELLINK || before === undefined) return [];
    links.delete(ifi_index);
    const moved = decodeAttributes(body.subarray(linkMessage.size)).has(nl.IFLA_NEW_NETNSID);
    return [{ what: 'gone', link: before, moved }];
  }

  function refresh(): InterfaceEvent[] {
    const before = new Map(links);
    links.clear();
    for (const [index, link] of listLinks(questions)) links.set(index, link);
    return eventsBetweenLists(before, links);
  }

  return {
    links,
    poll,
    refresh,
    subscribe: (onEvents, { keepAlive = true } = {}) => {
      const watch = watchReadable(socket.fd, keepAlive, () => {
        const events = poll();
        if (events.length > 0) onEvents(events);
      });
      const stop = (): void => {
        if (watches.delete(stop)) watch.close();
      };
      watches.add(stop);
      return stop;
    },
  };
}

function listLinks(socket: Descriptor): Map<number, NetworkLink> {
  const replies = ask(socket, {
    name: 'RTM_GETLINK',
    type: nl.RTM_GETLINK,
    flags: nl.NLM_F_DUMP,
    body: linkMessage.encode({}).bytes,
    object: 'interfaces',
  });
  return new Map(replies.map((reply) => readLink(reply)).map((link) => [link.index, link]));
}
