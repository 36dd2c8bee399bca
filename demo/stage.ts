import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { CounterRow } from '../src/cli/enforcement/counter-rows.ts';
import { pathsHere } from '../src/datapath/paths.ts';
import { inNamespace } from '../src/kernel/index.ts';
import { type CommandResult, createLab, type Lab, type LabHost, receiveXdpFrames } from '../src/lab/index.ts';

/** Packets that a rule (or a reason) has decided while something was done. */
export type Counted = Pick<CounterRow, 'rule' | 'stage' | 'line' | 'reason' | 'action' | 'packets'>;

/** Where the demo plays: the lab's edge topology, with a policy in force on the router. */
export interface Stage {
  readonly lab: Lab;
  readonly client: LabHost;
  readonly attacker: LabHost;
  readonly router: LabHost;
  readonly server: LabHost;
  /** Holds copies of edge.yaml and blocked.txt. */
  readonly folder: string;
  /** Seconds from the command `sluice up` to the policy in force. */
  readonly upSeconds: number;
  /** Runs `sluice` on the router, beside the policy. */
  sluice(...args: readonly string[]): Promise<CommandResult>;
  counters(): Promise<readonly Counted[]>;
  /** What was counted during `action`, of the rules (or reasons) named, in that order. */
  countedDuring(names: readonly string[], action: () => Promise<unknown>): Promise<readonly Counted[]>;
  /** Files that are there while the stage is: of namespaces, of what is pinned, of what is in force. */
  traces(): readonly string[];
  close(): Promise<void>;
}

const SLUICE = resolve('bin/sluice');

/** What is under way in the network when a command ends may be counted a moment later. */
const SETTLE_MS = 50;

export async function setStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), `sluice-demo-${process.pid}-`));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  for (const name of ['edge.yaml', 'blocked.txt']) cpSync(join('examples', name), join(folder, name));

  const lab = await createLab({ name: 'demo' });
  const [client, attacker, router, server] = ['client', 'attacker', 'router', 'server'].map(lab.host) as FourHosts;
  await Promise.all([server.serveHttp(80), server.serveEcho(22), server.serveEcho(23)]);
  // What the router rejects, it sends from XDP.
  for (const host of [client, attacker]) receiveXdpFrames(host, 'eth0');

  const sluice = (...args: readonly string[]) => ['env', ['-C', folder, process.execPath, SLUICE, ...args]] as const;
  const started = performance.now();
  const up = await router.spawn(...sluice('up', 'edge.yaml'));
  await up.printed('in force', 10_000);
  const upSeconds = (performance.now() - started) / 1000;

  const { pins, state } = inNamespace(router, pathsHere);
  const traces = [folder, pins, dirname(state), ...lab.hosts.map(({ path }) => path)];

  async function counters(): Promise<readonly Counted[]> {
    const { stdout, stderr } = await router.exec(...sluice('rules', '-o', 'json'));
    if (stdout === '') throw new Error(`sluice rules: ${stderr.trim()}`);
    return (JSON.parse(stdout) as { readonly counters: readonly Counted[] }).counters;
  }

  return {
    ...{ lab, client, attacker, router, server, folder, upSeconds, counters },
    sluice: (...args) => router.exec(...sluice(...args)),
    async countedDuring(names, action) {
      const before = await counters();
      await action();
      await setTimeout(SETTLE_MS);
      return difference(before, await counters(), names);
    },
    traces: () => traces,
    async close() {
      await up.stop('SIGINT');
      await lab.close();
      removeFolder();
    },
  };
}

type FourHosts = [LabHost, LabHost, LabHost, LabHost];

const nameOf = ({ rule, reason }: Counted): string => rule ?? reason;

/** @returns a row for each name: 0 packets where it was not hit */
export function difference(before: readonly Counted[], after: readonly Counted[], names: readonly string[]): Counted[] {
  const packets = new Map(before.map((row) => [nameOf(row), row.packets]));
  return names.flatMap((name) => {
    const row = after.find((row) => nameOf(row) === name);
    return row ? [{ ...row, packets: row.packets - (packets.get(name) ?? 0) }] : [];
  });
}
