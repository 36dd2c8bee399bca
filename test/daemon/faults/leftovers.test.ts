import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDaemonLab, type DaemonLab } from '../daemon.ts';

let lab: DaemonLab;

const policy = `version: 1
interfaces: [eth0]
sets:
  blocked: { dynamic: true }
  others: { dynamic: true }
ingress:
  rules:
    - { name: blocklist, from: "@blocked", action: drop }
    - { name: more, from: "@others", action: drop }
`;

beforeAll(async () => {
  lab = await createDaemonLab('leftovers');
  lab.write('policy.yaml', policy);
});
afterEach(async () => {
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

const path = (...names: readonly string[]): string => join(lab.stateDir, ...names);
const members = (set: string): string => lab.ask('sets', set).stdout;

test('what a killed daemon had begun to write goes when the next one starts, and nothing else', async () => {
  const first = await lab.start();
  lab.ask('apply', 'policy.yaml');
  lab.ask('sets', 'add', 'blocked', '203.0.113.1');
  await lab.kill(first);
  const before = [...readdirSync(path()), ...readdirSync(path('history'))].sort();
  for (const name of ['history/00000001.json.new', 'history/00000002.json.new', 'members.4194300'])
    writeFileSync(path(name), '{"format":1,"num');
  for (const name of ['history/notes.new', 'members.bak']) writeFileSync(path(name), 'mine');

  await lab.start();
  expect([...readdirSync(path()), ...readdirSync(path('history'))].sort()).toEqual(
    [...before, 'notes.new', 'members.bak'].sort(),
  );
  const { stdout, stderr } = lab.ask('history');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^ *1 .*policy\.yaml/m);
  expect(members('blocked')).toContain('203.0.113.1');
});

test.each([
  ['half a line in the middle', (text: string) => text.replace('"203.0.113.1"', '"203.0.11')],
  ['bytes of something else', (text: string) => `${text}\0\xff\xfe\x01\n{"set":7}\n[]\nnull\n`],
  ['no first line', (text: string) => text.replace(/^.*?boot.*?\n/, '\n')],
])('the file of added members has %s: that is told, the rest is in force, and all of it is kept', async (_, damage) => {
  const first = await lab.start();
  lab.ask('apply', 'policy.yaml');
  lab.ask('sets', 'add', 'others', lab.client.address(4));
  lab.ask('sets', 'add', 'blocked', '203.0.113.1');
  lab.ask('sets', 'add', 'blocked', '203.0.113.2');
  expect(await lab.ping()).toBe(0);
  await lab.kill(first);
  const damaged = damage(readFileSync(path('members'), 'latin1'));
  writeFileSync(path('members'), damaged, 'latin1');

  const second = await lab.start();
  const status = lab.ask('status');
  expect(status.stderr).toMatch(/warning: .*members: \d of \d+ lines are damaged.*\[datapath\/damaged-state\]/);
  expect(status.stderr).toContain(path('members.damaged'));
  expect(await lab.ping()).toBe(0);
  expect(members('others')).toContain(lab.client.address(4));
  expect(members('blocked')).toContain('203.0.113.2');

  // The next change writes the file anew: what was in it is still there, and told of.
  expect(lab.ask('sets', 'add', 'blocked', '203.0.113.3').status).toBe(0);
  expect(readFileSync(path('members.damaged'), 'latin1')).toBe(damaged);
  expect(lab.ask('status').stderr).toContain(path('members.damaged'));
  expect(lab.ask('history').stdout).toMatch(/^ *1 /m);
  await lab.kill(second);
  await lab.start();
  expect(lab.ask('status').stderr).toBe('');
  expect(members('blocked')).toMatch(/203\.0\.113\.2[\s\S]*203\.0\.113\.3/);
});

test('where the file of added members is none at all, the policy is in force and members can be added', async () => {
  const first = await lab.start();
  lab.ask('apply', 'policy.yaml');
  await lab.kill(first);
  rmSync(path('members'), { force: true });
  mkdirSync(path('members'));
  await lab.start();
  expect(lab.ask('status').stderr).toMatch(/members: EISDIR.*\[datapath\/not-written\]/);
  expect(lab.ask('sets', 'add', 'blocked', lab.client.address(4)).status).toBe(0);
  expect(await lab.ping()).toBe(0);
});
