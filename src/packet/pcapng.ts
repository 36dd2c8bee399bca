import type { ByteReader } from './byte-reader.ts';
import { type CaptureRecord, checkPacketLength, malformed, truncated, viewOf } from './capture-record.ts';
import { type CaptureInterface, readInterface } from './pcapng-interface.ts';

const BlockType = { INTERFACE: 1, PACKET: 2, SIMPLE_PACKET: 3, ENHANCED_PACKET: 6, SECTION: 0x0a0d0d0a } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type and length before the body, the length again behind it. */
const BLOCK_HEAD_LENGTH = 8;
const BLOCK_FRAME_LENGTH = 12;
/** Bytes of the body before the packet's; of a section: byte order, version, length. */
const bodyMinimum: Readonly<Record<number, number>> = {
  [BlockType.SECTION]: 16,
  [BlockType.INTERFACE]: 8,
  [BlockType.PACKET]: 20,
  [BlockType.SIMPLE_PACKET]: 4,
  [BlockType.ENHANCED_PACKET]: 20,
};
/** Of blocks that are read; others are passed over at any length. As libpcap has it. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** `magic`: the first four bytes of a file, as a big-endian number. */
export function isPcapng(magic: number): boolean {
  return magic === BlockType.SECTION;
}

/** What counts until the next section header. */
interface Section {
  readonly littleEndian: boolean;
  readonly interfaces: CaptureInterface[];
}

interface Block {
  readonly type: number;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly body: DataView;
}

/**
 * The packets of a pcapng file, over all its sections and interfaces. Blocks that hold no packets are passed over.
 * Throws a SluiceError: `capture/format` at what cannot be, `capture/truncated` where the file ends within a block,
 * after all packets before it.
 */
export function* readPcapng(reader: ByteReader): Generator<CaptureRecord> {
  let section: Section = { littleEndian: true, interfaces: [] };
  for (let index = 1; !reader.atEnd(); ) {
    section = readSection(reader) ?? section;
    const block = readBlock(reader, section, index);
    if (block === undefined) continue;
    if (block.type === BlockType.INTERFACE) section.interfaces.push(readInterface(block.body, section.littleEndian));
    const packet = readPacket(block, section);
    if (packet === undefined) continue;
    yield toRecord(reader, section, block, packet, index);
    index++;
  }
}

/** A new section where the next block is a section header, which says in what byte order all others are. */
function readSection(reader: ByteReader): Section | undefined {
  const head = reader.peek(BLOCK_FRAME_LENGTH);
  if (head === undefined) return undefined;
  const view = viewOf(head);
  if (view.getUint32(0) !== BlockType.SECTION) return undefined;
  for (const littleEndian of [true, false]) {
    if (view.getUint32(BLOCK_HEAD_LENGTH, littleEndian) === BYTE_ORDER_MAGIC) return { littleEndian, interfaces: [] };
  }
  throw malformed(reader, `the section header at byte ${reader.offset} says no byte order`);
}

/** The next block; undefined for one that is not of interest. */
function readBlock(reader: ByteReader, { littleEndian }: Section, index: number): Block | undefined {
  const { offset } = reader;
  const what = `the block of record ${index}`;
  const head = reader.peek(BLOCK_HEAD_LENGTH);
  if (head === undefined) throw truncated(reader, what);
  const type = viewOf(head).getUint32(0, littleEndian);
  const length = viewOf(head).getUint32(4, littleEndian);
  const minimum = bodyMinimum[type];
  if (length % 4 !== 0 || length < BLOCK_FRAME_LENGTH + (minimum ?? 0)) {
    throw malformed(reader, `the block at byte ${offset} has an impossible length of ${length}`);
  }
  if (minimum === undefined) {
    if (!reader.skip(length)) throw truncated(reader, what, offset);
    return undefined;
  }
  if (length > MAX_BLOCK_BYTES) throw malformed(reader, `the block at byte ${offset} claims to have ${length} bytes`);
  const block = reader.peek(length);
  if (block === undefined) throw truncated(reader, what);
  if (viewOf(block).getUint32(length - 4, littleEndian) !== length) {
    throw malformed(reader, `the block at byte ${offset} has one length before and another behind it`);
  }
  reader.skip(length);
  return { type, offset, body: viewOf(block.subarray(BLOCK_HEAD_LENGTH, length - 4)) };
}

/** A packet as its block has it. */
interface BlockPacket {
  readonly interfaceId: number;
  readonly timestamp: bigint;
  /** Where the packet begins in the body. */
  readonly start: number;
  readonly length: number;
  readonly wireLength: number;
}

function readPacket({ type, body }: Block, section: Section): BlockPacket | undefined {
  const { littleEndian } = section;
  if (type === BlockType.SIMPLE_PACKET) return readSimplePacket(body, section);
  if (type !== BlockType.ENHANCED_PACKET && type !== BlockType.PACKET) return undefined;
  const high = body.getUint32(4, littleEndian);
  const low = body.getUint32(8, littleEndian);
  return {
    interfaceId: type === BlockType.PACKET ? body.getUint16(0, littleEndian) : body.getUint32(0, littleEndian),
    timestamp: (BigInt(high) << 32n) | BigInt(low),
    start: 20,
    length: body.getUint32(12, littleEndian),
    wireLength: body.getUint32(16, littleEndian),
  };
}

/** Of the first interface, without a time; its length is what the snapshot length left of it. */
function readSimplePacket(body: DataView, { littleEndian, interfaces }: Section): BlockPacket {
  const wireLength = body.getUint32(0, littleEndian);
  const snapLength = interfaces[0]?.snapLength || wireLength;
  return { interfaceId: 0, timestamp: 0n, start: 4, length: Math.min(snapLength, wireLength), wireLength };
}

function toRecord(
  reader: ByteReader,
  { interfaces }: Section,
  { body, offset }: Block,
  { interfaceId, timestamp, start, length, wireLength }: BlockPacket,
  index: number,
): CaptureRecord {
  const from = interfaces[interfaceId];
  if (from === undefined) {
    throw malformed(reader, `record ${index} is of interface ${interfaceId}, which the file does not describe`);
  }
  checkPacketLength(reader, index, offset, length);
  if (start + length > body.byteLength) {
    throw malformed(reader, `record ${index} claims to have ${length} bytes in a block of ${body.byteLength}`);
  }
  return {
    index,
    timestampNs: from.toNs(timestamp),
    bytes: new Uint8Array(body.buffer, body.byteOffset + start, length),
    wireLength: Math.max(length, wireLength),
    linkType: from.linkType,
  };
}
