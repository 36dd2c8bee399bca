import { readFileSync } from 'node:fs';

const AT_PAGESZ = 6;
let cached: number | undefined;

/** Bytes of a page of memory, from the auxiliary vector: 4,096 on x86, up to 65,536 on arm64. */
export function pageSize(): number {
  cached ??= readPageSize();
  return cached;
}

function readPageSize(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let offset = 0; offset + 16 <= vector.length; offset += 16) {
    if (vector.readBigUInt64LE(offset) === BigInt(AT_PAGESZ)) return Number(vector.readBigUInt64LE(offset + 8));
  }
  return 4096;
}
