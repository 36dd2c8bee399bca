import { readFileSync } from 'node:fs';
import type { PeerCredentials } from '../kernel/index.ts';
import type { Who } from './revision.ts';

/** As the kernel has it for a process that nobody has logged in to: (uid_t) -1. */
const NOBODY_LOGGED_IN = '4294967295';
const LONGEST_COMMAND = 200;

/**
 * Who is behind a process, of what any process may read of another: the daemon need not be able to trace it.
 * @param said.sudoUser what sudo calls the user, as the process itself says; counts where the kernel knows no login
 */
export function whoIs({ pid, uid }: PeerCredentials, said: { readonly sudoUser?: string | undefined } = {}): Who {
  const loginUid = read(pid, 'loginuid');
  const known = loginUid !== undefined && loginUid !== NOBODY_LOGGED_IN ? userName(Number(loginUid)) : undefined;
  const [user, login, tty, command] = [userName(uid), known ?? said.sudoUser, terminalOf(pid), commandOf(pid)];
  return {
    uid,
    ...(user !== undefined && { user }),
    ...(login !== undefined && login !== user && { login }),
    pid,
    ...(tty !== undefined && { tty }),
    ...(command !== undefined && { command }),
  };
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

function userName(uid: number): string | undefined {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find(([, , number]) => number === String(uid))?.[0];
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string | undefined {
  const words = read(pid, 'cmdline')
    ?.split('\0')
    .filter((word) => word !== '');
  if (!words || words.length === 0) return undefined;
  const command = words.join(' ');
  return command.length > LONGEST_COMMAND ? `${command.slice(0, LONGEST_COMMAND)}…` : command;
}

/** By the device number of its terminal: Linux Documentation/admin-guide/devices.txt. */
function terminalOf(pid: number): string | undefined {
  const device = Number(read(pid, 'stat')?.split(') ').at(-1)?.split(' ')[4] ?? 0);
  const [major, minor] = [(device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00)];
  if (major >= 136 && major <= 143) return `pts/${minor + (major - 136) * 256}`;
  if (major !== 4) return undefined;
  return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
}
