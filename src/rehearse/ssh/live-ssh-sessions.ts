import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { listTcpSockets, type TcpSocket } from '../../datapath/tcp-sockets.ts';
import { parseSshConnection } from './ssh-connection.ts';
import { describeSession, type SshSession } from './ssh-session.ts';

/** Since OpenSSH 9.8 a connection is held by a program of its own. */
const SERVERS: ReadonlySet<string> = new Set(['sshd', 'sshd-session']);

/**
 * The connections by which this host is administered now, in the calling thread's network namespace: those that
 * processes of sshd hold, and those of whoever asks, by any server.
 * @param callers SSH_CONNECTION of who asks, from `sshConnectionOf`; one that is no longer open does not count
 */
export function liveSshSessions(callers: readonly string[] = []): SshSession[] {
  const sockets = listTcpSockets();
  const established = sockets.filter(({ state }) => state === 'established');
  const open = new Map(established.map((socket) => [describeSession(sessionOf(socket, 'sshd')), socket]));
  const sessions = new Map<string, SshSession>();
  for (const text of callers) {
    const session = parseSshConnection(text);
    if (session && open.has(describeSession(session))) sessions.set(describeSession(session), session);
  }
  for (const socket of heldBySshd(established, sockets)) {
    const session = sessionOf(socket, 'sshd');
    if (!sessions.has(describeSession(session))) sessions.set(describeSession(session), session);
  }
  return [...sessions.values()];
}

function sessionOf({ local, localPort, remote, remotePort }: TcpSocket, of: SshSession['of']): SshSession {
  return { client: remote, clientPort: remotePort, server: local, serverPort: localPort, of };
}

/** Without what a session forwards: a process that holds an accepted connection made its others itself. */
function heldBySshd(established: readonly TcpSocket[], all: readonly TcpSocket[]): TcpSocket[] {
  const byInode = new Map(established.map((socket) => [socket.inode, socket]));
  const listening = new Set(all.filter(({ state }) => state === 'listening').map(({ localPort }) => localPort));
  return processesOfSshd().flatMap((pid) => {
    const held = socketsOf(pid).flatMap((inode) => byInode.get(inode) ?? []);
    const accepted = held.filter(({ localPort }) => listening.has(localPort));
    return accepted.length > 0 ? accepted : held;
  });
}

function processesOfSshd(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => SERVERS.has(attempt(() => readFileSync(`/proc/${pid}/comm`, 'latin1'))?.trimEnd() ?? ''));
}

/** Inodes of the sockets that a process has open; none where it has ended, or may not be looked into. */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const links = (attempt(() => readdirSync(folder)) ?? []).map((name) =>
    attempt(() => readlinkSync(`${folder}/${name}`)),
  );
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1] ?? []);
}

/** Processes end while they are looked at. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
