import { readdirSync, readFileSync } from 'node:fs';
import { listInterfaces, type NetworkInterface } from '../../kernel/index.ts';
import { formatAddress, parseAddress } from '../../packet/address.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { matchesAny } from '../../policy/interface-pattern.ts';
import type { SshSession } from './ssh-session.ts';

/**
 * The interfaces of the policy that a session's packets pass: the one that has its local address, and those below it,
 * as the ports of a bridge. None where the policy is not asked about the session.
 */
export function interfacesOf(
  { server }: SshSession,
  { interfaces }: Pick<CheckedPolicy, 'interfaces'>,
  present: readonly NetworkInterface[] = listInterfaces(),
): string[] {
  const wanted = formatAddress(server);
  const holders = present.filter(({ addresses }) => addresses.some(({ address }) => canonical(address) === wanted));
  const names = holders.flatMap((holder) => [holder.name, ...lowerInterfaces(holder)]);
  return [...new Set(names)].filter((name) => matchesAny(interfaces, name));
}

function canonical(text: string): string {
  const address = parseAddress(text);
  return address ? formatAddress(address) : text;
}

const FOLDER = '/sys/class/net';

/** Those that an interface is made of, at any depth. /sys may be of another network namespace: then none. */
function lowerInterfaces({ name, index }: Pick<NetworkInterface, 'name' | 'index'>): string[] {
  try {
    if (Number(readFileSync(`${FOLDER}/${name}/ifindex`, 'latin1')) !== index) return [];
    const lower = readdirSync(`${FOLDER}/${name}`).flatMap((entry) => /^lower_(.+)$/.exec(entry)?.[1] ?? []);
    return lower.flatMap((below) => {
      const number = Number(readFileSync(`${FOLDER}/${below}/ifindex`, 'latin1'));
      return [below, ...lowerInterfaces({ name: below, index: number })];
    });
  } catch {
    return [];
  }
}
