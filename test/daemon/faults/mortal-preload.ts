/**
 * Loaded into a process before the built command: it counts the calls by which that changes anything that outlives it,
 * files, pins, links. Told `{ dieAt: n }` over IPC the process kills itself before the n-th call from then on; told a `command`
 * as well, it runs that instead, once; told anything else it answers with the calls since. No line of the daemon knows of this.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';

let calls: string[] = [];
let dieAt = Number.POSITIVE_INFINITY;
let command: readonly string[] | undefined;

/** @param half does a part of the call: a kill may come in the midst of it, too */
function about(call: string, half?: () => void): void {
  if (half) step(`${call}, in half`, half);
  step(call);
}

function step(call: string, before?: () => void): void {
  if (calls.length === dieAt && command) {
    dieAt = Number.POSITIVE_INFINITY;
    const [program = '', ...args] = command;
    spawnSync(program, args);
  } else if (calls.length === dieAt) {
    before?.();
    process.kill(process.pid, 'SIGKILL');
  }
  calls.push(call);
}

const { writeFileSync, openSync, renameSync, rmSync, unlinkSync, readdirSync } = fs;
const nameOf = (path: fs.PathLike): string => `${basename(dirname(String(path)))}/${basename(String(path))}`;
Object.assign(fs, {
  writeFileSync: (file: fs.PathOrFileDescriptor, text: string, options?: fs.WriteFileOptions) => {
    const half = () => writeFileSync(file, text.slice(0, text.length / 2), options);
    about(`write ${typeof file === 'number' ? 'it' : nameOf(file as fs.PathLike)}`, half);
    writeFileSync(file, text, options);
  },
  openSync: (path: fs.PathLike, flags?: fs.OpenMode, mode?: fs.Mode) => {
    if (flags === 'w') about(`open ${nameOf(path)}`);
    return openSync(path, flags as fs.OpenMode, mode);
  },
  renameSync: (from: fs.PathLike, to: fs.PathLike) => {
    about(`rename to ${nameOf(to)}`);
    renameSync(from, to);
  },
  unlinkSync: (path: fs.PathLike) => {
    about(`unlink ${nameOf(path)}`);
    unlinkSync(path);
  },
  rmSync: (path: fs.PathLike, options?: fs.RmOptions) => {
    if (fs.existsSync(path)) {
      const half = (): void => {
        const names = readdirSync(path);
        for (const name of names.slice(0, names.length / 2)) unlinkSync(join(String(path), name));
      };
      about(`remove ${nameOf(path)}`, options?.recursive ? half : undefined);
    }
    rmSync(path, options);
  },
});
syncBuiltinESMExports();

/** Of enum bpf_cmd: what other processes see. Maps and programs that are not pinned end with this one. */
const COMMANDS: Readonly<Record<number, string>> = {
  6: 'pin',
  8: 'attach',
  9: 'detach',
  28: 'create link',
  29: 'update link',
  34: 'detach link',
};

const koffi = createRequire(process.argv[1] as string)('koffi') as typeof import('koffi');
const { load } = koffi;
const BPF_NUMBERS: readonly number[] = [321, 280];
Object.assign(koffi, {
  load: (path: string | null) => {
    const library = load(path);
    if (path !== null) return library;
    const syscall = library.func('long syscall(long, long, long, long, long, long, long)');
    return {
      func: () =>
        Object.assign((number: number, command: number, ...rest: readonly number[]) => {
          const name = BPF_NUMBERS.includes(number) ? COMMANDS[command] : undefined;
          if (name !== undefined) about(name === 'pin' ? `pin ${pinPath(rest[0] as number)}` : name);
          return syscall(number, command, ...rest);
        }),
    };
  },
});

/** Of the attributes of BPF_OBJ_PIN: the address of the path is the first field. */
function pinPath(attributes: number): string {
  const address = Number(new DataView(koffi.view(attributes, 8)).getBigUint64(0, true));
  const bytes = Buffer.from(koffi.view(address, 128));
  return nameOf(bytes.toString('latin1', 0, bytes.indexOf(0)));
}

process.on('message', (told: { readonly dieAt?: number; readonly command?: readonly string[] }) => {
  if (told.dieAt === undefined) {
    process.send?.({ calls });
    return;
  }
  ({ dieAt, command } = told);
  calls = [];
  process.send?.({ armed: true });
});
process.channel?.unref();
