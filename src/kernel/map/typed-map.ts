import { SluiceError } from '../../diagnostics/problem.ts';
import type { Codec } from '../codec.ts';
import { BPF_ANY, BPF_EXIST, BPF_NOEXIST, type MapType } from '../system/uapi-bpf.ts';
import { deleteBatch, lookupBatch, updateBatch } from './batch.ts';
import { elementCalls } from './element-calls.ts';
import { createMapHandle, describeMap, type MapHandle } from './handle.ts';
import { perCpuValues } from './per-cpu.ts';

/** Whether an update may make a new entry, must, or must not. */
export type UpdateMode = 'any' | 'noexist' | 'exist';

const updateFlags: Record<UpdateMode, number> = { any: BPF_ANY, noexist: BPF_NOEXIST, exist: BPF_EXIST };

/** A map whose keys and values are read and written through codecs. Every method throws SystemCallError. */
export interface BpfMap<K, V> {
  readonly handle: MapHandle;
  /** The value, or undefined where the map has no such key. */
  lookup(key: K): V | undefined;
  update(key: K, value: V, mode?: UpdateMode): void;
  /** Whether there was an entry to remove. */
  delete(key: K): boolean;
  /** The value, which is no longer in the map afterwards (hash maps; queues and stacks have other calls). */
  lookupAndDelete(key: K): V | undefined;
  /**
   * All keys, asked for one by one: an entry may be deleted while iterating. Where others change the map meanwhile,
   * a key may be missed or come twice.
   */
  keys(): Generator<K>;
  /** All entries, in batches where the kernel has them. The same holds as for `keys`. */
  entries(): Generator<[K, V]>;
  /** Writes many entries with few system calls. On an error, some may have been written. */
  updateAll(entries: Iterable<readonly [K, V]>, mode?: UpdateMode): void;
  /** Removes many entries with few system calls; keys that are not in the map are passed over. */
  deleteAll(keys: Iterable<K>): void;
  /** The same as `handle.close()`. */
  close(): void;
  [Symbol.dispose](): void;
}

/** Types with a value on each CPU: see `createPerCpuMap`. */
export type PerCpuMapType = 'percpu_hash' | 'percpu_array' | 'lru_percpu_hash';

export interface MapSpec<K, V, T extends MapType = Exclude<MapType, PerCpuMapType>> {
  readonly type: T;
  readonly name: string;
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  readonly maxEntries: number;
  /** BPF_F_*, or-ed. */
  readonly flags?: number;
}

/** Creates a map whose entries have one value. */
export function createMap<K, V>(spec: MapSpec<K, V>): BpfMap<K, V> {
  return elements(createFor(spec), spec.key, spec.value);
}

/** Creates a map whose entries have a value on each possible CPU: arrays of `possibleCpus()` values, by CPU. */
export function createPerCpuMap<K, V>(spec: MapSpec<K, V, PerCpuMapType>): BpfMap<K, readonly V[]> {
  return elements(createFor(spec), spec.key, perCpuValues(spec.value));
}

function createFor<K, V, T extends MapType>({ key, value, ...rest }: MapSpec<K, V, T>): MapHandle {
  return createMapHandle({ ...rest, keySize: key.size, valueSize: value.size });
}

/**
 * Reads and writes an open map through codecs.
 * @throws SluiceError kernel/map-mismatch when they do not have the sizes of the map, or it is a per-CPU map.
 */
export function typedMap<K, V>(handle: MapHandle, key: Codec<K>, value: Codec<V>): BpfMap<K, V> {
  requireLayout(handle, key, value, false);
  return elements(handle, key, value);
}

/** The same for a per-CPU map; `value` is the codec of one CPU's value. */
export function typedPerCpuMap<K, V>(handle: MapHandle, key: Codec<K>, value: Codec<V>): BpfMap<K, readonly V[]> {
  requireLayout(handle, key, value, true);
  return elements(handle, key, perCpuValues(value));
}

function requireLayout(handle: MapHandle, key: Codec<unknown>, value: Codec<unknown>, perCpu: boolean): void {
  const found = `${handle.type} with ${handle.keySize}-byte keys and ${handle.valueSize}-byte values`;
  const isPerCpu = handle.type.includes('percpu');
  if (isPerCpu === perCpu && handle.keySize === key.size && handle.valueSize === value.size) return;
  const kind = perCpu ? 'a per-CPU map' : 'a map';
  const wanted = `${kind} with ${key.size}-byte keys and ${value.size}-byte values`;
  throw new SluiceError({
    code: 'kernel/map-mismatch',
    message: `${describeMap(handle.name)} is ${found}, expected ${wanted}`,
  });
}

function elements<K, V>(handle: MapHandle, key: Codec<K>, value: Codec<V>): BpfMap<K, V> {
  const calls = elementCalls(handle, key, value);
  const map: BpfMap<K, V> = {
    handle,
    lookup: (wanted) => calls.read('BPF_MAP_LOOKUP_ELEM', wanted),
    lookupAndDelete: (wanted) => calls.read('BPF_MAP_LOOKUP_AND_DELETE_ELEM', wanted),
    update: (wanted, content, mode = 'any') => calls.write(wanted, content, updateFlags[mode]),
    delete: calls.remove,
    *keys() {
      // The kernel starts again when the key it is given is gone: bounded, so that a busy map cannot hold us for ever.
      let position: Uint8Array | undefined;
      for (let count = 0; count < handle.maxEntries; count++) {
        position = calls.keyBehind(position);
        if (position === undefined) return;
        yield key.read(new DataView(position.buffer), 0);
      }
    },
    *entries() {
      const batches = lookupBatch(handle, key, value);
      if (batches !== undefined) return yield* batches;
      for (const one of map.keys()) {
        const found = map.lookup(one);
        if (found !== undefined) yield [one, found];
      }
    },
    updateAll: (entries, mode = 'any') => {
      const list = [...entries];
      const done = updateBatch(handle, key, value, list, updateFlags[mode]);
      for (const [one, content] of done ? [] : list) map.update(one, content, mode);
    },
    deleteAll: (keys) => {
      const list = [...keys];
      const done = deleteBatch(handle, key, list);
      for (const one of done ? [] : list) map.delete(one);
    },
    close: handle.close,
    [Symbol.dispose]: handle.close,
  };
  return map;
}
