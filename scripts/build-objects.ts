import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filesBelow } from './project-files.ts';

export const objectsFolder = 'dist/bpf';

/** mcpu v3 has 32-bit jumps and atomics, and every kernel from 5.15 on takes it. */
export const compilerFlags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-Wall', '-Wextra', '-Werror', '-I', 'bpf'];

const sources = (): string[] => filesBelow(['bpf'], /\.bpf\.c$/);
const objectOf = (source: string): string => join(objectsFolder, basename(source).replace(/\.c$/, '.o'));

/** Where the objects of all hooks go, from the project's root. */
export const objects = (): string[] => sources().map(objectOf);

/**
 * Compiles bpf/*.bpf.c. Debug info goes, BTF stays: the loader and the struct readers need it. An object is replaced
 * whole, so that a program that reads one during a build finds the old or the new.
 */
export function buildObjects(): void {
  mkdirSync(objectsFolder, { recursive: true });
  for (const source of sources()) {
    const object = objectOf(source);
    const unfinished = `${object}.unfinished`;
    execFileSync('clang-19', [...compilerFlags, ...multiarchInclude(), '-c', source, '-o', unfinished], inherit);
    execFileSync('llvm-strip-19', ['-g', unfinished], inherit);
    renameSync(unfinished, object);
  }
  for (const file of filesBelow([objectsFolder])) if (!objects().includes(file)) rmSync(file);
}

const inherit = { stdio: 'inherit' } as const;

/** Debian keeps <asm/types.h> in a folder named after the machine, which a compiler for BPF does not look into. */
export function multiarchInclude(): string[] {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const folder = `/usr/include/${machine}-linux-gnu`;
  return existsSync(folder) ? ['-isystem', folder] : [];
}
