import { Reason } from '../../generated/abi.ts';
import { buildFrame } from '../../packet/build.ts';
import { parseFrame } from '../../packet/parse.ts';
import { headersLength, type PacketSpec } from '../../packet/spec.ts';
import type { CheckedMatch, PayloadMatch } from '../../policy/checked.ts';
import type { Circumstances } from '../../policy/decision.ts';
import type { MadePacket } from './made-packet.ts';

/** What a test run gives a program of a frame: more is only told as the frame's length. */
export const LONGEST_FRAME = 3400;

/** The frame of `spec`, with the bytes that `match` looks for where it looks for them. Undefined where it is malformed. */
export function assemble(
  spec: PacketSpec,
  { payload, length }: CheckedMatch,
  circumstances: Circumstances,
): MadePacket | undefined {
  const least = headersLength(spec) + (spec.payload?.length ?? 0);
  const sound = spec.length !== undefined && spec.length < least ? { ...spec, length: least } : spec;
  const frame = payload ? withBytes(sound, payload, length === undefined) : buildFrame(sound);
  return toPacket(frame, frame.length, circumstances);
}

/** Undefined where the frame is malformed. */
export function toPacket(frame: Uint8Array, wireLength: number, circumstances: Circumstances): MadePacket | undefined {
  const cut = frame.length > LONGEST_FRAME ? frame.slice(0, LONGEST_FRAME) : frame;
  const packet = parseFrame(cut, { ifindex: 0, frameLength: wireLength });
  if (packet.rule !== Reason.NONE) return undefined;
  return { frame: cut, packet, circumstances: { timeMs: Date.now(), ...circumstances, wireLength } };
}

/** A packet that is too short for them gets a longer payload, or where its length is fixed, bytes behind its end. */
function withBytes(spec: PacketSpec, match: PayloadMatch, mayGrow: boolean): Uint8Array {
  let frame = buildFrame(spec);
  const start = startOf(match, frame);
  const missing = start + match.bytes.length - frame.length;
  if (missing > 0) frame = mayGrow ? buildFrame(grown(spec, missing)) : padded(frame, missing);
  return putBytes(frame, match, start);
}

/** Where the bytes of a payload match begin. */
export function startOf({ base, offset }: PayloadMatch, frame: Uint8Array): number {
  const { l3Offset, l4Offset, payloadOffset } = parseFrame(frame, { ifindex: 0 });
  return { frame: 0, network: l3Offset, transport: l4Offset, payload: payloadOffset }[base] + offset;
}

function grown(spec: PacketSpec, missing: number): PacketSpec {
  return { ...spec, payload: new Uint8Array((spec.payload?.length ?? 0) + missing) };
}

function padded(frame: Uint8Array, bytes: number): Uint8Array {
  const longer = new Uint8Array(frame.length + bytes);
  longer.set(frame);
  return longer;
}

/** Changes and returns `frame`. */
function putBytes(frame: Uint8Array, { bytes, mask }: PayloadMatch, start: number): Uint8Array {
  bytes.forEach((byte, index) => {
    const bits = mask[index] ?? 0;
    frame[start + index] = ((frame[start + index] ?? 0) & ~bits) | (byte & bits);
  });
  return frame;
}
