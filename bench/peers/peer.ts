import type { LabHost } from '../../src/lab/index.ts';

/** One way to drop the flood: what is compared. */
export interface Peer {
  /** Names it in results, from one run to the next. */
  readonly id: string;
  readonly title: string;
  /**
   * Makes `host` drop every frame of the flood on its eth0. Returns what undoes that, where the end of the namespace
   * does not. Throws where this machine cannot do it; the message becomes part of the results.
   */
  readonly setUp: (host: LabHost) => Promise<TearDown | undefined>;
}

export type TearDown = () => void | Promise<void>;

/**
 * Prefixes of 24 to 32 bits that the flood does not come from: what else stands on a block list. Drawn at random, the
 * same in every run, each from a /24 of its own, so that no peer can merge them.
 */
export function otherPrefixes(count: number): string[] {
  let state = 1;
  const random = (below: number): number => {
    // Numerical Recipes' linear congruential generator; the high bits are the better ones.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const networks = new Set<number>();
  while (networks.size < count) networks.add(random(170 << 16) + (20 << 16));
  return [...networks].map((network) => {
    const bits = 24 + random(9);
    const host = random(256) & (0xff << (32 - bits));
    return `${network >> 16}.${(network >> 8) & 0xff}.${network & 0xff}.${host & 0xff}/${bits}`;
  });
}

/** Runs a command in the host. Throws with what it said when it does not end well. */
export async function mustRun(host: LabHost, command: string, args: readonly string[], input = ''): Promise<void> {
  const { status, stdout, stderr } = await host.exec(command, args, { input });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${(stderr || stdout).trim().split('\n')[0]}`);
}
