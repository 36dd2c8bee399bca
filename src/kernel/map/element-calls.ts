import type { Codec } from '../codec.ts';
import { mapElementAttr } from '../system/bpf-attr.ts';
import { errno } from '../system/errno.ts';
import { rawSyscall } from '../system/ffi.ts';
import { systemCallNumber } from '../system/system-call.ts';
import { type Command, commands } from '../system/uapi-bpf.ts';
import { elementError } from './element-error.ts';
import type { MapHandle } from './handle.ts';

/** The calls of bpf(2) about single entries of a map. They throw SystemCallError. */
export interface ElementCalls<K, V> {
  /** Undefined where the map has no such key. */
  read(command: 'BPF_MAP_LOOKUP_ELEM' | 'BPF_MAP_LOOKUP_AND_DELETE_ELEM', key: K): V | undefined;
  /** @param flags BPF_ANY, BPF_NOEXIST or BPF_EXIST. */
  write(key: K, value: V, flags: number): void;
  /** Whether there was such an entry. */
  remove(key: K): boolean;
  /** The bytes of the key behind `position`, or of the first one; undefined behind the last. */
  keyBehind(position: Uint8Array | undefined): Uint8Array | undefined;
}

/**
 * The calls share one attribute block and one buffer for a key and a value each: at a call, nothing is allocated and
 * no address is asked for.
 */
export function elementCalls<K, V>(map: MapHandle, keyCodec: Codec<K>, valueCodec: Codec<V>): ElementCalls<K, V> {
  const keyBytes = new Uint8Array(keyCodec.size);
  const valueBytes = new Uint8Array(Math.max(keyCodec.size, valueCodec.size));
  const { address, bytes, view } = mapElementAttr.encode({ key: keyBytes, value: valueBytes });
  const { offsets } = mapElementAttr;
  const [key, value] = [new DataView(keyBytes.buffer), new DataView(valueBytes.buffer)];
  const keyAddress = view.getBigUint64(offsets.key, true);
  const number = systemCallNumber('bpf');

  const call = (command: Command, size = bytes.length): number => {
    view.setUint32(offsets.map_fd, map.fd, true);
    return rawSyscall(number, commands[command], address, size);
  };

  return {
    read(command, wanted) {
      keyCodec.write(key, 0, wanted);
      const result = call(command);
      if (result === -errno.ENOENT) return undefined;
      if (result < 0) throw elementError(command, -result, map);
      return valueCodec.read(value, 0);
    },
    write(wanted, content, flags) {
      keyCodec.write(key, 0, wanted);
      valueCodec.write(value, 0, content);
      view.setUint32(offsets.flags, flags, true);
      const result = call('BPF_MAP_UPDATE_ELEM');
      view.setUint32(offsets.flags, 0, true);
      if (result < 0) throw elementError('BPF_MAP_UPDATE_ELEM', -result, map);
    },
    remove(wanted) {
      keyCodec.write(key, 0, wanted);
      // The kernel insists that nothing follows the key.
      const result = call('BPF_MAP_DELETE_ELEM', offsets.value);
      if (result === -errno.ENOENT) return false;
      if (result < 0) throw elementError('BPF_MAP_DELETE_ELEM', -result, map);
      return true;
    },
    keyBehind(position) {
      if (position !== undefined) keyBytes.set(position);
      view.setBigUint64(offsets.key, position === undefined ? 0n : keyAddress, true);
      const result = call('BPF_MAP_GET_NEXT_KEY');
      view.setBigUint64(offsets.key, keyAddress, true);
      if (result === -errno.ENOENT) return undefined;
      if (result < 0) throw elementError('BPF_MAP_GET_NEXT_KEY', -result, map);
      return valueBytes.slice(0, keyCodec.size);
    },
  };
}
