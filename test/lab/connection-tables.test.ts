import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Connection, readConnections, readTableUse } from '../../src/datapath/connections.ts';
import type { Enforcement } from '../../src/datapath/index.ts';
import { createPair, type Lab, type LabHost, type LabProcess } from '../../src/lab/index.ts';
import { counted, enforceOn, policyFolder, policyOf } from './enforcing.ts';

const PORT = 9000;

let lab: Lab;
let client: LabHost;
let host: LabHost;
let enforcement: Enforcement | undefined;
let open: LabProcess[] = [];
beforeAll(async () => {
  lab = await createPair({ name: 'tables' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
afterEach(async () => {
  await Promise.all(open.map((one) => one.stop()));
  open = [];
  enforcement?.stop();
  enforcement = undefined;
});
afterAll(() => lab.close());

/** Nothing comes in but what the host has asked for. */
const CLOSED = 'ingress: { default: drop }\negress: { default: allow }';
const policy = (connections: string, rest = CLOSED): string =>
  `version: 1\ninterfaces: [eth0]\nconnections: { ${connections} }\n${rest}\n`;

const connections = (): Connection[] => [
  ...readConnections((name) => (enforcement as Enforcement).generation.maps.get('xdp', name)),
];
const talk = (): Connection | undefined =>
  connections().find(({ dstPort, srcPort }) => [dstPort, srcPort].includes(PORT));
const use = () => readTableUse((name) => (enforcement as Enforcement).generation.maps.get('xdp', name));
const sent = (): number => Number(talk()?.packets[1] ?? 0n);

/** The host asks the client for lines without end, one each 20 ms: nothing but them comes in. */
async function listen(): Promise<void> {
  open.push(await client.spawn('sh', ['-c', `while sleep 0.02; do echo tick; done | nc -l -p ${PORT}`]));
  await setTimeout(100);
  open.push(await host.spawn('nc', ['-d', client.address(4), String(PORT)]));
}

/** Packets go on coming in after whatever has been done: were it forgotten, none would. */
async function expectToGoOn(): Promise<void> {
  const before = sent();
  expect(before).toBeGreaterThan(0);
  await expect.poll(sent, { timeout: 1000, interval: 20 }).toBeGreaterThan(before + 5);
}

test('tables of other sizes have the connections of those before: at apply, trial, rollback and confirm', async () => {
  enforcement = enforceOn(host, policy('size: 4096'));
  await listen();
  await expect.poll(sent, { timeout: 5000 }).toBeGreaterThan(5);
  const before = talk() as Connection;

  enforcement.update(policyOf(policy('size: 8192')));
  await expectToGoOn();
  expect(talk()).toMatchObject({ first: before.first, srcPort: before.srcPort, direction: 'outbound' });
  enforcement.update(policyOf(policy('size: 1024, unproven: 256')), { trialMs: 60_000 });
  await expectToGoOn();
  // What begins while it is on trial, too, goes on when it is over.
  await host.exec('bash', ['-c', `echo hello > /dev/udp/${client.address(4)}/53`]);
  const onTrial = sent();
  enforcement.revert();
  expect(sent()).toBeGreaterThanOrEqual(onTrial);
  expect(connections().map(({ dstPort }) => dstPort)).toContain(53);
  await expectToGoOn();
  enforcement.update(policyOf(policy('size: 1024, unproven: 256')), { trialMs: 60_000 });
  enforcement.confirm();
  await expectToGoOn();
  expect(counted(enforcement, 'invalid').packets).toBe(0);
  expect(enforcement.warnings).toEqual([]);
  expect(Number(before.packets[1])).toBeLessThan(sent());
});

test('what the new tables have no room for is told', async () => {
  enforcement = enforceOn(host, policy('size: 4096'));
  await host.exec('bash', ['-c', `for i in {1..300}; do echo > /dev/udp/${client.address(4)}/$i; done`]);
  expect(use().used).toBe(300);
  enforcement.update(policyOf(policy('size: 16, full: refuse')));
  const left = 300 - use().used;
  expect(left).toBeGreaterThanOrEqual(300 - 32);
  expect(enforcement.warnings).toContainEqual(
    expect.objectContaining({
      code: 'datapath/connections-left-out',
      message: `the new tables have no room for ${left} of the connections: they are judged as new ones`,
    }),
  );
});

test('an observed policy reads the tables of the policy in force, and writes nothing', async () => {
  enforcement = enforceOn(host, policy('size: 4096'));
  await listen();
  await expect.poll(sent, { timeout: 5000 }).toBeGreaterThan(5);
  const before = use();
  enforcement.update(policyOf(policy('size: 128, timeouts: { established: 1s }')), { observe: true });
  await expectToGoOn();
  await setTimeout(300);
  expect(use()).toEqual(before);
  // Replies are those of a connection to it, too: nothing would be treated otherwise.
  expect(enforcement.differences()).toEqual([]);
  enforcement.revert();
  await expectToGoOn();
});

test.each([
  { how: 'a file', keeps: false, port: PORT },
  { how: 'a file, and established ones are kept', keeps: true, port: PORT + 1 },
  { how: 'a command', keeps: false, port: PORT + 2 },
])('live connections are judged anew when a set is changed by $how', async ({ how, keeps, port }) => {
  const rest = `sets: { banned: { dynamic: true, file: banned.txt } }
ingress:
  default: drop
  rules:
    - { name: banned, from: "@banned", action: drop }
    - { name: talk, protocol: tcp, port: ${port}, action: allow }`;
  const folder = policyFolder(policy(`keepEstablished: ${keeps}`, rest), { 'banned.txt': '203.0.113.0/24\n' });
  enforcement = enforceOn(host, folder.policy);
  const told = new Promise((resolve) => enforcement?.watchSets(resolve));
  open.push(await host.spawn('nc', ['-l', '-p', String(port)]));
  open.push(await client.spawn('sh', ['-c', `while sleep 0.02; do echo tick; done | nc ${host.address(4)} ${port}`]));
  const heard = (): number => Number(connections().find(({ dstPort }) => dstPort === port)?.packets[1] ?? 0n);
  await expect.poll(heard, { timeout: 5000 }).toBeGreaterThan(5);
  if (how === 'a command') enforcement.addMembers('banned', [{ prefix: client.address(4) }]);
  else {
    writeFileSync(folder.path('banned.txt'), `${client.address(4)}\n`);
    await told;
  }
  await setTimeout(50);
  const then = heard();
  await setTimeout(300);
  if (keeps) expect(heard()).toBeGreaterThan(then + 5);
  else expect(heard()).toBe(then);
  folder.remove();
});

test('connections of this host that were there before anything tracked go on', async () => {
  await listen();
  await setTimeout(200);
  enforcement = enforceOn(host, policy('size: 4096'));
  await expect.poll(sent, { timeout: 2000, interval: 20 }).toBeGreaterThan(10);
});

test('what is over goes out of the tables by itself', async () => {
  enforcement = enforceOn(host, policy('size: 4096, timeouts: { unreplied: 1s }'));
  await host.exec('bash', ['-c', `for i in {1..300}; do echo > /dev/udp/${client.address(4)}/$i; done`]);
  expect(use().used).toBe(300);
  await expect.poll(() => use().used, { timeout: 5000 }).toBe(0);
});
