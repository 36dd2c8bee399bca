import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memberText, readMembers } from './member-text.ts';
import type { RuntimeMember, RuntimeMembers } from './runtime-members.ts';
import { openSetOverlay, type SetOverlay } from './set-overlay.ts';

let folder: string;
let path: string;
const opened: SetOverlay[] = [];
let clock = { bootId: 'one', bootMs: 1000, wallMs: 1_000_000 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-overlay-'));
  path = join(folder, 'state', 'sets.ndjson');
  clock = { bootId: 'one', bootMs: 1000, wallMs: 1_000_000 };
});
afterEach(() => {
  for (const overlay of opened.splice(0)) overlay.close();
  rmSync(folder, { recursive: true });
});

function open(): SetOverlay {
  const { bootId } = clock;
  const overlay = openSetOverlay(path, { bootId, bootMs: () => clock.bootMs, wallMs: () => clock.wallMs });
  opened.push(overlay);
  return overlay;
}
const member = (text: string, ttlMs = Number.POSITIVE_INFINITY): RuntimeMember[] =>
  readMembers([text])
    .flat()
    .map((one) => ({ ...one, endsAtMs: performance.now() + ttlMs }));
const all = (members: RuntimeMembers, set = 'blocked'): RuntimeMember[] => [
  ...members.of(set, 'v4'),
  ...members.of(set, 'v6'),
];
const texts = (members: RuntimeMembers, set?: string): string[] => all(members, set).map(memberText);
const leftMs = (members: RuntimeMembers): number => (all(members)[0]?.endsAtMs ?? Number.NaN) - performance.now();

test('the next process has what was added, without what was removed', () => {
  const { members } = open();
  members.apply({ set: 'blocked', added: [...member('192.0.2.1'), ...member('2001:db8::/32')] });
  members.apply({ set: 'blocked', added: [...member('192.0.2.2'), ...member('10.0.0.0/8')] });
  members.apply({ set: 'other', added: member('192.0.2.3') });
  members.apply({ set: 'blocked', removed: member('192.0.2.1') });
  const next = open();
  expect(next.problems).toEqual([]);
  expect(texts(next.members)).toEqual(['192.0.2.2', '10.0.0.0/8', '2001:db8::/32']);
  expect(texts(next.members, 'other')).toEqual(['192.0.2.3']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('within one run of the machine the boot clock counts, whatever the wall clock says', () => {
  open().members.apply({ set: 'blocked', added: member('192.0.2.1', 60_000) });
  clock.bootMs += 20_000;
  clock.wallMs -= 500_000_000;
  expect(leftMs(open().members)).toBeGreaterThan(39_000);
  expect(leftMs(open().members)).toBeLessThan(40_100);
  clock.bootMs += 40_001;
  expect(texts(open().members)).toEqual([]);
});

test('after a restart of the machine the wall clock counts', () => {
  open().members.apply({ set: 'blocked', added: member('192.0.2.1', 60_000) });
  clock = { bootId: 'two', bootMs: 5, wallMs: clock.wallMs + 20_000 };
  expect(leftMs(open().members)).toBeGreaterThan(39_000);
  expect(leftMs(open().members)).toBeLessThan(40_100);
  clock.wallMs += 40_001;
  expect(texts(open().members)).toEqual([]);
});

test('ends that were read after a restart are kept on the clock of this run', () => {
  open().members.apply({ set: 'blocked', added: member('192.0.2.1', 60_000) });
  clock = { bootId: 'two', bootMs: 5, wallMs: clock.wallMs + 20_000 };
  open().members.apply({ set: 'blocked', added: member('192.0.2.2') });
  clock.bootMs += 10_000;
  clock.wallMs += 300_000;
  expect(leftMs(open().members)).toBeGreaterThan(29_000);
  expect(leftMs(open().members)).toBeLessThan(30_100);
});

test('a change that was being written when its process was killed is not there, those before are', () => {
  const { members } = open();
  members.apply({ set: 'blocked', added: member('192.0.2.1') });
  members.apply({ set: 'blocked', added: member('192.0.2.2') });
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const lines = whole.subarray(0, length).toString().split('\n').length - 1;
    const next = open();
    expect(texts(next.members)).toEqual(['192.0.2.1', '192.0.2.2'].slice(0, Math.max(0, lines - 1)));
    expect(next.problems.filter(({ code }) => code !== 'datapath/damaged-state')).toEqual([]);
    // It goes on from there.
    next.members.apply({ set: 'blocked', added: member('192.0.2.9') });
    expect(texts(open().members)).toContain('192.0.2.9');
  }
});

test('damaged lines are told, and the others are read', () => {
  const { members } = open();
  members.apply({ set: 'blocked', added: member('192.0.2.1') });
  appendFileSync(path, 'rubbish\n{"set":"blocked","add":[["192.0.2"]]}\n{"set":5}\n[]\n\u0000\u0001\n');
  appendFileSync(path, '{"set":"blocked","add":[["192.0.2.2",null,null]]}\n');
  const next = open();
  expect(texts(next.members)).toEqual(['192.0.2.1', '192.0.2.2']);
  expect(next.problems).toMatchObject([{ code: 'datapath/damaged-state', severity: 'warning' }]);
  expect(next.problems[0]?.message).toContain('5 of 8 lines');
});

test('a file that cannot be written is told, and is whole when it can be again', () => {
  writeFileSync(join(folder, 'state'), 'no folder');
  const { members, problems } = open();
  members.apply({ set: 'blocked', added: member('192.0.2.1') });
  expect(texts(members)).toEqual(['192.0.2.1']);
  expect(problems).toMatchObject([{ code: 'datapath/not-written', severity: 'warning' }]);
  rmSync(join(folder, 'state'));
  mkdirSync(join(folder, 'state'));
  chmodSync(join(folder, 'state'), 0o700);
  members.apply({ set: 'blocked', added: member('192.0.2.2') });
  expect(problems).toEqual([]);
  expect(texts(open().members)).toEqual(['192.0.2.1', '192.0.2.2']);
});

test('changes without end do not make the file grow without end', () => {
  const { members } = open();
  members.apply({ set: 'blocked', added: member('10.0.0.0/8') });
  for (let i = 0; i < 12_000; i++) members.apply({ set: 'blocked', added: member('192.0.2.1', 60_000) });
  expect(statSync(path).size).toBeLessThan(900_000);
  expect(texts(open().members)).toEqual(['10.0.0.0/8', '192.0.2.1']);
});
