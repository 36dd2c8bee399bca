import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namespaceInode } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { command, type Outcome, type Running, sluice, startCommand, startSluice } from '../cli/sluice.ts';

/** A host with a daemon, and a client that sends it packets. */
export interface DaemonLab {
  readonly client: LabHost;
  readonly host: LabHost;
  /** Of the policies; commands are run in it. */
  readonly folder: string;
  readonly stateDir: string;
  /** What is known of the policy in force, and its pins. */
  readonly record: string;
  readonly pins: string;
  write(name: string, content: string): void;
  /** Runs a command in the host's network namespace. */
  ask(name: string, ...args: readonly string[]): Outcome;
  /** The same, and the test goes on meanwhile. */
  askMeanwhile(name: string, ...args: readonly string[]): Promise<Outcome>;
  /** As a user without any rights. */
  askAsNobody(name: string, ...args: readonly string[]): Promise<Outcome>;
  /** Resolves when the daemon listens. */
  start(...args: readonly string[]): Promise<Running>;
  /** The same, by a command that runs the rest of its command line. */
  startUnder(under: readonly string[], env?: NodeJS.ProcessEnv): Promise<Running>;
  kill(daemon: Running): Promise<void>;
  /** Starts `sluice up`, and waits until it has put the policy in force. */
  up(file: string): Promise<Running>;
  /** Makes the history that of a machine which has started again since. */
  forgetPlace(): void;
  /** How many of that many pings the host answers. */
  ping(times?: number): Promise<number>;
  /** Ends the daemons and takes everything down; the history stays. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function createDaemonLab(name: string): Promise<DaemonLab> {
  const lab: Lab = await createPair({ name });
  const [client, host] = [lab.host('client'), lab.host('host')];
  const folder = mkdtempSync(join(tmpdir(), 'sluice-daemon-'));
  const stateDir = join(folder, 'state');
  const netns = ['--netns', host.path];
  const inode = namespaceInode({ path: host.path });
  const daemons: Running[] = [];
  const ask: DaemonLab['ask'] = (name, ...args) => sluice([name, ...netns, ...args], { cwd: folder });
  const inside = (...line: readonly string[]): string[] => ['nsenter', `--net=${host.path}`, ...line];
  const begun = async (daemon: Running): Promise<Running> => {
    daemons.push(daemon);
    await daemon.printed(/listening/);
    return daemon;
  };
  const clear = async (): Promise<void> => {
    for (const { child } of daemons) child.kill('SIGKILL');
    await Promise.all(daemons.splice(0).map(({ ended }) => ended));
    ask('down');
  };
  return {
    client,
    host,
    folder,
    stateDir,
    record: `/run/sluice/net-${inode}/state.json`,
    pins: `/sys/fs/bpf/sluice/net-${inode}`,
    write: (name, content) => writeFileSync(join(folder, name), content),
    ask,
    askMeanwhile: (name, ...args) => startSluice([name, ...netns, ...args], folder).ended,
    askAsNobody: (name, ...args) => {
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      return startCommand(inside(...nobody, process.execPath, command, name, ...args), folder).ended;
    },
    start(...args) {
      const state = args.includes('--state-dir') ? [] : ['--state-dir', stateDir];
      return begun(startSluice(['run', ...netns, ...state, ...args], folder));
    },
    startUnder(under, env) {
      const line = [...under, process.execPath, command, 'run', '--state-dir', stateDir];
      return begun(startCommand(inside(...line), folder, env));
    },
    async up(file) {
      const process = startSluice(['up', file, ...netns], folder);
      daemons.push(process);
      await process.printed(/in force/);
      return process;
    },
    forgetPlace() {
      const history = join(stateDir, 'history');
      for (const name of readdirSync(history)) {
        const record = JSON.parse(readFileSync(join(history, name), 'utf8'));
        writeFileSync(join(history, name), JSON.stringify({ ...record, place: 'before' }));
      }
    },
    async kill({ child, ended }) {
      child.kill('SIGKILL');
      await ended;
    },
    async ping(times = 2) {
      const { stdout } = await client.exec('ping', ['-c', String(times), '-i', '0.1', '-W', '1', host.address(4)]);
      return Number(/(\d+) received/.exec(stdout)?.[1]);
    },
    clear,
    async close() {
      await clear();
      await lab.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A policy whose one rule does that with pings. */
export const pings = (action: string): string => `version: 1
interfaces: [eth0]
ingress:
  rules:
    - { name: pings, protocol: icmp, icmpType: echo-request, action: ${action} }
`;
