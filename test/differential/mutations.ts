import type { Random } from './random.ts';

/** A frame as a capture has it: cut short, perhaps. */
export interface CutFrame {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
}

/** The shortest frame that the kernel's test run takes. */
export const SHORTEST_FRAME = 15;

/** Where headers have the fields that parsers stumble over: most faults belong here. */
const HEADER_BYTES = 100;

/** The frame with one thing wrong, or two: bits, bytes, its type, its end. */
export function mutated(frame: Uint8Array, random: Random): CutFrame {
  const once = random.pick(mutations)(frame.slice(), random);
  return random.once(3) ? { ...random.pick(mutations)(once.bytes, random) } : once;
}

type Mutation = (frame: Uint8Array, random: Random) => CutFrame;

const mutations: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  setEthertype,
  (frame, random) => whole(frame.subarray(0, cut(frame, random))),
  (frame, random) => ({ bytes: frame.subarray(0, cut(frame, random)), wireLength: frame.length }),
  (frame, random) => whole(Uint8Array.of(...frame, ...random.bytes(random.integer(1, 40)))),
  insertTag,
  randomFrame,
];

const whole = (bytes: Uint8Array): CutFrame => ({ bytes, wireLength: bytes.length });

function place(frame: Uint8Array, random: Random): number {
  return random.integer(12, Math.min(frame.length, HEADER_BYTES) - 1);
}

function flipBit(frame: Uint8Array, random: Random): CutFrame {
  const at = place(frame, random);
  frame[at] = (frame[at] as number) ^ (1 << random.integer(0, 7));
  return whole(frame);
}

function setByte(frame: Uint8Array, random: Random): CutFrame {
  frame[place(frame, random)] = random.pick([0, 1, 4, 5, 6, 0x45, 0x60, 0x7f, 0x80, 0xff, random.integer(0, 255)]);
  return whole(frame);
}

const ethertypes = [0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x9000, 0x0000];

function setEthertype(frame: Uint8Array, random: Random): CutFrame {
  new DataView(frame.buffer, frame.byteOffset).setUint16(12, random.pick(ethertypes));
  return whole(frame);
}

/** A VLAN tag more, so that three of them occur. */
function insertTag(frame: Uint8Array, random: Random): CutFrame {
  const tag = [0x81, 0x00, ...random.bytes(2)];
  return whole(Uint8Array.of(...frame.subarray(0, 12), ...tag, ...frame.subarray(12)));
}

function cut(frame: Uint8Array, random: Random): number {
  return random.integer(SHORTEST_FRAME, frame.length);
}

function randomFrame(_: Uint8Array, random: Random): CutFrame {
  const frame = random.bytes(random.integer(SHORTEST_FRAME, 120));
  return random.once(2) ? whole(frame) : setEthertype(frame, random);
}
