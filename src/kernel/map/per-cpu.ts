import type { Codec } from '../codec.ts';
import { possibleCpus } from '../process/cpus.ts';
import { alignUp } from '../system/struct.ts';

/** The values of a per-CPU entry: one for each possible CPU, each at a multiple of eight bytes, by CPU. */
export function perCpuValues<T>(value: Codec<T>): Codec<readonly T[]> {
  const cpus = possibleCpus();
  const stride = alignUp(value.size, 8);
  return {
    size: stride * cpus,
    read: (view, offset) => Array.from({ length: cpus }, (_, cpu) => value.read(view, offset + cpu * stride)),
    write: (view, offset, values) => {
      if (values.length !== cpus) throw new RangeError(`${values.length} values for ${cpus} possible CPUs`);
      for (const [cpu, item] of values.entries()) value.write(view, offset + cpu * stride, item);
    },
  };
}
