import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  attachXdp,
  createNamespace,
  deleteNamespace,
  type InterfaceEvent,
  type InterfaceMonitor,
  inNamespace,
  monitorInterfaces,
  openDescriptorNames,
} from '../../src/kernel/index.ts';
import { constant } from './programs.ts';
import { createVethPair, type VethPair } from './veth.ts';

const XDP_PASS = 2;

let veth: VethPair;
let monitor: InterfaceMonitor;
const ip = (...args: string[]) => execFileSync('ip', ['-n', veth.namespace, ...args]);
const batch = (lines: readonly string[]) =>
  execFileSync('ip', ['-n', veth.namespace, '-batch', '-'], { input: lines.join('\n') });
/** What is told of an interface, in words. */
const told = (events: readonly InterfaceEvent[], name?: string): string[] =>
  events.filter(({ link }) => name === undefined || link.name === name).map(({ what, link }) => `${link.name} ${what}`);

beforeEach(() => {
  veth = createVethPair();
  monitor = inNamespace(veth.namespace, monitorInterfaces);
});
afterEach(() => {
  monitor.close();
  veth.remove();
  expect(openDescriptorNames()).toEqual([]);
});

test('what is there is listed, and only what comes later is told', () => {
  expect([...monitor.links.values()].map(({ name }) => name)).toEqual(['lo', 'right', 'left']);
  expect(monitor.poll()).toEqual([]);
});

test('interfaces appear, change and go, in order', async () => {
  ip('link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two');
  ip('link', 'set', 'one', 'mtu', '1400');
  ip('link', 'set', 'one', 'up');
  expect(told(monitor.poll(), 'one')).toEqual(['one appeared', 'one mtu', 'one up']);
  ip('link', 'set', 'two', 'up');
  const heard: string[] = [];
  // The kernel tells of a carrier a little later.
  const hear = (): string[] => heard.splice(0, 0, ...told(monitor.poll())) && heard.toSorted();
  await expect.poll(hear).toEqual(['one running', 'two running', 'two up']);
  ip('link', 'set', 'one', 'down');
  ip('link', 'set', 'one', 'name', 'three');
  const events = monitor.poll();
  expect(told(events, 'three')).toEqual(['three renamed']);
  expect(events.find(({ what }) => what === 'renamed')).toMatchObject({ before: { name: 'one', mtu: 1400 } });
  ip('link', 'delete', 'three');
  const gone = monitor.poll().filter(({ what }) => what === 'gone');
  expect(gone.map(({ link }) => link.name).sort()).toEqual(['three', 'two']);
  expect(gone).toMatchObject([{ moved: false }, { moved: false }]);
  expect([...monitor.links.values()].map(({ name }) => name)).toEqual(['lo', 'right', 'left']);
});

test('an interface that moves to another namespace is gone, and said to have moved', () => {
  const other = `${veth.namespace}-other`;
  createNamespace(other);
  ip('link', 'set', 'left', 'netns', other);
  const gone = monitor.poll().filter(({ what }) => what === 'gone');
  expect(gone).toMatchObject([{ what: 'gone', moved: true, link: { name: 'left' } }]);
  deleteNamespace(other);
});

test('a port that leaves a bridge is not gone', () => {
  ip('link', 'add', 'br0', 'type', 'bridge');
  ip('link', 'set', 'left', 'master', 'br0');
  ip('link', 'set', 'left', 'nomaster');
  expect(told(monitor.poll()).filter((line) => line.endsWith('gone'))).toEqual([]);
  expect([...monitor.links.values()].map(({ name }) => name)).toContain('left');
});

test('an XDP program of others, which a link holds, is found by a look', () => {
  using program = constant('xdp', XDP_PASS);
  const link = inNamespace(veth.namespace, () => attachXdp({ interface: 'left', program }));
  expect(told([...monitor.poll(), ...monitor.refresh()], 'left')).toEqual(['left xdp']);
  link.close();
  expect(told([...monitor.poll(), ...monitor.refresh()], 'left')).toEqual(['left xdp']);
});

test('when more happens than the kernel keeps, the interfaces are listed again', () => {
  const rounds = 12;
  for (let round = 0; round < rounds; round++) {
    const names = Array.from({ length: 20 }, (_, index) => `many${index}`);
    batch(names.map((name) => `link add ${name} type veth peer name ${name}p`));
    batch(names.map((name) => `link delete ${name}`));
  }
  batch(['link add last type veth peer name lastp', 'link set left down', 'link set left name first']);
  const told = monitor.poll();
  // 480 interfaces came and went: not all can have been kept.
  expect(told.filter(({ what }) => what === 'appeared').length).toBeLessThan(rounds * 40);
  expect([...monitor.links.values()].map(({ name }) => name).sort()).toEqual(['first', 'last', 'lastp', 'lo', 'right']);
}, 120_000);

test('a subscription hears of it, wherever the thread is', async () => {
  const heard: string[] = [];
  const stop = monitor.subscribe((events) => heard.push(...told(events)), { keepAlive: false });
  ip('link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two');
  await expect.poll(() => heard).toEqual(['two appeared', 'one appeared']);
  stop();
  ip('link', 'delete', 'one');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(heard).toHaveLength(2);
});
