import { type Address, formatAddress } from '../../packet/address.ts';

/** A connection through which somebody administers this host. */
export interface SshSession {
  readonly client: Address;
  readonly clientPort: number;
  /** Of this host. */
  readonly server: Address;
  readonly serverPort: number;
  /** Whether it is the connection of whoever asks, or one that a process of sshd holds. */
  readonly of: 'caller' | 'sshd';
}

/** `198.51.100.7:40000 > 192.0.2.10:22`, as packets are written. */
export function describeSession({ client, clientPort, server, serverPort }: SshSession): string {
  return `${endpoint(client, clientPort)} > ${endpoint(server, serverPort)}`;
}

function endpoint(address: Address, port: number): string {
  const text = formatAddress(address);
  return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** ::ffff:0:0/96: how a socket for both families has IPv4. */
