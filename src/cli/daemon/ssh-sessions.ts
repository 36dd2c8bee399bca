import { describeSession, liveSshSessions, type SshSession, sshConnectionOf } from '../../rehearse/index.ts';

/**
 * The SSH connections by which this host is administered, as the values of SSH_CONNECTION would be; those of this
 * process' network namespace. Asked here, since the daemon may not look into the processes of sshd.
 */
export function sshSessions(): string[] {
  const own = sshConnectionOf();
  return liveSshSessions(own === undefined ? [] : [own]).map(asVariable);
}

/** `198.51.100.7 40000 192.0.2.10 22`. */
function asVariable(session: SshSession): string {
  const [client = '', server = ''] = describeSession(session).split(' > ');
  return [client, server]
    .map((end) => `${end.slice(0, end.lastIndexOf(':')).replace(/[[\]]/g, '')} ${end.slice(end.lastIndexOf(':') + 1)}`)
    .join(' ');
}
