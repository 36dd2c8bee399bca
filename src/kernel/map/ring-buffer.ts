import { pageSize } from '../system/page-size.ts';
import { createMapHandle, type MapHandle } from './handle.ts';

/**
 * Creates a ring buffer, in which BPF programs put records for `readRingBuffer` to take out.
 * @param spec.bytes for records; rounded up to what the kernel takes, a power of two of at least a page.
 */
export function createRingBuffer(spec: { readonly name: string; readonly bytes: number }): MapHandle {
  const maxEntries = 2 ** Math.ceil(Math.log2(Math.max(spec.bytes, pageSize())));
  return createMapHandle({ type: 'ringbuf', name: spec.name, keySize: 0, valueSize: 0, maxEntries });
}
