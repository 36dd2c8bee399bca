import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createDaemonClient, type DaemonClient } from '../../src/api/client.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { type Sample, sampleOf } from '../results.ts';
import { policyVersions } from '../updates/policies.ts';
import { startProbe } from '../updates/probe.ts';

/** What is asked of a daemon, and what it takes when nothing is. */
export interface DaemonCost {
  /** Of 1,000 rules of ClassBench, milliseconds: from the request to the answer; of it, while packets change over. */
  readonly apply: { readonly rules: number; readonly total: Sample; readonly swap: Sample };
  /** Milliseconds for a member added to a set, from the request to the answer. */
  readonly member: Sample;
  readonly memberP99: number;
  /** Milliseconds from the deadline of a trial, its daemon killed, to the first packet that the policy before judges. */
  readonly deadline: Sample;
  readonly idle: { readonly cpuPercent: number; readonly residentMb: number };
}

const RULES = 1_000;
const APPLIES = 20;
const MEMBERS = 2_000;
const TRIALS = 3;
const TRIAL_MS = 4_000;
const IDLE_MS = 20_000;
/** Until memory that work took has been given back, which is work, too. */
const SETTLE_MS = 20_000;

export async function measureDaemon(): Promise<DaemonCost> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const lab = await createPair({ name: 'life' });
  const host = lab.host('host');
  const { rules, without, withRule } = policyVersions(RULES, lab.host('client').address(4), host.address(4));
  const sets = 'sets: { blocked: { dynamic: true } }\nprefilter: [{ name: blocked, from: "@blocked", action: drop }]\n';
  const texts = [without, withRule].map((text) => text + sets);
  const path = join(folder, 'policy.yaml');
  const client = inNamespace(host, createDaemonClient);
  let daemon = await startDaemon(host, folder);
  try {
    await client.ask('apply', { path, text: texts[0] as string });
    const applies = await times(APPLIES, (n) => apply(client, path, texts[(n + 1) % 2] as string));
    const members = await times(MEMBERS, (n) => addMember(client, n));
    const idle = await idleCost(daemon.pid);
    const deadlines: number[] = [];
    for (let trial = 0; trial < TRIALS; trial++) {
      await client.ask('apply', { path, text: texts[0] as string });
      deadlines.push(await deadlineDelay(lab, client, { path, text: texts[1] as string }, daemon.kill));
      daemon = await startDaemon(host, folder);
    }
    await client.ask('down', {});
    const sorted = [...members].sort((a, b) => a - b);
    return {
      apply: {
        rules,
        total: sampleOf(applies.map(({ total }) => total)),
        swap: sampleOf(applies.map(({ swap }) => swap)),
      },
      member: sampleOf(members),
      memberP99: Number((sorted[Math.floor(sorted.length * 0.99)] as number).toPrecision(3)),
      deadline: sampleOf(deadlines),
      idle,
    };
  } finally {
    await daemon.kill();
    await lab.close();
    rmSync(folder, { recursive: true });
  }
}

async function times<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await act(index));
  return results;
}

async function apply(client: DaemonClient, path: string, text: string): Promise<{ total: number; swap: number }> {
  const started = performance.now();
  const { swapMs = Number.NaN } = await client.ask('apply', { path, text });
  return { total: performance.now() - started, swap: swapMs };
}

async function addMember(client: DaemonClient, index: number): Promise<number> {
  const started = performance.now();
  const prefix = `203.0.${113 + (index >> 8)}.${index & 255}`;
  await client.ask('members', { set: 'blocked', add: [{ prefix, ttlMs: 600_000 }] });
  return performance.now() - started;
}

/** The policy on trial lets the probe pass, which the one before does not. */
async function deadlineDelay(
  lab: Lab,
  client: DaemonClient,
  policy: { path: string; text: string },
  kill: () => Promise<void>,
): Promise<number> {
  const probe = await startProbe(lab);
  const { pending } = await client.ask('apply', { ...policy, confirmMs: TRIAL_MS });
  if (pending?.deadline === undefined) throw new Error('the apply is not on trial');
  // The boot clock is the deadline's; here both clocks run alike.
  const deadline = Date.parse(pending.deadline) - Date.now() + performance.now();
  await probe.firstAfter(0);
  await kill();
  const last = await probe.last();
  await probe.close();
  return Math.max(0, last - deadline);
}

interface DaemonProcess {
  readonly pid: number;
  kill(): Promise<void>;
}

async function startDaemon(host: LabHost, folder: string): Promise<DaemonProcess> {
  const args = ['run', '--netns', host.namespace, '--state-dir', join(folder, 'state')];
  const child = spawn('bin/sluice', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  while (!output.includes('listening')) await Promise.race([once(child.stdout, 'data'), ended.then(gone)]);
  return {
    pid: child.pid as number,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

const gone = (): never => {
  throw new Error('sluice run ended by itself');
};

async function idleCost(pid: number): Promise<DaemonCost['idle']> {
  await setTimeout(SETTLE_MS);
  const before = cpuMs(pid);
  await setTimeout(IDLE_MS);
  const resident = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  const percent = ((cpuMs(pid) - before) / IDLE_MS) * 100;
  return { cpuPercent: Number(percent.toFixed(2)), residentMb: Math.round(resident / 1e6) };
}

/** User and system time of a process: fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
