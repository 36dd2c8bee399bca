import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readEnforcement } from '../../../src/datapath/index.ts';
import { inNamespace, listPins } from '../../../src/kernel/index.ts';
import { createDaemonLab, type DaemonLab } from '../daemon.ts';
import { type Judge, judgesOf, policyText, type Side, sendSeen } from './judging.ts';
import { killMortals, type Mortal, startMortal } from './mortal.ts';

let lab: DaemonLab;

const json = (name: string) => JSON.parse(lab.ask(name, '-o', 'json').stdout);
const pathOf = (side: Side): string => join(lab.folder, `${side}.yaml`);
const apply = (daemon: Mortal, side: Side, more: { readonly confirmMs?: number; readonly observe?: boolean } = {}) =>
  daemon.ask('apply', { path: pathOf(side), text: policyText(side), ...more });

/** One policy is in force for good, and nothing waits. */
async function settleOn(daemon: Mortal, side: Side | 'nobody'): Promise<void> {
  const { pending, revision } = await daemon.ask('status', {});
  if (pending) await daemon.ask('rollback', {});
  if (side === 'nobody') await daemon.ask('down', {});
  else if (revision?.path !== pathOf(side)) await apply(daemon, side);
}

interface Operation {
  readonly name: string;
  prepare(daemon: Mortal): Promise<unknown>;
  act(daemon: Mortal): Promise<unknown>;
  readonly before: Side | 'nobody';
  readonly after: Side | 'nobody';
  /** What became of the last revision, where `before` judges after the kill, and where `after` does. */
  readonly outcomes: readonly [before: readonly string[], after: readonly string[]];
}

/** What puts a policy in force, and what ends one or settles what waits. */
const operations: Readonly<Record<'applying' | 'settling', readonly Operation[]>> = {
  applying: [
    {
      name: 'a first apply',
      prepare: (daemon) => settleOn(daemon, 'nobody'),
      act: (daemon) => apply(daemon, 'two'),
      before: 'nobody',
      after: 'two',
      outcomes: [['interrupted', 'confirmed'], ['confirmed']],
    },
    {
      name: 'an apply',
      prepare: (daemon) => settleOn(daemon, 'one'),
      act: (daemon) => apply(daemon, 'two'),
      before: 'one',
      after: 'two',
      outcomes: [['interrupted', 'confirmed'], ['confirmed']],
    },
    {
      name: 'an apply on trial',
      prepare: (daemon) => settleOn(daemon, 'one'),
      act: (daemon) => apply(daemon, 'two', { confirmMs: 600_000 }),
      before: 'one',
      after: 'two',
      outcomes: [['interrupted', 'rolled-back', 'confirmed'], ['pending']],
    },
    {
      name: 'the confirmation of a trial',
      prepare: async (daemon) => {
        await settleOn(daemon, 'one');
        await apply(daemon, 'two', { confirmMs: 600_000 });
      },
      act: (daemon) => daemon.ask('confirm', {}),
      before: 'one',
      after: 'two',
      outcomes: [[], ['pending', 'confirmed']],
    },
  ],
  settling: [
    {
      name: 'the rollback of a trial',
      prepare: async (daemon) => {
        await settleOn(daemon, 'one');
        await apply(daemon, 'two', { confirmMs: 600_000 });
      },
      act: (daemon) => daemon.ask('rollback', {}),
      before: 'two',
      after: 'one',
      outcomes: [['pending'], ['rolled-back']],
    },
    {
      name: 'an apply that is observed',
      prepare: (daemon) => settleOn(daemon, 'one'),
      act: (daemon) => apply(daemon, 'two', { observe: true }),
      before: 'one',
      after: 'one',
      outcomes: [[], ['interrupted', 'rolled-back', 'confirmed', 'pending']],
    },
    {
      name: 'the confirmation of what was observed',
      prepare: async (daemon) => {
        await settleOn(daemon, 'one');
        await apply(daemon, 'two', { observe: true });
      },
      act: (daemon) => daemon.ask('confirm', {}),
      before: 'one',
      after: 'two',
      outcomes: [['pending', 'rolled-back', 'interrupted'], ['confirmed']],
    },
    {
      name: 'a rollback to the revision before',
      prepare: async (daemon) => {
        await settleOn(daemon, 'two');
        await settleOn(daemon, 'one');
      },
      act: (daemon) => daemon.ask('rollback', {}),
      before: 'one',
      after: 'two',
      outcomes: [['interrupted', 'confirmed'], ['confirmed']],
    },
    {
      name: 'taking down',
      prepare: (daemon) => settleOn(daemon, 'one'),
      act: (daemon) => daemon.ask('down', {}),
      before: 'one',
      after: 'nobody',
      outcomes: [['confirmed'], ['confirmed']],
    },
  ],
};

/**
 * Of calls of one kind in a row, on one folder, the last: pins of one generation, say. Of a file that is written aside
 * and then takes its name: half written, and before it takes it.
 */
function pointsOf(calls: readonly string[]): number[] {
  const kindOf = (call: string | undefined) => call?.replace(/^(pin|unlink) ([^/]+)\/.*/, '$1 $2');
  const points = [...calls.keys()].filter((at) => {
    const call = calls[at] as string;
    return !/^(open|write it$|write .*state\.json\.\d+$)/.test(call) && kindOf(call) !== kindOf(calls[at + 1]);
  });
  return [...points, calls.length];
}

/** Kills daemons in these operations, each before every call that changes anything. A file's only tests. */
export function testKills(which: keyof typeof operations): void {
  beforeAll(async () => {
    lab = await createDaemonLab(`kills-${which}`);
  });
  afterEach(async () => {
    await killMortals();
    await lab.clear();
    rmSync(lab.stateDir, { recursive: true, force: true });
  });
  afterAll(() => lab?.close());

  describe.each(operations[which])('a daemon killed in $name', ({ prepare, act, before, after, outcomes }) => {
    test('before each call that changes anything: one whole policy judges, and the next daemon tells the truth', {
      timeout: 400_000,
    }, async () => {
      let daemon = await startMortal(lab);
      await prepare(daemon);
      await daemon.dieAt(Number.POSITIVE_INFINITY);
      await act(daemon);
      const calls = await daemon.calls();
      await daemon.kill();

      daemon = await startMortal(lab);
      let hasGoneOver = false;
      let isSettled = false;
      for (const point of pointsOf(calls)) {
        const at = `killed before ${calls[point] ?? 'nothing: it had answered'} (${point} of ${calls.length})`;
        await prepare(daemon);
        let seen = before === 'nobody' ? 0 : seenSoFar();
        const { revisions } = await daemon.ask('history', {});
        await daemon.dieAt(point);
        await act(daemon).catch(() => {});
        await daemon.kill();

        const killed = await judgesOf(lab);
        expect(
          [
            [before, before],
            [after, after],
          ],
          at,
        ).toContainEqual(killed);
        const told = json('status');
        expect(told.daemon, at).toBeNull();
        expect(told.policy, at).toBe(nameOf(killed[0]));

        daemon = await startMortal(lab);
        const [judge, other] = await judgesOf(lab);
        expect(other, at).toBe(judge);
        expect(judge, at).toBe(killed[0]);
        // What has gone over does not come back where it is killed later.
        if (hasGoneOver) expect(judge, at).toBe(after);
        hasGoneOver ||= judge === after && before !== after;
        if (judge !== 'nobody') {
          await sendSeen(lab);
          seen += 1;
          expect(seenSoFar(), at).toBe(seen);
        } else expect(listPins(lab.pins), at).toEqual([]);
        const status = await daemon.ask('status', {});
        const history = await daemon.ask('history', {});
        expect([...status.problems, ...history.problems], at).toEqual([]);
        const last = history.revisions.at(-1);
        const { state } = last?.outcome ?? {};
        const about = `${at}: ${JSON.stringify(last?.outcome)}, ${told.why}`;
        expect(judge === after ? outcomes[1] : outcomes[0], about).toContain(state);
        if (isSettled && revisions.at(-1)?.outcome.state === 'pending') expect(state, about).not.toBe('pending');
        isSettled ||= revisions.at(-1)?.outcome.state === 'pending' && state !== 'pending';
        // One attempt is one revision, and what is adopted is known.
        expect(history.revisions.length - revisions.length, about).toBe(
          last?.number === revisions.at(-1)?.number ? 0 : 1,
        );
        const inForce = status.pending?.kind === 'observation' ? status.revision : (status.waiting ?? status.revision);
        expect(inForce?.path, about).toBe(nameOf(judge));
        expect(state === 'pending', about).toBe(status.waiting !== undefined);
        expect(status.waiting?.number, about).toBe(state === 'pending' ? last?.number : undefined);
      }
      if (before !== after) expect(hasGoneOver).toBe(true);
    });
  });
}

const nameOf = (judge: Judge | undefined): string | undefined =>
  judge === 'one' || judge === 'two' ? pathOf(judge) : undefined;

/** What the rule `seen` has counted, as the kernel tells it. */
function seenSoFar(): number {
  const counters = inNamespace({ path: lab.host.path }, () => readEnforcement()?.counters());
  return Number(counters?.find(({ name }) => name === 'seen')?.packets);
}
