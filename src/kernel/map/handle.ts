import { SluiceError } from '../../diagnostics/problem.ts';
import { openPinnedObject, pinObject } from '../bpffs.ts';
import { bpf, kernelName, objectInfo } from '../system/bpf.ts';
import { mapCreateAttr, mapElementAttr, mapInfo, objectIdAttr } from '../system/bpf-attr.ts';
import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import { errno } from '../system/errno.ts';
import { textOf } from '../system/struct.ts';
import { mapTypeOf } from '../system/type-names.ts';
import { BPF_F_NO_PREALLOC, type MapType, mapTypes } from '../system/uapi-bpf.ts';

/** What a map is, as the kernel knows it. Sizes in bytes. */
export interface MapLayout {
  readonly type: MapType;
  /** The kernel keeps 15 characters. */
  readonly name: string;
  readonly keySize: number;
  /** Of one value; a per-CPU map has one on each possible CPU. */
  readonly valueSize: number;
  /** Entries; for a ring buffer bytes, a power of two and a multiple of the page size. */
  readonly maxEntries: number;
  /** BPF_F_*, or-ed. */
  readonly flags: number;
}

export interface MapDefinition extends Omit<MapLayout, 'flags'> {
  readonly flags?: number;
  /** For a map of maps: the map that the inner ones must be like. */
  readonly inner?: MapHandle;
}

/** An open map. How its entries are read and written is said by `typedMap` and its like. */
export interface MapHandle extends MapLayout, Descriptor {
  /** The kernel's number for the map, which `bpftool map show id` takes. */
  readonly id: number;
  /** Names the map in the BPF file system: it lives on when the process ends. */
  pin(path: string): void;
  /** From now on no program of user space can change the map; BPF programs can, unless it is BPF_F_RDONLY_PROG. */
  freeze(): void;
}

/**
 * Creates a map. An LPM trie gets BPF_F_NO_PREALLOC, without which the kernel refuses it.
 * @throws SystemCallError
 */
export function createMapHandle(definition: MapDefinition): MapHandle {
  const { type, name, keySize, valueSize, maxEntries, inner } = definition;
  const flags = (definition.flags ?? 0) | (type === 'lpm_trie' ? BPF_F_NO_PREALLOC : 0);
  const attr = mapCreateAttr.encode({
    map_type: mapTypes[type],
    key_size: keySize,
    value_size: valueSize,
    max_entries: maxEntries,
    map_flags: flags,
    inner_map_fd: inner?.fd ?? 0,
    map_name: kernelName(name),
  });
  const fd = bpf('BPF_MAP_CREATE', attr, describeMap(name), (value) => {
    const shape = `${type}, ${keySize}-byte keys, ${valueSize}-byte values, ${maxEntries.toLocaleString('en')} entries`;
    return value === errno.EINVAL || value === errno.E2BIG ? { detail: `not possible: ${shape}` } : undefined;
  });
  return handleOf(ownDescriptor(fd, describeMap(name)), { type, name, keySize, valueSize, maxEntries, flags });
}

/** Opens the map that is pinned at `path`. */
export function openPinnedMap(path: string): MapHandle {
  return adoptMap(openPinnedObject(path), path);
}

/** Opens the map with this id; needs CAP_SYS_ADMIN. */
export function mapFromId(id: number): MapHandle {
  const object = `map ${id}`;
  const fd = bpf('BPF_MAP_GET_FD_BY_ID', objectIdAttr.encode({ id }), object, (value) =>
    value === errno.ENOENT ? { detail: 'no map has this id' } : undefined,
  );
  return adoptMap(ownDescriptor(fd, object), object);
}

function adoptMap(descriptor: Descriptor, where: string): MapHandle {
  try {
    const info = readInfo(descriptor.fd, where);
    return handleOf(descriptor, info);
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

function readInfo(fd: number, object: string): MapLayout & { readonly id: number } {
  const info = objectInfo(mapInfo, fd, object);
  const type = mapTypeOf(info.type);
  if (type === undefined) {
    throw new SluiceError({
      code: 'kernel/map-mismatch',
      message: `${object} is a map of the unknown type ${info.type}`,
    });
  }
  return {
    id: info.id,
    type,
    name: textOf(info.name),
    keySize: info.key_size,
    valueSize: info.value_size,
    maxEntries: info.max_entries,
    flags: info.map_flags,
  };
}

function handleOf(descriptor: Descriptor, layout: MapLayout): MapHandle {
  const object = describeMap(layout.name);
  let id: number | undefined;
  return {
    ...layout,
    get fd() {
      return descriptor.fd;
    },
    get id() {
      id ??= readInfo(descriptor.fd, object).id;
      return id;
    },
    pin: (path) => pinObject(descriptor.fd, path, object),
    freeze: () => {
      bpf('BPF_MAP_FREEZE', mapElementAttr.encode({ map_fd: descriptor.fd }), object);
    },
    close: descriptor.close,
    [Symbol.dispose]: descriptor.close,
  };
}

/** How a map is called in errors. */
export function describeMap(name: string): string {
  return `map "${name}"`;
}
