import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endFoundTrial, enforce, takeDown } from '../../src/datapath/index.ts';
import { bootTimeNs, inNamespace } from '../../src/kernel/index.ts';
import { counted, type PolicyFolder, policyFolder, policyOf } from '../lab/enforcing.ts';
import { caught } from './caught.ts';
import { enforceIn, NO_TRACE, statePath, traces } from './enforcing.ts';
import { change, dropsAt, frameTo, type Judge, judges, policyFor, told } from './judges.ts';
import { createVethPair, type VethPair } from './veth.ts';

let veth: VethPair;
beforeEach(() => {
  veth = createVethPair();
});
afterEach(() => {
  const left = traces(veth.namespace);
  veth.remove();
  expect(left).toEqual(NO_TRACE);
});

const all = (judge: Judge): Judge[] => [judge, judge, judge, judge];
/** On the boot clock. */
function deadlineOf(namespace: string): bigint {
  const { change } = JSON.parse(readFileSync(statePath(namespace), 'utf8')) as { change: { deadlineNs: string } };
  return BigInt(change.deadlineNs);
}

const now = (): Judge => {
  const [first, ...others] = judges(veth.namespace);
  return others.every((one) => one === first) ? (first as Judge) : 'both';
};

test('a trial that is confirmed stays, and counters go on', () => {
  const enforcement = enforceIn(veth.namespace, policyFor('before'));
  judges(veth.namespace); // each drops one packet at XDP on either interface
  enforcement.update(policyOf(policyFor('after')), { trialMs: 60_000 });
  expect(told(veth.namespace)).toEqual({
    judge: 'after',
    why: expect.stringMatching(/^unconfirmed until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/),
  });
  expect(enforcement.pending).toMatchObject({ kind: 'trial', deadline: expect.any(Date) });
  expect(caught(() => enforcement.update(policyOf(policyFor('before')))).problems).toMatchObject([
    { code: 'datapath/change-pending' },
  ]);
  const ofDefault = counted(enforcement, 'default-ingress').packets;
  expect(ofDefault).toBe(2);
  judges(veth.namespace);
  enforcement.confirm();
  expect(enforcement.pending).toBeUndefined();
  expect(judges(veth.namespace)).toEqual(all('after'));
  expect(told(veth.namespace)).toEqual({ judge: 'after', why: undefined });
  expect(counted(enforcement, 'default-ingress').packets).toBe(6);
  expect(counted(enforcement, 'dropped-after').packets).toBe(4);
  expect(caught(() => enforcement.confirm()).problems).toMatchObject([{ code: 'datapath/nothing-pending' }]);
  enforcement.stop();
});

test('a trial that is rolled back leaves what was before, with what the trial counted', () => {
  const enforcement = enforceIn(veth.namespace, policyFor('before'));
  judges(veth.namespace);
  enforcement.update(policyOf(policyFor('after')), { trialMs: 60_000 });
  judges(veth.namespace);
  enforcement.revert();
  expect(judges(veth.namespace)).toEqual(all('before'));
  expect(told(veth.namespace)).toEqual({ judge: 'before', why: expect.stringContaining('was rolled back') });
  expect(counted(enforcement, 'default-ingress').packets).toBe(6);
  expect(counted(enforcement, 'dropped-before').packets).toBe(4);
  enforcement.update(policyOf(policyFor('after')));
  expect(judges(veth.namespace)).toEqual(all('after'));
  enforcement.stop();
});

test('a trial that nobody confirms ends at its deadline, which is told', async () => {
  const enforcement = enforceIn(veth.namespace, policyFor('before'));
  const ended = new Promise((resolve) => enforcement.onEnd(resolve));
  enforcement.update(policyOf(policyFor('after')), { trialMs: 300 });
  expect(now()).toBe('after');
  const keepAlive = setTimeout(5_000, 'too late', { ref: false });
  expect(await Promise.race([ended, keepAlive])).toBe('deadline');
  expect(now()).toBe('before');
  expect(told(veth.namespace)).toEqual({
    judge: 'before',
    why: expect.stringContaining('rolled back at its deadline: nobody confirmed'),
  });
  expect(enforcement.pending).toBeUndefined();
  enforcement.stop();
});

test('a first policy on trial: nothing is in force after its deadline, and another can be put in force', async () => {
  const enforcement = enforceIn(veth.namespace, policyFor('after'), { trialMs: 200 });
  expect(now()).toBe('after');
  await expect.poll(() => enforcement.isGone(), { timeout: 3_000 }).toBe(true);
  expect(now()).toBe('nobody');
  enforcement.stop();
  enforceIn(veth.namespace, policyFor('before')).stop();
});

test('the kernel keeps the deadline when the process is dead, to the millisecond', async () => {
  const trialMs = 2_500;
  const process = await change(veth.namespace, policyFor('before'), policyFor('after'), 'none', String(trialMs));
  await process.kill();
  expect(now()).toBe('after');
  expect(told(veth.namespace)).toEqual({ judge: 'after', why: expect.stringMatching(/^unconfirmed until/) });
  const deadlineNs = deadlineOf(veth.namespace);
  let last = 0n;
  let sent = bootTimeNs();
  const tooLate = deadlineNs + 1_000_000_000n;
  for (; sent < tooLate && judges(veth.namespace)[0] === 'after'; sent = bootTimeNs()) last = sent;
  const first = bootTimeNs();
  console.log(`judged by the policy before at the latest ${Number(first - deadlineNs) / 1e6} ms after the deadline`);
  expect(judges(veth.namespace)).toEqual(all('before'));
  // No packet that was sent behind the deadline is judged by the trial, and one is soon judged by what was before.
  expect(last).toBeLessThan(deadlineNs);
  expect(first - deadlineNs).toBeLessThan(100_000_000n);
  expect(told(veth.namespace)).toEqual({
    judge: 'before',
    why: expect.stringContaining('rolled back at its deadline: nobody confirmed'),
  });
  const next = enforceIn(veth.namespace, policyFor('before'));
  expect(now()).toBe('before');
  next.stop();
});

test('files of sets are followed of the policy that is in force, whichever that is', async () => {
  const text = (file: string): string =>
    `version: 1\ninterfaces: [left]\nsets: { blocked: { file: ${file}.txt } }
ingress: { default: allow, rules: [{ from: "@blocked", action: drop }] }\n`;
  const [before, after] = ['before', 'after'].map((name) =>
    policyFolder(text(name), {
      [`${name}.txt`]: Array.from({ length: 20 }, (_, i) => `198.51.100.${i * 2}\n`).join(''),
    }),
  ) as [PolicyFolder, PolicyFolder];
  const drops = (): boolean => inNamespace(veth.namespace, () => dropsAt('left', 'xdp', frameTo(7)));
  const enforcement = inNamespace(veth.namespace, () => enforce(before.policy));
  enforcement.watchSets(() => {});
  enforcement.update(after.policy, { trialMs: 60_000 });
  enforcement.revert();
  writeFileSync(before.path('before.txt'), '192.0.2.1\n');
  await expect.poll(drops, { timeout: 5_000 }).toBe(true);

  enforcement.update(after.policy, { observe: true });
  enforcement.confirm();
  expect(drops()).toBe(false);
  writeFileSync(after.path('after.txt'), '192.0.2.1\n');
  await expect.poll(drops, { timeout: 5_000 }).toBe(true);
  enforcement.stop();
  for (const folder of [before, after]) folder.remove();
});

test('the policy before has the members of its own sets at the deadline, whatever the one on trial says of them', async () => {
  const policy = (member: string): string => `
version: 1
interfaces: [left]
sets:
  blocked: { addresses: [${member}], counters: true }
ingress:
  default: allow
  rules:
    - { name: blocked, from: "@blocked", action: drop }
`;
  const drops = (from: string): boolean => inNamespace(veth.namespace, () => dropsAt('left', 'xdp', frameTo(7, from)));
  const process = await change(veth.namespace, policy('192.0.2.1'), policy('192.0.2.9'), 'none', '1500');
  expect([drops('192.0.2.1'), drops('192.0.2.9')]).toEqual([false, true]);
  await process.kill();
  await expect.poll(() => told(veth.namespace).why, { timeout: 5_000 }).toContain('nobody confirmed');
  expect([drops('192.0.2.1'), drops('192.0.2.9')]).toEqual([true, false]);
  inNamespace(veth.namespace, takeDown);
});

test.each([
  ['confirm', 'after'],
  ['revert', 'before'],
] as const)('the trial of a dead process can be ended: %s', async (how, judge) => {
  const process = await change(veth.namespace, policyFor('before'), policyFor('after'), 'none', '60000');
  await process.kill();
  inNamespace(veth.namespace, () => endFoundTrial(how));
  expect(judges(veth.namespace)).toEqual(all(judge));
  expect(told(veth.namespace).judge).toBe(judge);
  inNamespace(veth.namespace, takeDown);
});

test('the way back to an earlier version takes its programs as they are, and counters go on', () => {
  const enforcement = enforceIn(veth.namespace, policyFor('before'));
  const program = enforcement.generation.xdp.id;
  judges(veth.namespace);
  enforcement.update(policyOf(policyFor('after')));
  judges(veth.namespace);
  enforcement.update(policyOf(policyFor('before')));
  expect(enforcement.generation.xdp.id).toBe(program);
  expect(judges(veth.namespace)).toEqual(all('before'));
  expect(told(veth.namespace)).toEqual({ judge: 'before', why: undefined });
  expect(counted(enforcement, 'default-ingress').packets).toBe(6);
  enforcement.update(policyOf(policyFor('before').replace('port: 5', 'port: 6')));
  expect(enforcement.generation.xdp.id).not.toBe(program);
  enforcement.stop();
});
