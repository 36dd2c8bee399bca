import type { MapHandle } from '../map/handle.ts';
import { watchReadable } from '../system/ffi.ts';
import { type Mapping, mapShared } from '../system/mapping.ts';
import { pageSize } from '../system/page-size.ts';
import { alignUp } from '../system/struct.ts';
import { BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ } from '../system/uapi-bpf.ts';

/** Reads what BPF programs write to a ring buffer. One reader a ring buffer: reading takes the records out. */
export interface RingBufferReader {
  /**
   * Hands on all records that are there, oldest first, and returns how many. Costs no system call. The view is the
   * kernel's own memory: it is good until the callback returns, so decode or copy it. A record that a program is still
   * writing ends the round.
   */
  drain(onRecord: (record: DataView) => void): number;
  /**
   * Drains whenever there are records, from the event loop, until the returned function is called.
   * @param options.keepAlive whether waiting for records keeps the process running; true where left out.
   */
  subscribe(onRecord: (record: DataView) => void, options?: { readonly keepAlive?: boolean }): () => void;
  /** Bytes that are written and not yet read, headers included: how near the buffer is to losing records. */
  readonly pendingBytes: number;
  /** Bytes of records that the buffer holds. */
  readonly capacity: number;
  /** Lets go of the memory; the map stays open. Subscriptions end. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Maps a ring buffer into memory. A program that finds no room gets NULL from bpf_ringbuf_reserve; the kernel does not
 * count that, so records that may get lost must be counted by the program.
 */
export function readRingBuffer(map: MapHandle): RingBufferReader {
  const page = pageSize();
  const capacity = map.maxEntries;
  const object = `ring buffer "${map.name}"`;
  // The layout is the kernel's: a page with the reader's position, which the reader writes; a page with the
  // programs' position; then the data, twice in a row, so that no record is ever cut at the end.
  const reader = mapShared(map.fd, page, 0, 'write', object);
  const writer = mapWriter(reader, () => mapShared(map.fd, page + 2 * capacity, page, 'read', object));
  const consumed = new BigUint64Array(reader.buffer, 0, 1);
  const produced = new BigUint64Array(writer.buffer, 0, 1);
  const lengths = new Int32Array(writer.buffer, page);
  const watches = new Set<() => void>();

  const drain = (onRecord: (record: DataView) => void): number => {
    let count = 0;
    let position = Atomics.load(consumed, 0);
    // Only what is there now: a program that writes faster than this reads would keep it here for ever.
    const end = Atomics.load(produced, 0);
    try {
      while (position < end) {
        const start = Number(position & BigInt(capacity - 1));
        const length = Atomics.load(lengths, start / 4) >>> 0;
        if ((length & BPF_RINGBUF_BUSY_BIT) !== 0) break;
        const size = length & ~BPF_RINGBUF_DISCARD_BIT;
        // The program sees room only when the position is stored: behind the callback, also when that throws.
        position += BigInt(alignUp(BPF_RINGBUF_HDR_SZ + size, 8));
        if ((length & BPF_RINGBUF_DISCARD_BIT) !== 0) continue;
        count += 1;
        onRecord(new DataView(writer.buffer, page + start + BPF_RINGBUF_HDR_SZ, size));
        Atomics.store(consumed, 0, position);
      }
    } finally {
      Atomics.store(consumed, 0, position);
    }
    return count;
  };

  const close = () => {
    for (const stop of watches) stop();
    reader.close();
    writer.close();
  };

  return {
    capacity,
    drain,
    subscribe: (onRecord, { keepAlive = true } = {}) => {
      const watch = watchReadable(map.fd, keepAlive, () => drain(onRecord));
      const stop = () => {
        if (watches.delete(stop)) watch.close();
      };
      watches.add(stop);
      return stop;
    },
    get pendingBytes() {
      return Number(Atomics.load(produced, 0) - Atomics.load(consumed, 0));
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** The second of two mappings: the first is let go of when it cannot be had. */
function mapWriter(first: Mapping, mapSecond: () => Mapping): Mapping {
  try {
    return mapSecond();
  } catch (error) {
    first.close();
    throw error;
  }
}
