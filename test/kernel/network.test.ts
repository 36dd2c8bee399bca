import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createNamespace,
  deleteNamespace,
  findInterface,
  inNamespace,
  interfaceByIndex,
  listInterfaces,
  listNamespaces,
  namespaceInode,
  openDescriptorNames,
  openNamespace,
} from '../../src/kernel/index.ts';
import { caught } from './caught.ts';
import { createVethPair, type VethPair } from './veth.ts';

let veth: VethPair;

beforeEach(() => {
  veth = createVethPair();
});
afterEach(() => {
  veth.remove();
  expect(openDescriptorNames()).toEqual([]);
});

describe('a network namespace', () => {
  it('is entered for one action, and left again', () => {
    const outside = namespaceInode();
    const inside = inNamespace(veth.namespace, () => namespaceInode());
    expect(inside).toBe(namespaceInode(veth.namespace));
    expect(inside).not.toBe(outside);
    expect(namespaceInode()).toBe(outside);
  });

  it('is left when the action throws', () => {
    const outside = namespaceInode();
    const action = () => {
      throw new Error('inside');
    };
    expect(() => inNamespace(veth.namespace, action)).toThrow('inside');
    expect(namespaceInode()).toBe(outside);
  });

  it('can be named by path, process and descriptor', () => {
    using opened = openNamespace({ path: `/var/run/netns/${veth.namespace}` });
    expect(inNamespace(opened, () => namespaceInode())).toBe(namespaceInode(veth.namespace));
    expect(inNamespace({ pid: process.pid }, () => namespaceInode())).toBe(namespaceInode());
  });

  it('is known to ip-netns', () => {
    expect(listNamespaces()).toContain(veth.namespace);
    expect(execFileSync('ip', ['netns', 'list']).toString()).toContain(veth.namespace);
    expect(() => createNamespace(veth.namespace)).toThrow(/^open on .*: EEXIST$/);
  });

  it('must exist', () => {
    const error = caught(() => inNamespace('no-such-namespace', () => {}));
    expect(error.problems[0]?.code).toBe('kernel/namespace-missing');
    expect(error.message).toBe('network namespace "no-such-namespace": there is none');
    expect(() => deleteNamespace('no-such-namespace')).toThrow('there is none');
  });
});

describe('the interfaces', () => {
  it('are those of the current namespace, with what is known of them', () => {
    execFileSync('ip', ['-n', veth.namespace, 'address', 'add', '192.0.2.1/24', 'dev', 'left']);
    execFileSync('ip', ['-n', veth.namespace, 'address', 'add', '2001:db8::1/64', 'dev', 'left', 'nodad']);
    execFileSync('ip', ['-n', veth.namespace, 'link', 'set', 'left', 'address', '02:00:00:00:00:01', 'mtu', '1400']);
    inNamespace(veth.namespace, () => {
      expect(listInterfaces().map((one) => one.name)).toEqual(['lo', 'right', 'left']);
      const left = findInterface('left');
      expect(left).toMatchObject({
        mtu: 1400,
        mac: '02:00:00:00:00:01',
        driver: 'veth',
        up: true,
        running: true,
        loopback: false,
        ethernet: true,
        xdp: undefined,
      });
      expect(left.addresses).toContainEqual({ address: '192.0.2.1', prefixLength: 24 });
      expect(left.addresses).toContainEqual({ address: '2001:db8::1', prefixLength: 64 });
      expect(findInterface('lo')).toMatchObject({ up: false, loopback: true });
      expect(interfaceByIndex(left.index)?.name).toBe('left');
      expect(interfaceByIndex(9999)).toBeUndefined();
    });
    expect(listInterfaces().map((one) => one.name)).not.toContain('left');
  });
});
