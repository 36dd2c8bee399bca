import { bpfError, type Explanation } from '../system/bpf.ts';
import { errno } from '../system/errno.ts';
import type { SystemCallError } from '../system/system-call.ts';
import type { Command } from '../system/uapi-bpf.ts';
import { describeMap, type MapLayout } from './handle.ts';

/** The error of a call about entries of a map, with what its errno means for a map of this type. */
export function elementError(command: Command, value: number, map: MapLayout): SystemCallError {
  return bpfError(command, value, describeMap(map.name), explain(value, map));
}

function explain(value: number, map: MapLayout): Explanation | undefined {
  const entries = map.maxEntries.toLocaleString('en');
  const indexed = map.type.includes('array') || map.type === 'devmap' || map.type === 'cpumap' || map.type === 'xskmap';
  switch (value) {
    case errno.E2BIG:
      return indexed
        ? { detail: `the index is beyond the last entry: the map has ${entries}` }
        : { code: 'kernel/map-full', detail: `the map is full: ${entries} entries` };
    case errno.ENOSPC:
      return { code: 'kernel/map-full', detail: `the map is full: ${entries} entries` };
    case errno.EEXIST:
      return { detail: 'an entry with this key exists' };
    case errno.ENOENT:
      return { detail: 'no entry with this key exists' };
    case errno.EPERM:
      return { detail: 'the map is frozen, or was opened without the right to do this' };
    case errno.ENOTSUPP:
    case errno.EOPNOTSUPP:
      return { code: 'kernel/not-supported', detail: `a map of type ${map.type} cannot do this` };
    default:
      return undefined;
  }
}
