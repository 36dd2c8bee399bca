import { readFileSync } from 'node:fs';
import { unmapped } from '../../datapath/tcp-sockets.ts';
import { parseAddress } from '../../packet/address.ts';
import type { SshSession } from './ssh-session.ts';

/** Where a chain of parents is taken for endless. */
const MOST_ANCESTORS = 64;

/**
 * SSH_CONNECTION of the process or of the next of its ancestors that has it: sudo takes it out of the environment, but
 * not out of that of the shell that it was called from. For whoever asks, not for the daemon that is asked. Undefined
 * where nobody came by SSH, or their processes may not be looked into.
 */
export function sshConnectionOf(pid = process.pid): string | undefined {
  let current = pid;
  for (let turn = 0; current > 0 && turn < MOST_ANCESTORS; turn++) {
    const found = current === process.pid ? process.env['SSH_CONNECTION'] : environmentOf(current);
    if (found) return found;
    current = parentOf(current);
  }
  return undefined;
}

function environmentOf(pid: number): string | undefined {
  const prefix = 'SSH_CONNECTION=';
  const variables = read(`/proc/${pid}/environ`)?.split('\0') ?? [];
  return variables.find((variable) => variable.startsWith(prefix))?.slice(prefix.length);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** Reads `198.51.100.7 40000 192.0.2.10 22`; a zone behind an address is left out. Undefined where it is none. */
export function parseSshConnection(text: string): SshSession | undefined {
  const [clientText = '', clientPort = '', serverText = '', serverPort = ''] = text.trim().split(/\s+/);
  const client = parseAddress(clientText.replace(/%.*$/, ''));
  const server = parseAddress(serverText.replace(/%.*$/, ''));
  const ports = [clientPort, serverPort].map((port) => (/^\d{1,5}$/.test(port) ? Number(port) : Number.NaN));
  const [from = Number.NaN, to = Number.NaN] = ports;
  if (client === undefined || server === undefined || !(from <= 0xffff) || !(to <= 0xffff)) return undefined;
  return { client: unmapped(client), clientPort: from, server: unmapped(server), serverPort: to, of: 'caller' };
}
