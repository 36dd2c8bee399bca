import { execFileSync } from 'node:child_process';
import { createNamespace, deleteNamespace } from '../../src/kernel/index.ts';

/** A network namespace of its own with both ends of a veth pair, `left` and `right`, up. */
export interface VethPair {
  readonly namespace: string;
  remove(): void;
}

let made = 0;

export function createVethPair(): VethPair {
  made += 1;
  const namespace = `kernel-test-${process.pid}-${made}`;
  createNamespace(namespace);
  const ip = (...args: string[]) => execFileSync('ip', ['-n', namespace, ...args]);
  ip('link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right');
  for (const device of ['left', 'right']) {
    // Without IPv6 addresses, so that no packet is sent but those of the test.
    ip('link', 'set', device, 'addrgenmode', 'none');
    ip('link', 'set', device, 'up');
  }
  return { namespace, remove: () => deleteNamespace(namespace) };
}
