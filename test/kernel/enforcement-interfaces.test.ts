import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Enforcement, enforce, readEnforcement, takeDown } from '../../src/datapath/index.ts';
import { attachTcx, enterNamespace, findClsactFilter, inNamespace, openNamespace } from '../../src/kernel/index.ts';
import { policyOf } from '../lab/enforcing.ts';
import { enforceIn, interfaceIn, NO_TRACE, traces } from './enforcing.ts';
import { constant } from './programs.ts';
import { createVethPair, type VethPair } from './veth.ts';

const TC_ACT_OK = 0;

const policy = (interfaces: string, rest = ''): string => `
version: 1
interfaces: [${interfaces}]
ingress: { default: drop }
egress: { default: drop }
${rest}`;

let veth: VethPair;
const ip = (...args: string[]) => execFileSync('ip', ['-n', veth.namespace, ...args]);
const programOn = (device: string): number | undefined => interfaceIn(veth.namespace, device)?.xdp?.programId;
const found = () => inNamespace(veth.namespace, readEnforcement);
/** Whether a filter of Sluice is on the interface's way out. */
const filters = (device: string): boolean =>
  execFileSync('tc', ['-n', veth.namespace, 'filter', 'show', 'dev', device, 'egress'], { encoding: 'utf8' }) !== '';

beforeEach(() => {
  veth = createVethPair();
});
afterEach(() => {
  const left = traces(veth.namespace);
  veth.remove();
  expect(left).toEqual(NO_TRACE);
});

describe.each(['auto', 'clsact'] as const)('an interface (classifier: %s)', (classifier) => {
  const start = (interfaces: string): Enforcement => enforceIn(veth.namespace, policy(interfaces), { classifier });

  test('that is renamed is still judged, found under its new name, and freed', () => {
    const enforcement = start('left');
    ip('link', 'set', 'left', 'down');
    ip('link', 'set', 'left', 'name', 'wan.10');
    ip('link', 'set', 'wan.10', 'up');
    expect(programOn('wan.10')).toBe(enforcement.generation.xdp.id);
    expect(found()?.interfaces).toMatchObject([{ name: 'wan.10', attached: true }]);
    enforcement.stop();
    expect(programOn('wan.10')).toBeUndefined();
    expect(filters('wan.10')).toBe(false);
  });

  test('that is deleted is told to be gone; what is left is freed', () => {
    const enforcement = start('left, lo');
    ip('link', 'delete', 'left');
    expect(found()?.interfaces).toMatchObject([{ attached: false }, { name: 'lo', attached: true, mode: 'generic' }]);
    expect(enforcement.warnings).toMatchObject([{ code: 'datapath/generic-mode' }]);
    enforcement.stop();
    expect(filters('lo')).toBe(false);
  });

  test('that is deleted and made again is not judged, which is told; taken down, it can be enforced again', () => {
    const first = start('left');
    ip('link', 'delete', 'left');
    ip('link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right');
    expect(found()?.interfaces).toMatchObject([{ name: 'left', attached: false }]);
    expect(inNamespace(veth.namespace, takeDown)).toEqual({ interfaces: ['left'] });
    const second = start('left');
    expect(found()?.interfaces).toMatchObject([{ name: 'left', attached: true }]);
    first.stop();
    second.stop();
  });
});

test('the thread may be anywhere when a policy is asked about or stopped', () => {
  using outside = openNamespace({ path: '/proc/thread-self/ns/net' });
  enterNamespace(veth.namespace);
  const enforcement = enforce(policyOf(policy('left')));
  enterNamespace(outside);
  expect(enforcement.counters()).toEqual([]);
  enforcement.stop();
  expect(programOn('left')).toBeUndefined();
});

test("another's classifiers stay, before and after", () => {
  const filter = ['-n', veth.namespace, 'filter', 'add', 'dev', 'left', 'egress', 'pref', '7', 'protocol', 'all'];
  execFileSync('tc', ['-n', veth.namespace, 'qdisc', 'add', 'dev', 'left', 'clsact']);
  execFileSync('tc', [...filter, 'u32', 'match', 'u32', '0', '0', 'classid', '1:1']);
  enforceIn(veth.namespace, policy('left'), { classifier: 'clsact' }).stop();
  expect(filters('left')).toBe(true);
  expect(
    inNamespace(veth.namespace, () => findClsactFilter({ interface: 'left', direction: 'egress' })),
  ).toBeUndefined();
});

test('a classifier of others that accepts everything does not keep packets from being judged', () => {
  using accepting = constant('sched_cls', TC_ACT_OK);
  using link = inNamespace(veth.namespace, () =>
    attachTcx({ interface: 'left', direction: 'egress', program: accepting }),
  );
  const enforcement = enforceIn(veth.namespace, policy('left'));
  execFileSync('ip', ['-n', veth.namespace, 'address', 'add', '192.0.2.1/24', 'dev', 'left']);
  spawnSync('ip', ['netns', 'exec', veth.namespace, 'ping', '-c', '1', '-W', '0.1', '192.0.2.9']);
  expect(enforcement.counters().map(({ name }) => name)).toContain('neighbour');
  enforcement.stop();
  expect(link.info().ifindex).toBeGreaterThan(0);
  link.close();
});

test('that takes VLAN tags out of frames is warned of where a rule asks for tags', () => {
  const start = (rules: string): readonly string[] => {
    const enforcement = enforceIn(veth.namespace, `version: 1\ninterfaces: [left]\nprefilter: [${rules}]\n`);
    enforcement.stop();
    return enforcement.warnings.map(({ message, help }) => `${message}; ${help}`);
  };
  const setOffload = (value: 'on' | 'off') =>
    execFileSync('ip', ['netns', 'exec', veth.namespace, 'ethtool', '-K', 'left', 'rxvlan', value]);
  const byKey = '{ name: guests, vlan: 30, action: drop }';
  const byFilter = '{ name: guests, filter: "vlan 30", action: drop }';

  setOffload('on');
  const warning =
    'rule "guests" asks for VLAN tags, and interface "left" takes them out of frames before XDP sees them; ' +
    'ethtool -K left rxvlan off';
  expect([byKey, byFilter].map(start)).toEqual([[warning], [warning]]);
  expect(start('{ protocol: tcp, port: 23, action: drop }')).toEqual([]);
  setOffload('off');
  expect(start(byKey)).toEqual([]);
});
