import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readEnforcement, readSituation } from '../../../src/datapath/index.ts';
import { inNamespace, listInterfaces, listPins, namespaceInode } from '../../../src/kernel/index.ts';
import { patienceMs, rounds, seed } from '../../differential/effort.ts';
import { createDaemonLab, type DaemonLab } from '../daemon.ts';
import { judgesOf, policyText, type Side, sendSeen } from './judging.ts';
import { type Change, changed, isAllowed, judgeOf, type Model } from './model.ts';
import { killMortals, type Mortal, startMortal } from './mortal.ts';

const STEPS = 60;

type Step =
  | { readonly step: 'change'; readonly what: Change }
  /** The daemon kills itself before that one of the calls by which the change is made. */
  | { readonly step: 'kill in a change'; readonly what: Change; readonly call: number }
  | { readonly step: 'kill' }
  /** It is no policy, or has a set that is full when it is built. */
  | { readonly step: 'bad policy'; readonly isBroken: boolean }
  | { readonly step: 'let a trial run out'; readonly side: Side; readonly isKilled: boolean }
  | { readonly step: 'add' | 'remove'; readonly member: string }
  | { readonly step: 'new interface' }
  | { readonly step: 'damage'; readonly what: 'state' | 'revision' };

const side = fc.constantFrom<Side>('one', 'two');
const member = fc.integer({ min: 1, max: 4 }).map((n) => `198.51.100.${n}`);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ change: fc.constant('apply' as const), side }) },
  { weight: 3, arbitrary: fc.record({ change: fc.constantFrom('trial' as const, 'observe' as const), side }) },
  { weight: 3, arbitrary: fc.constant({ change: 'confirm' as const }) },
  { weight: 2, arbitrary: fc.constant({ change: 'rollback' as const }) },
  { weight: 1, arbitrary: fc.constant({ change: 'down' as const }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ step: fc.constant('change' as const), what: change }) },
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant('kill in a change' as const),
      what: change,
      call: fc.integer({ min: 0, max: 50 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ step: 'kill' as const }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('bad policy' as const), isBroken: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant('let a trial run out' as const), side, isKilled: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ step: fc.constantFrom('add' as const, 'remove' as const), member }) },
  { weight: 1, arbitrary: fc.constant({ step: 'new interface' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      step: fc.constant('damage' as const),
      what: fc.constantFrom('state' as const, 'revision' as const),
    }),
  },
);

let lab: DaemonLab;
let daemon: Mortal;

beforeAll(async () => {
  lab = await createDaemonLab('random');
  lab.write('many.txt', Array.from({ length: 5000 }, (_, n) => `10.0.${n >> 8}.${n & 255}\n`).join(''));
});
afterEach(async () => {
  await killMortals();
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

test('whatever happens, one whole policy judges, and what is told of it is true', { timeout: patienceMs }, async () => {
  for (const round of rounds(1)) {
    const [steps = []] = fc.sample(fc.array(step, { minLength: STEPS, maxLength: STEPS }), {
      seed: seed + round,
      numRuns: 1,
    });
    const done: string[] = [];
    const model: Model = { inForce: 'nobody', seen: 0, members: new Set() };
    daemon = await startMortal(lab);
    try {
      for (const one of steps) {
        done.push(JSON.stringify(one));
        await take(one, model);
        await check(model);
      }
      await daemon.ask('down', {});
      await daemon.kill();
      expect(left()).toEqual([]);
    } catch (error) {
      console.error(
        `seed ${seed + round}: ${JSON.stringify({ ...model, members: [...model.members] })}\n${done.join('\n')}`,
      );
      throw error;
    }
    rmSync(lab.stateDir, { recursive: true, force: true });
  }
});

const inHost = <T>(action: () => T): T => inNamespace({ path: lab.host.path }, action);
const pathOf = (of: Side): string => join(lab.folder, `${of}.yaml`);
const textOf = (of: Side): string =>
  policyText(of, {
    sets: 'sets:\n  blocked: { dynamic: true }\n',
    rules: '    - { name: blocklist, from: "@blocked", action: drop }\n',
  });

function ask(what: Change): Promise<unknown> {
  if (what.change === 'confirm' || what.change === 'rollback' || what.change === 'down')
    return daemon.ask(what.change, {});
  const { change: kind, side: of } = what;
  return daemon.ask('apply', {
    path: pathOf(of),
    text: textOf(of),
    ...(kind === 'trial' && { confirmMs: 600_000 }),
    ...(kind === 'observe' && { observe: true }),
  });
}

/** What is on trial or observed is so behind it. */
async function restart(): Promise<void> {
  await daemon.kill();
  daemon = await startMortal(lab);
}

async function take(one: Step, model: Model): Promise<void> {
  switch (one.step) {
    case 'change': {
      // Without anything pending it goes to the revision before, which the model does not know of.
      if (one.what.change === 'rollback' && !model.pending) return;
      const asked = ask(one.what);
      if (!isAllowed(model, one.what)) await expect(asked).rejects.toThrow(/pending|confirm/);
      else {
        await asked;
        changed(model, one.what);
      }
      return;
    }
    case 'kill in a change':
      if (isAllowed(model, one.what)) await killIn(one.what, one.call, model);
      return;
    case 'kill':
      return restart();
    case 'bad policy': {
      const text = one.isBroken
        ? 'version: 1\nrules: ['
        : textOf('one').replace('true }', 'true, file: many.txt, memory: 4KiB }');
      await expect(daemon.ask('apply', { path: pathOf('one'), text })).rejects.toThrow();
      return;
    }
    case 'let a trial run out':
      if (model.pending) return;
      await daemon.ask('apply', { path: pathOf(one.side), text: textOf(one.side), confirmMs: 1000 });
      if (one.isKilled) await daemon.kill();
      await setTimeout(1200);
      if (one.isKilled) daemon = await startMortal(lab);
      expect((await daemon.ask('history', {})).revisions.at(-1)?.outcome.state).toBe('expired');
      if (model.inForce === 'nobody') model.seen = 0;
      return;
    case 'add':
    case 'remove': {
      const { member: prefix } = one;
      const asked = daemon.ask('members', {
        set: 'blocked',
        ...(one.step === 'add' ? { add: [{ prefix }] } : { remove: [prefix] }),
      });
      await asked.then(
        () => (one.step === 'add' ? model.members.add(prefix) : model.members.delete(prefix)),
        // Nothing is in force, the set's owner has died with a trial, or it is no member.
        () => expect(one.step === 'remove' || model.inForce === 'nobody' || model.pending).toBeTruthy(),
      );
      return;
    }
    case 'new interface':
      if (model.pending) return;
      await newInterface(model);
      return;
    case 'damage':
      if (model.pending) return;
      await (one.what === 'state' ? damageState(model) : damageRevision());
      return;
  }
}

/** Whether it was killed before or behind the moment that counts is asked of the kernel. */
async function killIn(what: Change, call: number, model: Model): Promise<void> {
  const { pending: before } = model;
  await daemon.dieAt(call);
  await ask(what).catch(() => {});
  await restart();
  const [judge] = await judgesOf(lab);
  const { pending } = await daemon.ask('status', {});
  if (what.change === 'apply' && judge === what.side) changed(model, what);
  else if ((what.change === 'trial' || what.change === 'observe') && pending) changed(model, what);
  else if (what.change === 'confirm' && before?.kind === 'observation') {
    // It has ended, and its policy may not be in force yet.
    if (!pending)
      changed(model, judge === before.side ? { change: 'apply', side: before.side } : { change: 'rollback' });
  } else if (what.change === 'down') {
    if (judge === 'nobody') changed(model, what);
    else if (before && !pending) changed(model, { change: 'rollback' });
  } else if (before && !pending) changed(model, what);
}

/** The policy is put on an interface of the same name that appears, by the daemon. */
async function newInterface({ inForce }: Model): Promise<void> {
  const { host, client } = lab;
  await host.exec('ip', ['link', 'delete', 'eth0']);
  await host.exec('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client.namespace]);
  for (const end of [host, client]) {
    await end.exec('ip', ['address', 'add', `${end.address(4)}/24`, 'dev', 'eth0']);
    await end.exec('ip', ['link', 'set', 'eth0', 'up']);
  }
  await expect.poll(() => judgesOf(lab), { timeout: 10_000 }).toEqual([inForce, inForce]);
}

/** The kernel goes on; which policy it is nobody knows, and it can be taken down. */
async function damageState(model: Model): Promise<void> {
  if (model.inForce === 'nobody') return;
  await daemon.kill();
  writeFileSync(join('/run/sluice', `net-${namespaceInode(lab.host.namespace)}`, 'state.json'), '{"format":2,');
  daemon = await startMortal(lab);
  expect(await judgesOf(lab)).toEqual([model.inForce, model.inForce]);
  expect((await daemon.ask('status', {})).problems.map(({ code }) => code)).toContain('datapath/damaged-state');
  await daemon.ask('down', {});
  changed(model, { change: 'down' });
}

async function damageRevision(): Promise<void> {
  const history = join(lab.stateDir, 'history');
  const names = existsSync(history) ? readdirSync(history).filter((name) => name.endsWith('.json')) : [];
  const last = names.sort().at(-1);
  await daemon.kill();
  if (last) writeFileSync(join(history, last), '{"format":1,"number"');
  daemon = await startMortal(lab);
  if (last) {
    const { problems } = await daemon.ask('history', {});
    expect(problems.map(({ code }) => code)).toContain('daemon/damaged-revision');
  }
}

async function check(model: Model): Promise<void> {
  const judge = judgeOf(model);
  expect(await judgesOf(lab)).toEqual([judge, judge]);
  const { found } = inHost(readSituation);
  expect(found?.policy.path).toBe(judge === 'nobody' ? undefined : pathOf(judge));
  const { revision, waiting, pending } = await daemon.ask('status', {});
  expect(pending?.kind).toBe(model.pending?.kind);
  expect(waiting?.path).toBe(model.pending && pathOf(model.pending.side));
  expect(revision?.path).toBe(model.inForce === 'nobody' ? undefined : pathOf(model.inForce));
  const { revisions } = await daemon.ask('history', {});
  const unsettled = revisions.filter(({ outcome }) => outcome.state === 'pending').map(({ number }) => number);
  expect(unsettled).toEqual(waiting ? [waiting.number] : []);
  if (judge === 'nobody') return;
  await sendSeen(lab);
  model.seen += 1;
  const enforcement = inHost(readEnforcement);
  const seen = inHost(() => enforcement?.counters().find(({ name }) => name === 'seen'));
  expect(Number(seen?.packets)).toBe(model.seen);
  const sets = inHost(() => enforcement?.sets().filter(({ name }) => name === 'blocked') ?? []);
  const members = sets.flatMap((set) => inHost(() => set.read().members));
  expect(members).toHaveLength(model.members.size);
}

/** All that Sluice has in the kernel and beside it, for the host's namespace. */
function left(): string[] {
  const name = `net-${namespaceInode(lab.host.namespace)}`;
  const attached = inHost(listInterfaces).flatMap(({ name: device, xdp }) => (xdp ? [`XDP on ${device}`] : []));
  const state = join('/run/sluice', name, 'state.json');
  return [...listPins('/sys/fs/bpf').filter((pin) => pin.includes(name)), ...attached, ...[state].filter(existsSync)];
}
