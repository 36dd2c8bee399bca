import { SluiceError } from '../diagnostics/problem.ts';
import { end, endGroup, type Running, run } from './command.ts';
import { createHost, type LabHost } from './host.ts';
import {
  type LabId,
  namespaceOf,
  namespacePath,
  removeNamespaces,
  staleNamespaces,
  startTimeOf,
} from './namespaces.ts';
import { closeAtExit, closed } from './open-labs.ts';
import { addressing, tuning, wiring } from './set-up-plan.ts';
import { devicesOf, edgeTopology, pairTopology, type Topology } from './topology.ts';

export interface LabOptions {
  /** Shows in the namespaces' names: lower-case letters, digits, dashes. Default `lab`. */
  readonly name?: string;
  /** Default: `edgeTopology`. */
  readonly topology?: Topology;
}

/** Hosts in network namespaces of their own. Nothing of it is left after `close`, or after the process. */
export interface Lab {
  readonly hosts: readonly LabHost[];
  /** Throws lab/not-in-topology where there is none of the name. */
  host(name: string): LabHost;
  /** Ends every process inside, then removes the namespaces. May be called again. */
  close(): Promise<void>;
}

let serial = 0;

/**
 * Builds a lab, after removing what labs of killed processes have left behind. Wants root, `ip`, `nsenter`, `ethtool`.
 * Throws lab/set-up with what the system said; nothing is left then.
 */
export async function createLab({ name = 'lab', topology = edgeTopology }: LabOptions = {}): Promise<Lab> {
  removeNamespaces(staleNamespaces());

  const id: LabId = { name, pid: process.pid, startTime: startTimeOf(process.pid) ?? '0', serial: serial++ };
  const namespaces = topology.hosts.map((host) => namespaceOf(id, host.name));
  const running: Running = new Set();
  const removeNow = () => {
    // One that was just started may not be in its namespace yet, where it would be found.
    for (const child of running) endGroup(child, 'SIGTERM');
    removeNamespaces(namespaces);
    for (const child of running) endGroup(child, 'SIGKILL');
  };
  const close = async () => {
    await Promise.all([...running].map((child) => end(child)));
    removeNow();
    closed(removeNow);
  };

  closeAtExit(removeNow);
  try {
    await setUp(running, topology, (host) => namespaceOf(id, host));
  } catch (error) {
    await close();
    throw error;
  }

  const hosts = topology.hosts.map(({ name: host }) =>
    createHost(host, namespaceOf(id, host), devicesOf(topology, host), running),
  );
  return {
    hosts,
    host(wanted) {
      const found = hosts.find((host) => host.name === wanted);
      if (found !== undefined) return found;
      const message = `the lab has no host "${wanted}", only ${hosts.map((host) => host.name).join(', ')}`;
      throw new SluiceError({ code: 'lab/not-in-topology', message });
    },
    close,
  };
}

/** Two hosts, `client` and `host`, joined by one veth pair: each has the other at its eth0. */
export const createPair = (options: { readonly name?: string } = {}): Promise<Lab> =>
  createLab({ name: 'pair', ...options, topology: pairTopology });

async function setUp(running: Running, topology: Topology, namespaceOf: (host: string) => string): Promise<void> {
  await mustWork(running, 'ip', ['-batch', '-'], wiring(topology, namespaceOf));
  await Promise.all(
    topology.hosts.map((host) => {
      const script = ['set -e', 'ip -batch -', ...tuning(topology, host)].join('\n');
      const args = [`--net=${namespacePath(namespaceOf(host.name))}`, '--', 'sh', '-c', script];
      return mustWork(running, 'nsenter', args, addressing(topology, host));
    }),
  );
}

async function mustWork(
  running: Running,
  command: string,
  args: readonly string[],
  lines: readonly string[],
): Promise<void> {
  const { status, stderr } = await run(running, command, args, { input: `${lines.join('\n')}\n` });
  if (status === 0) return;
  throw new SluiceError({ code: 'lab/set-up', message: `setting up the lab: ${command}: ${stderr.trim()}` });
}
