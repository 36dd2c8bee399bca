import { type Mapping, mapShared } from '../system/mapping.ts';
import { pageSize } from '../system/page-size.ts';
import { alignUp } from '../system/struct.ts';
import { describeMap, type MapHandle } from './handle.ts';

/** The memory of an array map, shared with the kernel: reading and writing costs no system call. */
export interface MapMemory extends Mapping {
  /** Bytes from one element to the next: the value's size, rounded up to eight. */
  readonly stride: number;
}

/** Entries of a map that are mapped: they begin where a page does. */
export interface MappedEntries {
  readonly first: number;
  readonly count: number;
}

/** Maps an array that was created with BPF_F_MMAPABLE into memory. A frozen map can only be mapped for reading. */
export function mapMemory(
  map: MapHandle,
  access: 'read' | 'write' = 'write',
  { first, count }: MappedEntries = { first: 0, count: map.maxEntries },
): MapMemory {
  const stride = alignUp(map.valueSize, 8);
  const length = alignUp(stride * count, pageSize());
  const mapping = mapShared(map.fd, length, stride * first, access, describeMap(map.name));
  return {
    stride,
    get buffer() {
      return mapping.buffer;
    },
    close: mapping.close,
    [Symbol.dispose]: mapping.close,
  };
}
