import { listNamespaces } from '../kernel/index.ts';
import { type LabId, labOf, startTimeOf } from './namespaces.ts';

/** A lab by the namespaces that there are of it. */
export interface ListedLab {
  readonly name: string;
  /** Of the process that made it. */
  readonly pid: number;
  /** Whether that process is gone, and the lab left behind. */
  readonly stale: boolean;
  readonly hosts: readonly string[];
}

/** All labs on this machine, whoever made them. */
export function listLabs(): ListedLab[] {
  const labs = new Map<string, { readonly id: LabId; readonly hosts: string[] }>();
  for (const namespace of listNamespaces()) {
    const id = labOf(namespace);
    if (id === undefined) continue;
    const key = namespace.slice(0, namespace.indexOf('-', namespace.lastIndexOf('.')));
    const lab = labs.get(key) ?? { id, hosts: [] };
    lab.hosts.push(namespace.slice(key.length + 1));
    labs.set(key, lab);
  }
  return [...labs.values()].map(({ id: { name, pid, startTime }, hosts }) => ({
    name,
    pid,
    stale: startTimeOf(pid) !== startTime,
    hosts,
  }));
}
