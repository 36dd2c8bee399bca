import type { Packet } from '../../generated/abi.ts';
import { describePacket } from '../../packet/describe.ts';
import type { Circumstances, Direction } from '../../policy/decision.ts';

/** A frame made for a rehearsal, and how it passes. */
export interface MadePacket {
  /** What a test run takes of it: a long packet is cut. */
  readonly frame: Uint8Array;
  /** What `parseFrame` says of the frame. */
  readonly packet: Packet;
  readonly circumstances: Circumstances & { readonly wireLength: number; readonly timeMs: number };
}

/** A packet for people: in the notation that `sluice ask` reads, and where it passes. */
export interface Example {
  readonly packet: string;
  readonly direction: Direction;
  /** Undefined where the policy has no interface. */
  readonly interface?: string;
  /** When it passes, where that is not now: while the rule's window of time is open. */
  readonly at?: Date;
}

/** Bytes of a payload that an example writes out. */
const LONGEST_PAYLOAD = 64;

export function exampleOf({ frame, packet, circumstances }: MadePacket): Example {
  const payload = payloadWord(frame.subarray(packet.payloadOffset));
  const { direction, interface: name, timeMs } = circumstances;
  const isNow = timeMs <= Date.now();
  return {
    packet: `${describePacket(packet)}${payload}`,
    direction,
    ...(name !== undefined && { interface: name }),
    ...(!isNow && { at: new Date(timeMs) }),
  };
}

/** Zeroes at the end go without saying: the packet's length is told. */
function payloadWord(payload: Uint8Array): string {
  let end = payload.length;
  while (end > 0 && payload[end - 1] === 0) end--;
  return end === 0 || end > LONGEST_PAYLOAD ? '' : ` payload=${Buffer.from(payload.subarray(0, end)).toString('hex')}`;
}
