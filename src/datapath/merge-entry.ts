import { connectionFields, Phase, SIDE_BEHIND, tcpSideCodec, tcpSideFields } from '../generated/abi.ts';
import type { Entry } from './slot-table.ts';

const { protocol, phase, last, traits, packets, bytes, sides } = connectionFields;
const { end, limit, window, scale, flags } = tcpSideFields;
const PROTOCOL_TCP = 6;

/** Its packets may go by another entry for a while: the next of each direction says where that has come to. */
export function mayLagBehind({ view }: Entry): void {
  const state = view.getUint8(phase.offset);
  if (view.getUint8(protocol.offset) !== PROTOCOL_TCP) return;
  if (state < Phase.SYN_RECEIVED || state > Phase.CLOSING) return;
  for (const side of sideOffsets) {
    const at = side + scale.offset;
    view.setUint8(at, view.getUint8(at) | SIDE_BEHIND);
  }
}

const sideOffsets = [sides.offset, sides.offset + tcpSideCodec.size];
const counters = [packets.offset, packets.offset + 8, bytes.offset, bytes.offset + 8];

/**
 * Adds what `from` knows of a connection to `into`, which packets go by.
 * @param counted what `into` began from: packets, then bytes, by direction; undefined where that is not known
 */
export function mergeEntry(from: Entry, into: Entry, counted: readonly bigint[] | undefined): void {
  for (const [i, at] of counters.entries()) {
    const [theirs, own] = [from.view.getBigUint64(at, true), into.view.getBigUint64(at, true)];
    const since = counted && theirs - (counted[i] as bigint);
    into.view.setBigUint64(at, since === undefined ? (theirs > own ? theirs : own) : own + since, true);
  }
  const [before, now] = [from.view.getUint8(phase.offset), into.view.getUint8(phase.offset)];
  const isAhead = before > now;
  if (isAhead) into.view.setUint8(phase.offset, before);
  into.view.setUint8(traits.offset, into.view.getUint8(traits.offset) | from.view.getUint8(traits.offset));
  setLater(from.view, into.view, last.offset);
  if (into.view.getUint8(protocol.offset) !== PROTOCOL_TCP) return;
  if (isAhead && now === Phase.SYN_SENT) {
    into.bytes.set(from.bytes.subarray(sides.offset, sides.offset + sides.size), sides.offset);
    mayLagBehind(into);
    return;
  }
  for (const side of sideOffsets) {
    setLater(from.view, into.view, side + end.offset);
    setLater(from.view, into.view, side + limit.offset);
    const widest = Math.max(
      from.view.getUint16(side + window.offset, true),
      into.view.getUint16(side + window.offset, true),
    );
    into.view.setUint16(side + window.offset, widest, true);
    const at = side + flags.offset;
    into.view.setUint8(at, into.view.getUint8(at) | from.view.getUint8(at));
  }
}

/** The later one of two numbers that begin anew at 2³². */
function setLater(from: DataView, into: DataView, offset: number): void {
  const theirs = from.getUint32(offset, true);
  if (((theirs - into.getUint32(offset, true)) | 0) > 0) into.setUint32(offset, theirs, true);
}
