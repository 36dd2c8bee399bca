import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Enforcement, type EnforceOptions, enforce } from '../../src/datapath/index.ts';
import {
  inNamespace,
  listInterfaces,
  listPins,
  type NetworkInterface,
  namespaceInode,
  openDescriptorNames,
  openMappings,
} from '../../src/kernel/index.ts';
import { policyOf } from '../lab/enforcing.ts';

export const enforceIn = (namespace: string, policy: string, options: EnforceOptions = {}): Enforcement =>
  inNamespace(namespace, () => enforce(policyOf(policy), options));

export const interfaceIn = (namespace: string, name: string): NetworkInterface | undefined =>
  inNamespace(namespace, listInterfaces).find((one) => one.name === name);

/** The file with what is known of the enforcement in a namespace, besides its pins. */
export const statePath = (namespace: string): string =>
  join('/run/sluice', `net-${namespaceInode(namespace)}`, 'state.json');

/** All that Sluice leaves anywhere while a policy is in force in the namespace. */
export function traces(namespace: string): Record<string, unknown> {
  const name = `net-${namespaceInode(namespace)}`;
  const attached = inNamespace(namespace, listInterfaces).flatMap(({ name, xdp }) => (xdp ? [name] : []));
  return {
    pins: listPins('/sys/fs/bpf').filter((pin) => pin.includes(name)),
    folders: ['/sys/fs/bpf/sluice', '/run/sluice'].filter((folder) => existsSync(join(folder, name))),
    attached,
    open: openDescriptorNames(),
    mappings: openMappings(),
  };
}

export const NO_TRACE = { pins: [], folders: [], attached: [], open: [], mappings: 0 };
