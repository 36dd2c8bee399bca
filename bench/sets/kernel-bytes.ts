import { readFileSync } from 'node:fs';

const [LOOK_MS, LOOKS, UNCHANGED] = [100, 60, 8];

/**
 * Bytes that the kernel holds in slabs and in pages of its own, of everything on the machine. The difference before and
 * after is what a map takes: what `fdinfo` says of an LPM trie is a quarter of it. Waits until what was let go of has
 * been freed, which threads of the kernel do later.
 */
export function settledKernelBytes(): number {
  let last = kernelBytes();
  for (let looks = 0, unchanged = 0; looks < LOOKS && unchanged < UNCHANGED; looks++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
    const now = kernelBytes();
    unchanged = Math.abs(now - last) < 2 ** 17 ? unchanged + 1 : 0;
    last = now;
  }
  return last;
}

export function kernelBytes(): number {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1]);
  return (kib('Slab') + kib('VmallocUsed') + kib('Percpu')) * 1024;
}
