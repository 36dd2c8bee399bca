import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readSituation } from '../../src/datapath/index.ts';
import { pathsHere } from '../../src/datapath/paths.ts';
import { openPlace } from '../../src/datapath/pinned-links.ts';
import { inNamespace, listInterfaces, programFromId, testRun } from '../../src/kernel/index.ts';
import { namespacePath } from '../../src/lab/namespaces.ts';
import { type Address, parseAddress } from '../../src/packet/address.ts';
import { buildFrame } from '../../src/packet/build.ts';

const PORTS = { before: 7, after: 9 } as const;

/** A policy that drops datagrams to one port on both hooks: `before` and `after` can be told apart by their verdicts. */
export const policyFor = (side: keyof typeof PORTS, interfaces = 'left, right'): string => `
version: 1
interfaces: [${interfaces}]
ingress:
  default: allow
  rules:
    - { name: dropped-${side}, protocol: udp, port: ${PORTS[side]}, action: drop }
    - { name: seen, protocol: udp, port: 5, action: drop }
egress:
  default: allow
  rules:
    - { name: dropped-out-${side}, protocol: udp, port: ${PORTS[side]}, action: drop }
`;

const DROPS = { xdp: 1, egress: 2 } as const;
/** A datagram. */
export const frameTo = (port: number, from = '192.0.2.1'): Uint8Array =>
  buildFrame({
    src: parseAddress(from) as Address,
    dst: parseAddress('192.0.2.2') as Address,
    protocol: 17,
    dstPort: port,
  });

export type Judge = 'before' | 'after' | 'nobody' | 'both';

/** Who judges at each hook of both interfaces, told by the verdicts of what is attached there. */
export function judges(namespace: string): readonly Judge[] {
  return inNamespace(namespace, () =>
    ['left', 'right'].flatMap((name) => (['xdp', 'egress'] as const).map((hook) => judgeAt(name, hook))),
  );
}

function judgeAt(name: string, hook: keyof typeof DROPS): Judge {
  const [before, after] = [dropsAt(name, hook, frameTo(PORTS.before)), dropsAt(name, hook, frameTo(PORTS.after))];
  return before ? (after ? 'both' : 'before') : after ? 'after' : 'nobody';
}

/** Whether what is attached at a hook drops the frame. In the interface's network namespace. */
export function dropsAt(name: string, hook: keyof typeof DROPS, data: Uint8Array): boolean {
  const { index } = listInterfaces().find((one) => one.name === name) ?? { index: 0 };
  const place = openPlace(pathsHere(), index, hook);
  if (place === undefined) return false;
  using program = programFromId(place.programId);
  place.close();
  return testRun(program, { data }).returnValue === DROPS[hook];
}

/** What `status` says: which policy judges, and why. */
export function told(namespace: string): { readonly judge: Judge; readonly why: string | undefined } {
  const { found, why } = inNamespace(namespace, readSituation);
  const judge = found === undefined ? 'nobody' : found.policy.text.includes('dropped-after') ? 'after' : 'before';
  return { judge, why };
}

/** Starts a process of changing-process.ts; resolves when it is dead, or waits. */
export async function change(
  namespace: string,
  ...rest: readonly [before: string, after: string, step: string, trialMs?: string]
): Promise<{ kill(): Promise<void> }> {
  const program = fileURLToPath(new URL('changing-process.ts', import.meta.url));
  const args = ['--import', 'tsx', program, namespacePath(namespace), ...rest.flatMap((one) => one ?? [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  await Promise.race([ended, once(child.stdout, 'data')]);
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
