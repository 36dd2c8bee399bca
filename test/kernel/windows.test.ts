import { afterEach, beforeEach, expect, test } from 'vitest';
import { readEnforcement, takeDown } from '../../src/datapath/index.ts';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { keepSchedules, readWindowStates, windowsOf, writeSchedules } from '../../src/datapath/windows.ts';
import { bootEpochMs, inNamespace, programFromId, testRun } from '../../src/kernel/index.ts';
import { namespacePath } from '../../src/lab/namespaces.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import type { Schedule } from '../../src/policy/when/schedule.ts';
import { policyOf } from '../policy-of.ts';
import { enforceIn, interfaceIn, traces } from './enforcing.ts';
import { startEnforcing } from './start-enforcing.ts';
import { createVethPair, type VethPair } from './veth.ts';

const XDP_PASS = 2;
const frame = Uint8Array.from(buildFrame(parseNotation('udp 198.51.100.7:40000 > 192.0.2.10:53')));

const policy = (when: string): string => `
version: 1
interfaces: [left]
ingress:
  default: drop
  rules:
    - { name: always, protocol: udp, port: 54, action: allow }
    - { name: sometimes, protocol: udp, port: 53, when: ${when}, action: allow }
`;

const timeOfDay = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

let veth: VethPair;
let before: ReturnType<typeof traces>;
beforeEach(() => {
  veth = createVethPair();
  // A namespace of earlier times may have had the same number, and left something.
  before = traces(veth.namespace);
});
afterEach(() => {
  const left = traces(veth.namespace);
  veth.remove();
  expect(left).toEqual(before);
});

/** Asks the program that is on the interface. */
function passes(): boolean {
  const id = interfaceIn(veth.namespace, 'left')?.xdp?.programId as number;
  using program = programFromId(id);
  return testRun(program, { data: new Uint8Array(frame) }).returnValue === XDP_PASS;
}

const windowOf = (name: string) =>
  inNamespace(veth.namespace, readEnforcement)
    ?.counters()
    .find((counter) => counter.name === name)?.window;

test('a window opens and closes by itself, with the process killed', { timeout: 40_000 }, async () => {
  const opensMs = Math.ceil(Date.now() / 1000) * 1000 + 8000;
  const closesMs = opensMs + 2000;
  const when = `{ from: "${timeOfDay(opensMs)}", to: "${timeOfDay(closesMs)}" }`;
  const enforcing = await startEnforcing(namespacePath(veth.namespace), policy(when));
  await enforcing.kill();
  try {
    expect(Date.now()).toBeLessThan(opensMs - 100);
    expect(passes()).toBe(false);
    expect(windowOf('always')).toBeUndefined();
    expect(windowOf('sometimes')?.open).toBe(false);
    expect(Math.abs((windowOf('sometimes')?.until?.getTime() ?? 0) - opensMs)).toBeLessThan(50);

    await expect.poll(passes, { timeout: 15_000, interval: 10 }).toBe(true);
    expect(Math.abs(Date.now() - opensMs)).toBeLessThan(500);
    expect(windowOf('sometimes')?.open).toBe(true);
    expect(Math.abs((windowOf('sometimes')?.until?.getTime() ?? 0) - closesMs)).toBeLessThan(50);

    await expect.poll(passes, { timeout: 5000, interval: 10 }).toBe(false);
    expect(Math.abs(Date.now() - closesMs)).toBeLessThan(500);
  } finally {
    inNamespace(veth.namespace, takeDown);
  }
});

test('schedules are written anew when the wall clock is set, and every hour', () => {
  const enforcement = enforceIn(veth.namespace, policy('{ from: "08:00", to: "18:00" }'));
  try {
    const clock = { ms: Date.parse('2026-06-01T12:00Z'), zero: Date.parse('2026-05-01T00:00Z') };
    const keeper = keepSchedules(() => windowsOf(enforcement.generation), {
      now: () => clock.ms,
      bootEpochMs: () => clock.zero,
    });
    const [{ map }] = windowsOf(enforcement.generation) as [ReturnType<typeof windowsOf>[number]];
    const state = () => readWindowStates(map, BigInt(clock.ms - clock.zero) * 1_000_000n, clock.zero)[0];

    clock.ms += 3_600_000;
    keeper.look();
    expect(state()).toEqual({ open: true, until: new Date('2026-06-01T18:00Z') });
    // Somebody sets the clock to the evening: the boot clock shows the same as before.
    clock.ms += 8 * 3_600_000;
    clock.zero += 8 * 3_600_000;
    keeper.look();
    expect(state()).toEqual({ open: false, until: new Date('2026-06-02T08:00Z') });
    keeper.stop();
  } finally {
    enforcement.stop();
  }
});

const WEEK_MS = 7 * 24 * 3_600_000;

test.each([
  [-1, 1, true, 12],
  [1, 2, false, 1.5],
])('nobody writes a schedule for months: its last week goes on (%i to %i hours from now)', (from, to, open, endsAt) => {
  const [fromMs, toMs] = [Date.now() + from * 3_600_000, Date.now() + to * 3_600_000];
  const when = `{ from: "${timeOfDay(fromMs)}", to: "${timeOfDay(toMs)}" }`;
  const enforcement = enforceIn(veth.namespace, policy(when));
  try {
    const [{ map, windows }] = windowsOf(enforcement.generation) as [ReturnType<typeof windowsOf>[number]];
    // At another time of day, so that the state at its end is not the one expected now.
    const longAgoMs = Date.now() - 30 * WEEK_MS + endsAt * 3_600_000;
    const [{ endMs }] = writeSchedules(map, windows, longAgoMs, bootEpochMs()) as [Schedule];
    expect(endMs).toBeLessThan(Date.now() - WEEK_MS);
    expect(passes()).toBe(open);
    expect(windowOf('sometimes')?.open).toBe(open);
    const untilMs = Math.floor((open ? toMs : fromMs) / 1000) * 1000;
    expect(Math.abs((windowOf('sometimes')?.until?.getTime() ?? 0) - untilMs)).toBeLessThan(50);
  } finally {
    enforcement.stop();
  }
});

test('a policy without windows has no map for them and no code that asks the clock', () => {
  const plain = policy('x').replace(/, when: x/, '');
  using rehearsal = openRehearsal(policyOf(plain));
  expect([...rehearsal.generation.maps.all.keys()]).not.toContain('windows');
  const names = rehearsal.generation.programs.flatMap(({ linked }) => linked.functions.map(({ name }) => name));
  expect(names).not.toContain('sluice_window');
});
