import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Enforcement, readEnforcement, type SetChange } from '../../src/datapath/index.ts';
import { SluiceError } from '../../src/diagnostics/problem.ts';
import { inNamespace, openDescriptorNames, openMappings } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { enforceOn, type PolicyFolder, policyFolder } from './enforcing.ts';

const POLICY = `
version: 1
interfaces: [eth0]
sets:
  blocked: { dynamic: true, counters: true }
  listed: { dynamic: true, file: listed.txt, memory: 64KiB }
  plain: [203.0.113.0/24]
prefilter:
  - { name: blocklist, from: "@blocked", action: drop }
  - { name: listing, from: "@listed", action: drop }
  - { name: plain, from: "@plain", action: drop }
`;

let lab: Lab;
let client: LabHost;
let host: LabHost;
let folder: PolicyFolder;
let enforcement: Enforcement;
let changes: SetChange[];

beforeAll(async () => {
  lab = await createPair({ name: 'dynamic' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
beforeEach(() => {
  folder = policyFolder(POLICY, { 'listed.txt': '198.51.100.1\n' });
  enforcement = enforceOn(host, folder.policy);
  changes = [];
});
afterEach(() => {
  enforcement.stop();
  folder.remove();
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});
afterAll(() => lab.close());

const answered = async (family: 4 | 6 = 4): Promise<boolean> =>
  (await client.exec('ping', ['-n', '-c', '1', '-W', '0.2', host.address(family)])).stdout.includes('1 received');
const prefixes = (set: string): string[] => enforcement.members(set).map(({ prefix }) => prefix);
/** Writes the file of the set `listed`, and waits until the kernel has it. */
async function list(text: string): Promise<void> {
  writeFileSync(folder.path('listed.txt'), text);
  await expect.poll(() => changes.length, { timeout: 10_000 }).toBeGreaterThan(0);
  changes = [];
}
const refusal = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    if (error instanceof SluiceError) return error.problems[0];
    throw error;
  }
  return undefined;
};

test.each([4, 6] as const)(
  'an IPv%i member is dropped from the moment on, and passes when it is removed',
  async (v) => {
    expect(await answered(v)).toBe(true);
    expect(enforcement.addMembers('blocked', [{ prefix: client.address(v) }])).toBe(1);
    expect(await answered(v)).toBe(false);
    expect(enforcement.members('blocked')).toMatchObject([
      { prefix: client.address(v), added: true, counter: { packets: 1n } },
    ]);
    expect(enforcement.addMembers('blocked', [{ prefix: client.address(v) }])).toBe(0);
    expect(enforcement.removeMembers('blocked', [client.address(v)])).toBe(1);
    expect(await answered(v)).toBe(true);
  },
);

test('a member with a time passes when that is over, and not before', async () => {
  enforcement.addMembers('blocked', [{ prefix: client.address(4), ttlMs: 1500 }, { prefix: '203.0.113.9' }]);
  const start = Date.now();
  expect(await answered()).toBe(false);
  await expect.poll(() => answered(), { timeout: 5000, interval: 20 }).toBe(true);
  expect(Date.now() - start).toBeGreaterThan(1200);
  expect(Date.now() - start).toBeLessThan(3000);
  expect(prefixes('blocked')).toEqual(['203.0.113.9']);
});

test('members go on in the next version of the policy, with the time that is left', async () => {
  enforcement.addMembers('blocked', [{ prefix: client.address(4), ttlMs: 3000 }, { prefix: '2001:db8::/32' }]);
  const start = Date.now();
  const before = enforcement.generation.maps.recordSets.get('set4:blocked')?.set;
  enforcement.update(policyFolder(POLICY.replace('name: plain', 'name: other'), { 'listed.txt': '' }).policy);
  expect(enforcement.generation.maps.recordSets.get('set4:blocked')?.set).toBe(before);
  expect(await answered()).toBe(false);
  // With another shape of record the map is another, and its members are the same.
  enforcement.update(policyFolder(POLICY.replace(', counters: true', ''), { 'listed.txt': '' }).policy);
  expect(enforcement.generation.maps.recordSets.get('set4:blocked')?.set).not.toBe(before);
  expect(await answered()).toBe(false);
  expect(prefixes('blocked')).toEqual([client.address(4), '2001:db8::/32']);
  await expect.poll(() => answered(), { timeout: 6000, interval: 20 }).toBe(true);
  expect(Date.now() - start).toBeGreaterThan(2700);
  expect(Date.now() - start).toBeLessThan(4500);
  expect(prefixes('blocked')).toEqual(['2001:db8::/32']);
});

test('what a file lists comes and goes; what was added stays', async () => {
  enforcement.watchSets((change) => changes.push(change));
  await list(`${client.address(4)}\n198.51.100.1\n`);
  enforcement.addMembers('listed', [{ prefix: '192.0.3.1' }, { prefix: client.address(4), ttlMs: 60_000 }]);
  await list('198.51.100.2\n');
  expect(prefixes('listed').sort()).toEqual(['192.0.3.1', '198.51.100.2', client.address(4)].sort());
  expect(await answered()).toBe(false);
  const left = enforcement.members('listed').find(({ prefix }) => prefix === client.address(4))?.ttlMs;
  expect(left).toBeGreaterThan(30_000);
  expect(left).toBeLessThan(61_000);
  // Listed again, it has no end, and stays when what was added is removed.
  await list(`${client.address(4)}\n`);
  expect(enforcement.members('listed').find(({ prefix }) => prefix === client.address(4))?.ttlMs).toBeUndefined();
  enforcement.removeMembers('listed', [client.address(4)]);
  expect(await answered()).toBe(false);
  expect(refusal(() => enforcement.removeMembers('listed', [client.address(4)]))).toMatchObject({
    code: 'datapath/not-a-member',
    message: expect.stringContaining('listed.txt lists it'),
  });
  await list('');
  expect(await answered()).toBe(true);
  expect(prefixes('listed')).toEqual(['192.0.3.1']);
});

test('members that are added while a file of many lines is read in stay, and none of the file is lost', async () => {
  folder.remove();
  enforcement.stop();
  folder = policyFolder(POLICY.replace('64KiB', '32MiB'), { 'listed.txt': '' });
  enforcement = enforceOn(host, folder.policy);
  enforcement.watchSets((change) => changes.push(change));
  const lines = (from: number, to: number): string[] =>
    Array.from(
      { length: to - from },
      (_, i) => `11.${(from + i) >> 16}.${((from + i) >> 8) & 255}.${(from + i) & 255}`,
    );
  await list(`${lines(0, 60_000).join('\n')}\n`);
  writeFileSync(folder.path('listed.txt'), `${lines(40_000, 80_000).join('\n')}\n`);
  let added = 0;
  const timer = setInterval(() => {
    enforcement.addMembers('listed', [{ prefix: `12.0.${added >> 8}.${added & 255}` }]);
    // Of the file that goes, and of the one that comes.
    enforcement.addMembers('listed', [{ prefix: lines(added, added + 1)[0] as string }]);
    enforcement.addMembers('listed', [{ prefix: lines(79_999 - added, 80_000 - added)[0] as string }]);
    added++;
  }, 1);
  await expect.poll(() => changes.length, { timeout: 60_000 }).toBeGreaterThan(0);
  clearInterval(timer);
  expect(added).toBeGreaterThan(10);
  const expected = new Set([
    ...lines(40_000, 80_000),
    ...lines(0, added),
    ...Array.from({ length: added }, (_, i) => `12.0.${i >> 8}.${i & 255}`),
  ]);
  const have = new Set(prefixes('listed'));
  expect([...expected].filter((one) => !have.has(one))).toEqual([]);
  expect([...have].filter((one) => !expected.has(one))).toEqual([]);
});

test('a full set says which setting is too small, and has not changed', async () => {
  const many = Array.from({ length: 5000 }, (_, i) => ({ prefix: `10.${i >> 8}.${i & 255}.1` }));
  enforcement.addMembers('listed', [{ prefix: '10.0.7.1', ttlMs: 50_000 }]);
  const before = enforcement.members('listed');
  const used = enforcement.generation.maps.recordSets.get('set4:listed')?.set.size;
  expect(refusal(() => enforcement.addMembers('listed', many))).toMatchObject({
    code: 'policy/set-too-large',
    message: expect.stringContaining('64KiB'),
    help: expect.stringContaining('memory: 128KiB'),
  });
  expect(prefixes('listed').sort()).toEqual(before.map(({ prefix }) => prefix).sort());
  expect(enforcement.members('listed').find(({ prefix }) => prefix === '10.0.7.1')?.ttlMs).toBeLessThan(50_100);
  expect(enforcement.generation.maps.recordSets.get('set4:listed')?.set.size).toBe(used);
  // No program looks at what was taken out any more: its room is free.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(enforcement.addMembers('listed', many.slice(0, 100))).toBe(99);
  expect(enforcement.addMembers('listed', many.slice(0, 101))).toBe(1);
});

test('an update whose set has no room for what was added changes nothing', async () => {
  const many = Array.from({ length: 300 }, (_, i) => ({ prefix: `10.0.${i >> 8}.${i & 255}` }));
  enforcement.addMembers('listed', [...many, { prefix: client.address(4) }]);
  const smaller = policyFolder(POLICY.replace('64KiB', '4KiB'), { 'listed.txt': '' });
  expect(refusal(() => enforcement.update(smaller.policy))).toMatchObject({ code: 'policy/set-too-large' });
  expect(await answered()).toBe(false);
  expect(prefixes('listed')).toHaveLength(302);
  smaller.remove();
});

test.each([
  [() => enforcement.addMembers('plain', [{ prefix: '192.0.2.1' }]), 'datapath/set-not-dynamic', 'dynamic: true'],
  [() => enforcement.addMembers('bloked', [{ prefix: '192.0.2.1' }]), 'policy/unknown-set', 'blocked'],
  [() => enforcement.addMembers('blocked', [{ prefix: '192.0.2.1/24' }]), 'policy/host-bits', '192.0.2.0/24'],
  [() => enforcement.addMembers('blocked', [{ prefix: '192.0.2' }]), 'policy/bad-address', '192.0.2.0/24'],
  [() => enforcement.addMembers('blocked', [{ prefix: '192.0.2.1', ttlMs: -1 }]), 'policy/bad-duration', ''],
  [() => enforcement.removeMembers('blocked', ['192.0.2.1']), 'datapath/not-a-member', 'sluice sets list blocked'],
])('what is wrong is refused, and nothing has changed (%#)', (action, code, help) => {
  const problem = refusal(action);
  expect(problem?.code).toBe(code);
  expect(`${problem?.help}`).toContain(help);
  expect(prefixes('blocked')).toEqual([]);
});

test('other processes see the members and their times', () => {
  enforcement.addMembers('blocked', [{ prefix: '192.0.2.0/24', ttlMs: 60_000 }, { prefix: '192.0.2.7' }]);
  const sets = inNamespace({ path: host.path }, () => readEnforcement()?.sets() ?? []);
  const members = sets.find(({ map }) => map === 'set4:blocked')?.read().members ?? [];
  expect(members.map(({ length, ttlMs }) => [length, ttlMs === undefined])).toEqual([
    [24, false],
    [32, true],
  ]);
});

test('an addition takes microseconds', () => {
  const members = Array.from({ length: 10_000 }, (_, i) => ({ prefix: `10.1.${i >> 8}.${i & 255}`, ttlMs: 60_000 }));
  const start = performance.now();
  for (const member of members) enforcement.addMembers('blocked', [member]);
  const each = ((performance.now() - start) * 1000) / members.length;
  expect(prefixes('blocked')).toHaveLength(10_000);
  expect(each).toBeLessThan(200);
});
