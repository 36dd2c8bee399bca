import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pathsHere } from '../../src/datapath/paths.ts';
import {
  createMapHandle,
  inNamespace,
  listPins,
  mapMemory,
  openPinnedMap,
  possibleCpus,
  unpin,
} from '../../src/kernel/index.ts';
import { namespacePath } from '../../src/lab/namespaces.ts';
import { counted } from '../lab/enforcing.ts';
import { enforceIn, NO_TRACE, statePath, traces } from './enforcing.ts';
import { judges, policyFor, told } from './judges.ts';
import { startEnforcing } from './start-enforcing.ts';
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

interface State {
  readonly pid: number;
  readonly processStart: string;
  readonly startedAt: string;
  readonly settled: Record<string, unknown> & { readonly layouts: { readonly counter: object } };
}

function rewriteState(change: (state: State) => object): void {
  const path = statePath(veth.namespace);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as State)));
}

/** As the version before this one left it: another form of the state, and no programs pinned. */
function asFormatOne(): void {
  rewriteState(({ pid, processStart, startedAt, settled }) => {
    const { layouts: _, multiBuffer: __, longestWay: ___, ...generation } = settled;
    return { format: 1, pid, processStart, startedAt, ...generation };
  });
  const { pins } = inNamespace(veth.namespace, pathsHere);
  for (const pin of listPins(pins)) if (pin.includes('/entry:')) unpin(pin);
}

test('what an earlier version put in force is read, taken over without a gap, and goes on counting', async () => {
  await (await startEnforcing(namespacePath(veth.namespace), policyFor('before'))).kill();
  judges(veth.namespace);
  asFormatOne();
  expect(told(veth.namespace)).toEqual({ judge: 'before', why: undefined });
  const next = enforceIn(veth.namespace, policyFor('after'), { trialMs: 60_000 });
  expect(counted(next, 'default-ingress').packets).toBe(2);
  expect(new Set(judges(veth.namespace))).toEqual(new Set(['after']));
  next.revert();
  expect(new Set(judges(veth.namespace))).toEqual(new Set(['before']));
  expect(next.isGone()).toBe(true);
  next.stop();
  const last = enforceIn(veth.namespace, policyFor('before'));
  expect(counted(last, 'dropped-before').packets).toBe(4);
  last.stop();
});

test('counters that lie otherwise in memory are carried by the names of their fields', async () => {
  await (await startEnforcing(namespacePath(veth.namespace), policyFor('before'))).kill();
  const { maps } = inNamespace(veth.namespace, pathsHere);
  const pin = join(maps(1), 'counters');
  {
    using own = openPinnedMap(pin);
    const { keySize, maxEntries, flags } = own;
    using other = createMapHandle({ type: 'array', name: 'counters', keySize, valueSize: 40, maxEntries, flags });
    using memory = mapMemory(other);
    const words = new BigUint64Array(memory.buffer);
    const rule = maxEntries / (possibleCpus() + 1) + 33; // of the second CPU's, the policy's second rule
    words.set([777n, 0n, 88n, 999n, 5n], rule * 5);
    unpin(pin);
    other.pin(pin);
  }
  rewriteState((state) => {
    const counter = { size: 40, fields: { bytes: 0, lastHit: 16, packets: 32 } };
    return { ...state, settled: { ...state.settled, layouts: { ...state.settled.layouts, counter } } };
  });
  // The same policy: it would go on with the map, and must not.
  const next = enforceIn(veth.namespace, policyFor('before'));
  expect(counted(next, 'seen')).toEqual({ packets: 5, bytes: 777 });
  next.stop();
});

test('a BPF file system that was mounted anew has nothing in force, whatever is written down', () => {
  const first = enforceIn(veth.namespace, policyFor('before'));
  const { pins } = inNamespace(veth.namespace, pathsHere);
  rmSync(pins, { recursive: true });
  rewriteState((state) => ({ ...state, processStart: '0' }));
  const second = enforceIn(veth.namespace, policyFor('after'));
  expect(new Set(judges(veth.namespace))).toEqual(new Set(['after']));
  second.stop();
  first.stop();
});
