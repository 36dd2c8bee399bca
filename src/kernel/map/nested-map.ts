import { type Codec, u32 } from '../codec.ts';
import { createMapHandle, type MapDefinition, type MapHandle, mapFromId } from './handle.ts';
import { typedMap } from './typed-map.ts';

/** A map whose values are maps. */
export interface MapOfMaps<K> {
  readonly handle: MapHandle;
  /** Puts a map in; the outer map keeps it alive. Programs see either the old or the new one, never neither. */
  set(key: K, inner: MapHandle): void;
  /** Opens the map that is in, for the caller to close. */
  open(key: K): MapHandle | undefined;
  delete(key: K): boolean;
  keys(): Generator<K>;
  close(): void;
  [Symbol.dispose](): void;
}

export interface MapOfMapsSpec<K> {
  readonly type: 'array_of_maps' | 'hash_of_maps';
  readonly name: string;
  readonly key: Codec<K>;
  readonly maxEntries: number;
  /** What every inner map must be like; the kernel compares type, sizes and flags (and entries of arrays). */
  readonly inner: MapDefinition;
}

/** Creates a map of maps. */
export function createMapOfMaps<K>(spec: MapOfMapsSpec<K>): MapOfMaps<K> {
  // The kernel learns the shape of inner maps from one of them, which it does not keep.
  const inner = createMapHandle(spec.inner);
  try {
    const { type, name, maxEntries } = spec;
    const handle = createMapHandle({ type, name, maxEntries, inner, keySize: spec.key.size, valueSize: u32.size });
    return mapOfMaps(handle, spec.key);
  } finally {
    inner.close();
  }
}

/** Reads and writes an open map of maps. */
export function mapOfMaps<K>(handle: MapHandle, key: Codec<K>): MapOfMaps<K> {
  // User space writes descriptors and reads ids.
  const entries = typedMap(handle, key, u32);
  return {
    handle,
    set: (index, inner) => entries.update(index, inner.fd),
    open: (index) => {
      const id = entries.lookup(index);
      return id === undefined ? undefined : mapFromId(id);
    },
    delete: entries.delete,
    keys: entries.keys,
    close: handle.close,
    [Symbol.dispose]: handle.close,
  };
}
