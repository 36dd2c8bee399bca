import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BPF_F_MMAPABLE, createMapHandle, mapMemory, openPinnedMap } from '../../src/kernel/index.ts';
import type { LabProcess } from '../../src/lab/index.ts';
import { createDaemonLab, type DaemonLab } from './daemon.ts';
import { killMortals, type Mortal, startMortal } from './faults/mortal.ts';

let lab: DaemonLab;
let daemon: Mortal;
beforeAll(async () => {
  lab = await createDaemonLab('transfers');
});
afterAll(async () => {
  await killMortals();
  await lab?.close();
});

/** Nothing comes in but what the host has asked for. */
const policy = (size: number, rule: string): string => `version: 1
interfaces: [eth0]
connections: { size: ${size}, unproven: ${size / 4} }
ingress:
  default: drop
  rules:
    - { name: ${rule}, from: 203.0.113.0/24, action: drop }
egress: { default: allow }
`;

const apply = (size: number, rule: string, more: { readonly confirmMs?: number; readonly observe?: boolean } = {}) =>
  daemon.ask('apply', { path: join(lab.folder, 'policy.yaml'), text: policy(size, rule), ...more });

interface Report {
  readonly error?: string;
  readonly intervals: readonly { readonly sum: { readonly bytes: number; readonly retransmits?: number } }[];
}

const INTERVAL_S = 0.5;
/** When XDP comes to an interface or leaves it, the driver loses what is on its way. */
const MOST_RETRANSMITS = 50;

/** The host asks for it, and it ends when it is told to, or when it breaks. */
async function startTransfer(port: number, ...how: readonly string[]): Promise<LabProcess> {
  await (await lab.client.spawn('iperf3', ['-s', '-p', String(port), '--forceflush'])).printed('Server listening');
  const to = ['-c', lab.client.address(how.includes('-6') ? 6 : 4), '-p', String(port), '-b', '100M', '-t', '120'];
  return lab.host.spawn('iperf3', [...to, '-i', String(INTERVAL_S), '--connect-timeout', '2000', '-J', ...how]);
}

async function restart(): Promise<void> {
  await daemon.kill();
  daemon = await startMortal(lab);
}

/** A daemon that is killed before the n-th call of an apply that changes anything. */
async function killInApply(call: number, size: number): Promise<void> {
  await daemon.dieAt(call);
  await apply(size, 'killed').catch(() => {});
  await daemon.kill();
  daemon = await startMortal(lab);
}

/**
 * What another version of Sluice would have left behind: entries that are larger, and whose fields stand elsewhere. What
 * the programs that judge tell theirs from then on is not in it.
 */
function layOutOtherwise(): void {
  const state = JSON.parse(readFileSync(lab.record, 'utf8'));
  const { layout } = state.settled.connections;
  const other = { size: layout.size + 24, fields: {} as Record<string, number> };
  const names = Object.keys(layout.fields).sort((a, b) => layout.fields[a] - layout.fields[b]);
  const lengths = new Map(
    names.map((name, i) => [name, (layout.fields[names[i + 1] ?? ''] ?? layout.size) - layout.fields[name]]),
  );
  let next = 16;
  for (const name of [...names].reverse()) {
    other.fields[name] = next;
    next += lengths.get(name) as number;
  }
  for (const name of ['connections', 'unproven']) {
    const pin = join(lab.pins, `generation-${state.settled.generation}`, name);
    using theirs = openPinnedMap(pin);
    using map = createMapHandle({
      ...{
        type: 'array',
        name,
        keySize: 4,
        valueSize: other.size,
        maxEntries: theirs.maxEntries,
        flags: BPF_F_MMAPABLE,
      },
    });
    using from = mapMemory(theirs, 'read');
    using to = mapMemory(map);
    const [source, target] = [new Uint8Array(from.buffer), new Uint8Array(to.buffer)];
    for (let slot = 0; slot < theirs.maxEntries; slot++) {
      for (const field of names) {
        const start = slot * from.stride + layout.fields[field];
        const bytes = source.subarray(start, start + (lengths.get(field) as number));
        target.set(bytes, slot * to.stride + (other.fields[field] as number));
      }
    }
    map.pin(`${pin}-other`);
    renameSync(`${pin}-other`, pin);
  }
  writeFileSync(
    lab.record,
    JSON.stringify({
      ...state,
      settled: { ...state.settled, connections: { ...state.settled.connections, layout: other } },
    }),
  );
}

test('no transfer is broken by whatever is done with policies and the daemon', async () => {
  daemon = await startMortal(lab);
  await apply(1024, 'one');
  const transfers = await Promise.all([
    startTransfer(5201),
    startTransfer(5202, '-R'),
    startTransfer(5203, '-R', '-6'),
  ]);
  await setTimeout(500);
  let calls: readonly string[] = [];
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    apply: () => apply(1024, 'two'),
    larger: async () => {
      await daemon.dieAt(Number.POSITIVE_INFINITY);
      await apply(4096, 'two');
      calls = await daemon.calls();
    },
    smaller: () => apply(512, 'two'),
    'trial, confirmed': () => apply(1024, 'three', { confirmMs: 60_000 }).then(() => daemon.ask('confirm', {})),
    'trial, rolled back': () => apply(2048, 'four', { confirmMs: 60_000 }).then(() => daemon.ask('rollback', {})),
    'trial, its time up': () => apply(2048, 'four', { confirmMs: 1000 }).then(() => setTimeout(1200)),
    observed: () => apply(2048, 'five', { observe: true }).then(() => daemon.ask('confirm', {})),
    'rolled back': () => daemon.ask('rollback', {}),
    restart,
    'killed before the switch': () => killInApply(calls.indexOf('update link') + 1, 1024),
    'killed behind it': () => killInApply(calls.lastIndexOf('update link'), 2048),
    'killed during a trial': () => apply(2048, 'six', { confirmMs: 60_000 }).then(restart),
    rollback: () => daemon.ask('rollback', {}),
    'another version': async () => {
      await daemon.kill();
      layOutOtherwise();
      daemon = await startMortal(lab);
    },
    'down and up again': () => daemon.ask('down', {}).then(() => apply(1024, 'one')),
  };
  for (const [name, step] of Object.entries(steps)) {
    await step();
    await setTimeout(100);
    expect(
      transfers.map((one) => one.output().stdout),
      `broken by: ${name}`,
    ).toEqual(['', '', '']);
  }
  const reports: Report[] = await Promise.all(
    transfers.map(async (one) => {
      process.kill(one.pid, 'SIGINT');
      await one.ended;
      return JSON.parse(one.output().stdout);
    }),
  );
  const ended = 'interrupt - the client has terminated';
  expect(reports.map(({ error }) => error)).toEqual([ended, ended, ended]);
  for (const { intervals } of reports) {
    expect(intervals.length).toBeGreaterThan(10);
    // The last one has just begun.
    expect(intervals.slice(0, -1).map(({ sum }) => sum.bytes)).not.toContain(0);
  }
  const sent = reports[0]?.intervals.map(({ sum }) => sum.retransmits ?? 0) ?? [];
  expect(sent.reduce((total, one) => total + one, 0)).toBeLessThan(MOST_RETRANSMITS);
});
