import type { Codec } from '../codec.ts';
import type { RingBufferReader } from './reader.ts';

/**
 * The records of a ring buffer, one by one, decoded, without end. Those that are read while the loop is busy wait in
 * memory: read in pace, or use `subscribe`. A record shorter than the codec's size is passed over.
 * @example for await (const event of recordsOf(reader, eventCodec, signal)) print(event);
 */
export async function* recordsOf<T>(
  reader: RingBufferReader,
  codec: Codec<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void> {
  let waiting: T[] = [];
  let wake: () => void = () => {};
  const stop = reader.subscribe((record) => {
    if (record.byteLength >= codec.size) waiting.push(codec.read(record, 0));
    wake();
  });
  const aborted = () => signal?.aborted === true;
  const onAbort = () => wake();
  signal?.addEventListener('abort', onAbort);
  try {
    while (!aborted()) {
      const batch = waiting;
      waiting = [];
      yield* batch;
      if (waiting.length > 0 || aborted()) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stop();
  }
}
