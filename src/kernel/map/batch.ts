import type { Codec } from '../codec.ts';
import { tryBpf } from '../system/bpf.ts';
import { mapBatchAttr } from '../system/bpf-attr.ts';
import { errno } from '../system/errno.ts';
import { elementError } from './element-error.ts';
import type { MapHandle } from './handle.ts';

/** Entries a system call: more gains nothing, and the kernel holds locks for shorter. */
const BATCH = 4096;

/** What a kernel answers that has no batches, for this type of map or at all. */
const unsupported: ReadonlySet<number> = new Set([-errno.ENOTSUPP, -errno.EOPNOTSUPP, -errno.EINVAL]);

/** A whole map, read in batches; undefined where the kernel has none for this type of map. */
export function lookupBatch<K, V>(
  map: MapHandle,
  key: Codec<K>,
  value: Codec<V>,
): Generator<[K, V], undefined> | undefined {
  const first = readBatch(map, key, value, undefined, Math.min(BATCH, map.maxEntries));
  return first === undefined ? undefined : allBatches(map, key, value, first);
}

interface Batch<K, V> {
  readonly entries: [K, V][];
  /** Where the next batch starts: a token of the kernel's. Undefined behind the last one. */
  readonly next: Uint8Array | undefined;
  readonly room: number;
}

function* allBatches<K, V>(
  map: MapHandle,
  key: Codec<K>,
  value: Codec<V>,
  first: Batch<K, V>,
): Generator<[K, V], undefined> {
  let batch: Batch<K, V> | undefined = first;
  while (batch !== undefined) {
    yield* batch.entries;
    batch = batch.next === undefined ? undefined : readBatch(map, key, value, batch.next, batch.room);
  }
}

function readBatch<K, V>(
  map: MapHandle,
  key: Codec<K>,
  value: Codec<V>,
  from: Uint8Array | undefined,
  room: number,
): Batch<K, V> | undefined {
  const keys = new Uint8Array(key.size * room);
  const values = new Uint8Array(value.size * room);
  const next = new Uint8Array(Math.max(key.size, 8));
  const attr = mapBatchAttr.encode({ in_batch: from, out_batch: next, keys, values, count: room, map_fd: map.fd });
  const result = tryBpf('BPF_MAP_LOOKUP_BATCH', attr);
  if (unsupported.has(result)) return undefined;
  // A bucket of a hash map holds more than there is room for.
  if (result === -errno.ENOSPC) return readBatch(map, key, value, from, room * 2);
  if (result < 0 && result !== -errno.ENOENT) throw elementError('BPF_MAP_LOOKUP_BATCH', -result, map);

  const count = attr.view.getUint32(mapBatchAttr.offsets.count, true);
  const [keyView, valueView] = [new DataView(keys.buffer), new DataView(values.buffer)];
  const entries = Array.from({ length: count }, (_, index): [K, V] => [
    key.read(keyView, index * key.size),
    value.read(valueView, index * value.size),
  ]);
  return { entries, next: result === -errno.ENOENT ? undefined : next, room };
}

/** Writes entries in batches. False, with nothing written, where the kernel has none for this type of map. */
export function updateBatch<K, V>(
  map: MapHandle,
  key: Codec<K>,
  value: Codec<V>,
  entries: readonly (readonly [K, V])[],
  flags: number,
): boolean {
  for (let start = 0; start < entries.length; start += BATCH) {
    const part = entries.slice(start, start + BATCH);
    const keys = pack(
      key,
      part.map(([one]) => one),
    );
    const values = pack(
      value,
      part.map(([, content]) => content),
    );
    const attr = mapBatchAttr.encode({ keys, values, count: part.length, map_fd: map.fd, elem_flags: flags });
    const result = tryBpf('BPF_MAP_UPDATE_BATCH', attr);
    if (start === 0 && unsupported.has(result)) return false;
    if (result < 0) throw elementError('BPF_MAP_UPDATE_BATCH', -result, map);
  }
  return true;
}

/** Removes entries in batches. False where the kernel has none for this type of map. */
export function deleteBatch<K>(map: MapHandle, key: Codec<K>, wanted: readonly K[]): boolean {
  for (let start = 0; start < wanted.length; ) {
    const part = wanted.slice(start, start + BATCH);
    const attr = mapBatchAttr.encode({ keys: pack(key, part), count: part.length, map_fd: map.fd });
    const result = tryBpf('BPF_MAP_DELETE_BATCH', attr);
    if (start === 0 && unsupported.has(result)) return false;
    if (result < 0 && result !== -errno.ENOENT) throw elementError('BPF_MAP_DELETE_BATCH', -result, map);
    // The kernel stops at a key that is not there: go on behind it.
    const done = attr.view.getUint32(mapBatchAttr.offsets.count, true);
    start += result === -errno.ENOENT ? done + 1 : part.length;
  }
  return true;
}

function pack<T>(codec: Codec<T>, items: readonly T[]): Uint8Array {
  const bytes = new Uint8Array(codec.size * items.length);
  const view = new DataView(bytes.buffer);
  for (const [index, item] of items.entries()) codec.write(view, index * codec.size, item);
  return bytes;
}
