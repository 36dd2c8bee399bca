import { rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDaemonLab, type DaemonLab, pings } from './daemon.ts';

let lab: DaemonLab;

beforeAll(async () => {
  lab = await createDaemonLab('daemon-observation');
  lab.write('allow.yaml', pings('allow'));
  lab.write('drop.yaml', pings('drop'));
});
afterEach(async () => {
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

const json = (name: string) => JSON.parse(lab.ask(name, '-o', 'json').stdout);
const outcomes = (): string[] => json('history').revisions.map(({ outcome }: { outcome: string }) => outcome);
const packets = (differences: readonly { readonly packets: number }[]): number[] =>
  differences.map((one) => one.packets);

/** A policy is in force, another is observed, three pings have told them apart, and their daemon is dead. */
async function killedWhileObserving(...more: readonly string[]): Promise<void> {
  const daemon = await lab.start();
  lab.ask('apply', 'allow.yaml');
  expect(lab.ask('apply', 'drop.yaml', '--observe', ...more).status).toBe(0);
  expect(await lab.ping(3)).toBe(3);
  await lab.kill(daemon);
}

test('an observation outlives its daemon: the kernel goes on counting, and the next daemon goes on with it', async () => {
  await killedWhileObserving();
  expect(await lab.ping(2)).toBe(2);
  const without = json('status');
  expect(without).toMatchObject({ daemon: null, inForce: true, pending: { kind: 'observation' } });
  expect(packets(without.differences)).toEqual([5]);
  expect(lab.ask('status').stdout).toMatch(/is observed beside it\n[\s\S]*allow pings:5 +drop pings:5 +5 +icmp /);

  const next = await lab.start();
  await next.printed(/revision 2,.* is observed, and waits to be confirmed/);
  expect(await lab.ping(4)).toBe(4);
  const { pending, daemon, why } = json('status');
  expect(why).toMatch(/drop\.yaml is observed beside it$/);
  expect([pending.kind, daemon.revision.revision, daemon.waiting.revision]).toEqual(['observation', 1, 2]);
  expect(packets(daemon.differences)).toEqual([9]);
  // What is in force has lost no count either.
  expect(json('rules').counters).toContainEqual(expect.objectContaining({ rule: 'pings', packets: 9 }));
  expect(outcomes().sort()).toEqual(['confirmed', 'pending']);

  expect(lab.ask('confirm').status).toBe(0);
  expect(await lab.ping()).toBe(0);
  expect(outcomes()).toEqual(['confirmed', 'confirmed']);
});

test('it can be rolled back by the next daemon, and the one after finds nothing pending', async () => {
  await killedWhileObserving();
  const next = await lab.start();
  await next.printed(/is observed/);
  expect(lab.ask('rollback').status).toBe(0);
  expect(await lab.ping()).toBe(2);
  await lab.kill(next);
  await lab.start();
  expect(json('status').pending).toBeUndefined();
  expect(outcomes().sort()).toEqual(['confirmed', 'rolled-back']);
});

test('it survives one daemon after the other', async () => {
  await killedWhileObserving();
  for (let round = 0; round < 3; round++) {
    const next = await lab.start();
    await next.printed(/is observed/);
    await lab.ping(1);
    await lab.kill(next);
  }
  expect(packets(json('status').differences)).toEqual([6]);
});

test('with nothing in force, packets pass, and what is observed can be enforced by the next daemon', async () => {
  const daemon = await lab.start();
  lab.ask('apply', 'drop.yaml', '--observe');
  expect(await lab.ping(3)).toBe(3);
  await lab.kill(daemon);
  expect(json('status')).toMatchObject({
    inForce: false,
    pending: { kind: 'observation' },
    differences: [{ packets: 3 }],
  });
  const next = await lab.start();
  await next.printed(/is observed/);
  expect(await lab.ping(2)).toBe(2);
  expect(packets(json('status').daemon.differences)).toEqual([5]);
  expect(lab.ask('confirm').status).toBe(0);
  expect(await lab.ping()).toBe(0);
});

test('one with a deadline ends at it, with the daemon dead, too', async () => {
  await killedWhileObserving('--confirm', '3s');
  await setTimeout(3200);
  const told = json('status');
  expect(told).toMatchObject({
    inForce: true,
    why: expect.stringMatching(/drop\.yaml was observed until its deadline$/),
  });
  expect([told.pending, told.differences]).toEqual([undefined, undefined]);
  expect(await lab.ping()).toBe(2);
  await lab.start();
  expect(outcomes().sort()).toEqual(['confirmed', 'expired']);
  expect(json('status').pending).toBeUndefined();
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(0);
});

test('the next daemon keeps the deadline that the one before has set', async () => {
  await killedWhileObserving('--confirm', '5s');
  const { deadline } = json('status').pending;
  const next = await lab.start();
  await next.printed(/is observed/);
  // Both are told by the wall clock, from the one moment on the boot clock.
  expect(Math.abs(Date.parse(json('status').pending.deadline) - Date.parse(deadline))).toBeLessThan(100);
  await next.printed(/nobody confirmed: revision 1,/);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(deadline) - 100);
  expect(outcomes().sort()).toEqual(['confirmed', 'expired']);
});

test('what cannot be observed any more is given up, with the reason in the history; the policy in force stays', async () => {
  lab.write('members.txt', '198.51.100.7\n');
  lab.write(
    'listed.yaml',
    `${pings('drop').replace('ingress:', 'sets: { listed: { file: members.txt } }\ningress:')}    - { from: "@listed", action: drop }\n`,
  );
  const daemon = await lab.start();
  lab.ask('apply', 'allow.yaml');
  expect(lab.ask('apply', 'listed.yaml', '--observe').status).toBe(0);
  await lab.kill(daemon);
  rmSync(`${lab.folder}/members.txt`);
  await lab.start();
  const { revisions } = json('history');
  const observed = revisions.find(({ what }: { what: string }) => what === 'observe');
  expect(observed).toMatchObject({ outcome: 'interrupted', reason: expect.stringContaining('members.txt') });
  expect(json('status')).toMatchObject({ inForce: true, daemon: { revision: { revision: 1 }, waiting: null } });
  expect(await lab.ping()).toBe(2);
});
