import type { ByteReader } from './byte-reader.ts';
import {
  type CaptureRecord,
  checkPacketLength,
  MAX_PACKET_BYTES,
  malformed,
  truncated,
  viewOf,
} from './capture-record.ts';

const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
const MAJOR_VERSION = 2;
/** The high bits of the link type field speak of a frame check sequence. */
const LINK_TYPE_MASK = 0x03ff_ffff;

/** First bytes of a file, as big-endian numbers, by byte order and unit of the fraction of a second. */
const magics: ReadonlyMap<number, Layout> = new Map([
  [0xa1b2c3d4, { littleEndian: false, nsPerUnit: 1000 }],
  [0xd4c3b2a1, { littleEndian: true, nsPerUnit: 1000 }],
  [0xa1b23c4d, { littleEndian: false, nsPerUnit: 1 }],
  [0x4d3cb2a1, { littleEndian: true, nsPerUnit: 1 }],
]);

interface Layout {
  readonly littleEndian: boolean;
  readonly nsPerUnit: number;
}

/** `magic`: the first four bytes of a file, as a big-endian number. */
export function isPcap(magic: number): boolean {
  return magics.has(magic);
}

/**
 * The packets of a pcap file of either byte order, in micro- or nanoseconds. Throws a SluiceError: `capture/format` at
 * what cannot be, `capture/truncated` where the file ends within a record, after all records before it.
 */
export function* readPcap(reader: ByteReader): Generator<CaptureRecord> {
  const fileHeader = reader.peek(FILE_HEADER_LENGTH);
  if (fileHeader === undefined) throw truncated(reader, 'the file header');
  const view = viewOf(fileHeader);
  const layout = magics.get(view.getUint32(0));
  if (layout === undefined) throw malformed(reader, 'no pcap file');
  const version = view.getUint16(4, layout.littleEndian);
  if (version !== MAJOR_VERSION) throw malformed(reader, `pcap version ${version}, where only 2 is known`);
  const linkType = view.getUint32(20, layout.littleEndian) & LINK_TYPE_MASK;
  reader.skip(FILE_HEADER_LENGTH);
  for (let index = 1; !reader.atEnd(); index++) yield readRecord(reader, layout, linkType, index);
}

function readRecord(reader: ByteReader, layout: Layout, linkType: number, index: number): CaptureRecord {
  const header = reader.peek(RECORD_HEADER_LENGTH);
  if (header === undefined) throw truncated(reader, `record ${index}`);
  const view = viewOf(header);
  const length = view.getUint32(8, layout.littleEndian);
  checkPacketLength(reader, index, reader.offset, length);
  if (reader.peek(RECORD_HEADER_LENGTH + length) === undefined) throw truncated(reader, `record ${index}`);
  reader.skip(RECORD_HEADER_LENGTH);
  const seconds = view.getUint32(0, layout.littleEndian);
  const fraction = view.getUint32(4, layout.littleEndian);
  return {
    index,
    timestampNs: BigInt(seconds) * 1_000_000_000n + BigInt(fraction * layout.nsPerUnit),
    bytes: reader.take(length) ?? new Uint8Array(),
    wireLength: Math.max(length, view.getUint32(12, layout.littleEndian)),
    linkType,
  };
}

/** What `writePcap` takes of a packet. */
export interface PcapPacket {
  readonly bytes: Uint8Array;
  /** 0 where left out. */
  readonly timestampNs?: bigint;
  /** As many as `bytes` has where left out. */
  readonly wireLength?: number;
}

/** A pcap file: little endian, nanoseconds. `linkType` is a LINKTYPE_* number, 1 (Ethernet) where left out. */
export function writePcap(packets: Iterable<PcapPacket>, linkType = 1): Uint8Array {
  const all = [...packets];
  const size = all.reduce((sum, { bytes }) => sum + RECORD_HEADER_LENGTH + bytes.length, FILE_HEADER_LENGTH);
  const file = new Uint8Array(size);
  const view = viewOf(file);
  view.setUint32(0, 0xa1b23c4d, true);
  view.setUint16(4, MAJOR_VERSION, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, MAX_PACKET_BYTES, true);
  view.setUint32(20, linkType, true);
  let offset = FILE_HEADER_LENGTH;
  for (const { bytes, timestampNs = 0n, wireLength = bytes.length } of all) {
    view.setUint32(offset, Number(timestampNs / 1_000_000_000n), true);
    view.setUint32(offset + 4, Number(timestampNs % 1_000_000_000n), true);
    view.setUint32(offset + 8, bytes.length, true);
    view.setUint32(offset + 12, wireLength, true);
    file.set(bytes, offset + RECORD_HEADER_LENGTH);
    offset += RECORD_HEADER_LENGTH + bytes.length;
  }
  return file;
}
