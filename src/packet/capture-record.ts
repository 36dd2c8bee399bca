import { SluiceError } from '../diagnostics/problem.ts';
import type { ByteReader } from './byte-reader.ts';

/** One packet of a capture file. */
export interface CaptureRecord {
  /** From 1, over the whole file. */
  readonly index: number;
  /** Since 1970, UTC. 0 where the file has no time. */
  readonly timestampNs: bigint;
  /** What was kept of the packet, link header first. Aliases a chunk of the file that is not written again. */
  readonly bytes: Uint8Array;
  /** Bytes that the packet had on the wire, at least as many as were kept. */
  readonly wireLength: number;
  /** LINKTYPE_* number of the tcpdump group: 1 is Ethernet. */
  readonly linkType: number;
}

/** As many bytes as libpcap keeps of a packet at most: a record that claims more is no record. */
export const MAX_PACKET_BYTES = 262_144;

/** `offset`: where the record begins that the file does not hold whole. */
export function truncated(reader: ByteReader, what: string, offset = reader.offset): SluiceError {
  const message = `${reader.name} ends within ${what}, which begins at byte ${offset}`;
  return new SluiceError({ code: 'capture/truncated', message });
}

export function malformed(reader: ByteReader, message: string): SluiceError {
  return new SluiceError({ code: 'capture/format', message: `${reader.name}: ${message}` });
}

/** Refuses a length before memory is taken for it. `offset`: where the record begins. */
export function checkPacketLength(reader: ByteReader, index: number, offset: number, length: number): void {
  if (length <= MAX_PACKET_BYTES) return;
  throw malformed(reader, `record ${index} at byte ${offset} claims to have ${length} bytes`);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
