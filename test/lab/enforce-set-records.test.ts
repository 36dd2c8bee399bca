import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Enforcement, readEnforcement, type SetChange } from '../../src/datapath/index.ts';
import { inNamespace, openDescriptorNames, openMappings, type PrefixSet } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { type Address, parseAddress } from '../../src/packet/address.ts';
import { enforceOn, type PolicyFolder, policyFolder } from './enforcing.ts';

const POLICY = `
version: 1
interfaces: [eth0]
sets:
  blocked: { file: blocked.txt, counters: true, ttl: 2s, memory: 1MiB }
  known: { file: known.txt, counters: true, memory: 64KiB }
prefilter:
  - { name: seen, from: "@known", action: count }
  - { name: blocklist, from: "@blocked", action: drop }
`;

let lab: Lab;
let client: LabHost;
let host: LabHost;
let folder: PolicyFolder;
let enforcement: Enforcement;
let changes: SetChange[];

beforeAll(async () => {
  lab = await createPair({ name: 'records' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
beforeEach(async () => {
  folder = policyFolder(POLICY, {
    'blocked.txt': '198.51.100.1\n',
    'known.txt': `${client.address(4)}\n${client.address(6)}\n10.0.0.0/8\n192.0.0.0/8\n`,
  });
  enforcement = enforceOn(host, folder.policy);
  changes = [];
  enforcement.watchSets((change) => changes.push(change));
  // It cannot be told whether the file has changed since it was read: what it says is said once more.
  await expect.poll(() => changes.map(({ set }) => set), { timeout: 10_000 }).toEqual(['blocked']);
  changes = [];
});
afterEach(() => {
  enforcement.stop();
  folder.remove();
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});
afterAll(() => lab.close());

const answered = async (family: 4 | 6, count = 1): Promise<boolean> =>
  (
    await client.exec('ping', ['-n', '-c', String(count), '-i', '0.01', '-W', '0.2', host.address(family)])
  ).stdout.includes(`${count} received`);
const changed = (set: string) => expect.poll(() => changes.filter((change) => change.set === set), { timeout: 10_000 });
const mapOf = (map: string): PrefixSet => {
  const found = enforcement.generation.maps.recordSets.get(map)?.set;
  if (found === undefined) throw new Error(`no map ${map}`);
  return found;
};
/** Of the member with the address of the client. */
const ofClient = (family: 4 | 6) => {
  const { hi, lo } = parseAddress(client.address(family)) as Address;
  const members = [...mapOf(`set${family}:known`).entries()];
  return members.find(({ address, length }) => address === ((hi << 64n) | lo) && length > 8)?.counter;
};

test.each([4, 6] as const)('an IPv%i address is dropped for the time of the set, and then passes', async (family) => {
  expect(await answered(family)).toBe(true);
  writeFileSync(folder.path('blocked.txt'), `${client.address(family)}\n`);
  await changed('blocked').toMatchObject([{ problems: [] }]);
  const start = Date.now();
  expect(await answered(family)).toBe(false);
  await expect.poll(() => answered(family), { timeout: 5_000, interval: 20 }).toBe(true);
  expect(Date.now() - start).toBeGreaterThan(1_500);
  expect(Date.now() - start).toBeLessThan(3_500);
  // The file still lists it: written again, it says so again.
  writeFileSync(folder.path('blocked.txt'), `${client.address(family)} # still\n`);
  await changed('blocked').toHaveLength(2);
  expect(await answered(family)).toBe(false);
});

test('a file that is written again in time keeps its members', async () => {
  for (let i = 1; i <= 5; i++) {
    writeFileSync(folder.path('blocked.txt'), `${client.address(4)} # ${i}\n`);
    await changed('blocked').toHaveLength(i);
    expect(await answered(4)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
});

test('members count, and go on counting when the file changes', async () => {
  expect(await answered(4, 20)).toBe(true);
  const before = ofClient(4);
  expect(before?.packets).toBe(20n);
  const many = Array.from({ length: 500 }, (_, i) => `10.1.${i >> 8}.${i & 255}\n2001:db8:bad::${i.toString(16)}\n`);
  writeFileSync(folder.path('known.txt'), `${client.address(4)}\n192.0.0.0/8\n${many.join('')}`);
  await changed('known').toMatchObject([{ problems: [] }]);
  expect(mapOf('set4:known').size).toBe(502);
  expect(ofClient(4)).toEqual(before);
  expect(await answered(4, 20)).toBe(true);
  expect(ofClient(4)?.packets).toBe(40n);
  expect(ofClient(6)).toBeUndefined();
});

test('a content that has no room is told with the setting, and the members stay', async () => {
  const many = Array.from({ length: 5_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1\n`);
  writeFileSync(folder.path('known.txt'), `${client.address(4)}\n${many.join('')}`);
  await changed('known').toMatchObject([{ problems: [{ code: 'policy/set-too-large' }] }]);
  expect(changes[0]?.problems[0]?.message).toContain('64KiB');
  expect(changes[0]?.problems[0]?.help).toContain('memory: 128KiB');
  expect(mapOf('set4:known').size).toBe(3);
  expect(await answered(4, 3)).toBe(true);
  expect(ofClient(4)?.packets).toBe(3n);
});

test('another version of the policy goes on with the members and their counts', async () => {
  expect(await answered(4, 10)).toBe(true);
  const next = policyFolder(POLICY.replace('action: count', 'action: { log: "1/s" }'), {
    'blocked.txt': '',
    'known.txt': `${client.address(4)}\n`,
  });
  enforcement.update(next.policy);
  await expect.poll(() => mapOf('set4:known').size).toBe(1);
  expect(await answered(4, 10)).toBe(true);
  expect(ofClient(4)?.packets).toBe(20n);
  next.remove();
});

test('other processes read members, counts and memory', async () => {
  await answered(4, 5);
  const sets = inNamespace({ path: host.path }, () => readEnforcement()?.sets() ?? []);
  expect(sets.map(({ name, family }) => `${name} ${family}`)).toEqual([
    'known v4',
    'known v6',
    'blocked v4',
    'blocked v6',
  ]);
  const [known, , blocked] = sets.map((set) => set.read());
  expect(known?.members).toHaveLength(3);
  expect(known?.members.reduce((sum, { counter }) => sum + (counter?.packets ?? 0n), 0n)).toBe(5n);
  expect(known?.memory).toMatchObject({ limit: 64 * 1024, used: mapOf('set4:known').memory.used });
  expect(blocked?.members[0]?.ttlMs).toBeLessThan(2_100);
});
