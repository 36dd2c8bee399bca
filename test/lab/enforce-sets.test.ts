import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Enforcement, SetChange } from '../../src/datapath/index.ts';
import { openDescriptorNames, openMappings } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { counted, enforceOn, type PolicyFolder, policyFolder } from './enforcing.ts';

const POLICY = `
version: 1
interfaces: [eth0]
sets:
  blocked: { file: blocked.txt }
  trusted: { file: trusted.txt }
  unwanted: ["@blocked", 203.0.113.0/24] # follows the file that it includes
prefilter:
  - { name: trust, from: "@trusted", action: count }
  - { name: blocklist, from: "@unwanted", action: drop }
ingress:
  default: allow
  rules:
    - { name: pings, protocol: icmp, icmpType: echo-request, action: { log: "1000/s" } }
`;

let lab: Lab;
let client: LabHost;
let host: LabHost;
let folder: PolicyFolder;
let enforcement: Enforcement;
let changes: SetChange[];
const blocked = (): string => folder.path('blocked.txt');

beforeAll(async () => {
  lab = await createPair({ name: 'sets' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
beforeEach(() => {
  folder = policyFolder(POLICY, { 'blocked.txt': '# nobody yet\n', 'trusted.txt': '' });
  enforcement = enforceOn(host, folder.policy);
  changes = [];
  enforcement.watchSets((change) => changes.push(change));
});
afterEach(() => {
  enforcement.stop();
  folder.remove();
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});
afterAll(() => lab.close());

/** Whether one ping is answered. An answer that comes takes microseconds. */
const answered = async (family: 4 | 6): Promise<boolean> =>
  (await client.exec('ping', ['-n', '-c', '1', '-W', '0.3', host.address(family)])).stdout.includes('1 received');

/** Waits until the kernel has what the set's file says. */
const inForce = (set: string) =>
  expect.poll(() => changes.filter((change) => change.set === set && change.problems.length === 0).length, {
    timeout: 10_000,
  });

test.each([4, 6] as const)(
  'an IPv%i address added to the file is dropped within a second, and passes when removed',
  async (family) => {
    expect(await answered(family)).toBe(true);
    const start = Date.now();
    appendFileSync(blocked(), `${client.address(family)}  # noisy\n`);
    await inForce('blocked').toBe(1);
    // Generous: the machine may be busy. What is asked for is a second.
    expect(Date.now() - start).toBeLessThan(3_000);
    expect(await answered(family)).toBe(false);
    expect(await answered(family === 4 ? 6 : 4)).toBe(true);
    expect(counted(enforcement, 'blocklist').packets).toBeGreaterThan(0);

    writeFileSync(blocked(), '');
    await inForce('blocked').toBe(2);
    expect(await answered(family)).toBe(true);
  },
);

test('a file that another takes the place of is followed', async () => {
  for (const content of [client.address(4), '198.51.100.0/24', `0.0.0.0/0\n::/0`]) {
    writeFileSync(folder.path('next.txt'), `${content}\n`);
    const before = changes.length;
    renameSync(folder.path('next.txt'), blocked());
    await inForce('blocked').toBe(before + 1);
    expect(await answered(4)).toBe(content.startsWith('198'));
  }
});

test('a bad line, or no file at all, is told with its place, and the old content stays in force', async () => {
  appendFileSync(blocked(), `${client.address(4)}\n`);
  await inForce('blocked').toBe(1);
  writeFileSync(blocked(), '198.51.100.1\n198.51.100.300\n');
  await expect.poll(() => changes.at(-1)?.problems).toMatchObject([{ code: 'policy/set-line', place: { line: 2 } }]);
  expect(await answered(4)).toBe(false);

  rmSync(blocked());
  await expect.poll(() => changes.at(-1)?.problems[0]?.message).toContain('blocked.txt');
  expect(changes.at(-1)?.problems).toHaveLength(1);
  expect(await answered(4)).toBe(false);

  writeFileSync(blocked(), '');
  await inForce('blocked').toBe(2);
  expect(await answered(4)).toBe(true);
});

test('a change made while the policy was being put in force is not missed', async () => {
  enforcement.stop();
  const next = policyFolder(POLICY, { 'blocked.txt': '', 'trusted.txt': '' });
  enforcement = enforceOn(host, next.policy);
  appendFileSync(next.path('blocked.txt'), `${client.address(4)}\n`);
  enforcement.watchSets((change) => changes.push(change));
  await inForce('blocked').toBe(1);
  expect(await answered(4)).toBe(false);
  next.remove();
});

test('a file that outgrows its maps gets larger ones: no packet is lost, no count, no event, no other set', async () => {
  const events: number[] = [];
  enforcement.onLog(({ packet }) => events.push(packet.frameLength));
  appendFileSync(folder.path('trusted.txt'), `${client.address(6)}\n`);
  await inForce('trusted').toBe(1);
  const generation = enforcement.generation;
  const maps = generation.maps.all.get('set4:blocked')?.valueSize ?? 0;

  const count = 400;
  const pings = client.exec('ping', ['-n', '-c', String(count), '-i', '0.004', '-W', '5', host.address(6)]);
  await expect.poll(() => counted(enforcement, 'pings').packets).toBeGreaterThan(20);
  const many = Array.from(
    { length: 10_000 },
    (_, i) => `198.18.${i >> 8}.${i & 255}\n2001:db8:bad:${i.toString(16)}::/64\n`,
  );
  writeFileSync(blocked(), `${client.address(4)}\n${many.filter((_, i) => i % 2 === 0).join('')}`);
  await inForce('blocked').toBe(1);
  expect(enforcement.generation).not.toBe(generation);
  expect(enforcement.generation.maps.all.get('set4:blocked')?.valueSize).toBeGreaterThan(maps);

  expect((await pings).stdout).toContain(`${count} received`);
  expect(await answered(4)).toBe(false);
  expect(counted(enforcement, 'pings').packets).toBe(count);
  expect(counted(enforcement, 'trust').packets).toBeGreaterThanOrEqual(count); // the other set has kept its new content
  await expect.poll(() => events.length).toBe(count);

  appendFileSync(blocked(), '203.0.113.1\n');
  await inForce('blocked').toBe(2);
});
