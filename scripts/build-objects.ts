import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filesBelow } from './project-files.ts';

export const objectsFolder = 'dist/bpf';

/** mcpu v3 has 32-bit jumps and atomics, and every kernel from 5.15 on takes it. */
export const compilerFlags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-Wall', '-Wextra', '-Werror', '-I', 'bpf'];

const sources = (): string[] => filesBelow(['bpf'], /\.bpf\.c$/);
const objectOf = (source: string): string => join(objectsFolder, basename(source).replace(/\.c$/, '.o'));

/** Where the objects of all hooks go, from the project's root. */
export const objects = (): string[] => sources().map(objectOf);

/** Compiles bpf/*.bpf.c. Debug info goes, BTF stays: the loader and the struct readers need it. */
export function buildObjects(): void {
  rmSync(objectsFolder, { recursive: true, force: true });
  mkdirSync(objectsFolder, { recursive: true });
  for (const source of sources()) {
    const object = objectOf(source);
    execFileSync('clang-19', [...compilerFlags, ...multiarchInclude(), '-c', source, '-o', object], inherit);
    execFileSync('llvm-strip-19', ['-g', object], inherit);
  }
}

const inherit = { stdio: 'inherit' } as const;

/** Debian keeps <asm/types.h> in a folder named after the machine, which a compiler for BPF does not look into. */
function multiarchInclude(): string[] {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const folder = `/usr/include/${machine}-linux-gnu`;
  return existsSync(folder) ? ['-isystem', folder] : [];
}
