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

/** Prefixes that the flood does not come from: what else stands on a block list. */
export const otherPrefixes = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.${index >> 8}.${index & 0xff}.0/24`);

/** Runs a command in the host. Throws with what it said when it does not end well. */
export async function mustRun(host: LabHost, command: string, args: readonly string[], input = ''): Promise<void> {
  const { status, stdout, stderr } = await host.exec(command, args, { input });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${(stderr || stdout).trim().split('\n')[0]}`);
}
