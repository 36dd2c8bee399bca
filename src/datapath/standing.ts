import { bootTimeNs } from '../kernel/index.ts';
import type { Changing, Side } from './change.ts';
import { closeEntries, openEntries } from './entries.ts';
import type { Paths } from './paths.ts';
import { openPlace } from './pinned-links.ts';
import { type EnforcementState, type GenerationState, isAlive } from './state.ts';
import { judgingHooks, readTurn, Turn } from './switch.ts';

/** What is not for good yet. */
export interface Pending {
  readonly kind: 'trial' | 'observation';
  readonly policyPath: string;
  readonly since: Date;
  /** Those that it is judged on. */
  readonly interfaces: readonly Pick<GenerationState['interfaces'][number], 'name' | 'mode'>[];
  /** When it ends by itself. */
  readonly deadline?: Date;
}

/** Which generation judges packets at this moment, and why that one. */
export interface Standing {
  /** Undefined where packets pass. */
  readonly judge: GenerationState | undefined;
  /** A sentence, where there is something to say; without a full stop. */
  readonly why?: string;
  readonly pending?: Pending;
}

/** Asks the kernel which of the generations that the state speaks of judges. */
export function standingOf(paths: Paths, state: EnforcementState): Standing {
  const { change, settled, ended } = state;
  if (change === undefined) return { judge: settled, ...(ended && { why: whyEnded(ended) }) };
  const changing: Changing = { ...state, change };
  const side = judgingSide(paths, changing);
  const pending = isUnderWay(paths, changing) ? pendingOf(changing, side) : undefined;
  const judge = side === 'after' ? change.after : settled;
  return { judge, why: whySide(paths, changing, side), ...(pending && { pending }) };
}

/** Which side of a change judges: where the switch stands its word `turn` says so, else the programs at the hooks. */
export function judgingSide(paths: Paths, { settled, change }: Changing): Side {
  const { after } = change;
  if (change.kind === 'observation') return 'before';
  const at = programsAt(paths, [...after.interfaces, ...(settled?.interfaces ?? [])]);
  const own = (generation: GenerationState | undefined): ReadonlySet<number> =>
    generation ? idsOf(paths, generation) : new Set();
  const [ofBefore, ofAfter] = [own(settled), own(after)];
  if (at.length === 0 || at.some((id) => !ofBefore.has(id) && !ofAfter.has(id)))
    return sideOfTurn(readTurn(paths.turn));
  return at.some((id) => ofAfter.has(id)) ? 'after' : 'before';
}

/** Whether a trial is neither confirmed nor over, and what is observed has begun to be. */
export function isUnderWay(paths: Paths, { change }: Changing): boolean {
  const turn = readTurn(paths.turn);
  if (turn === undefined) return false;
  return change.kind === 'trial' ? turn !== Turn.AFTER : turn !== Turn.BEFORE;
}

function sideOfTurn(turn: bigint | undefined): Side {
  if (turn === undefined || turn === Turn.BEFORE) return 'before';
  return turn === Turn.AFTER || bootTimeNs() < turn ? 'after' : 'before';
}

function programsAt(paths: Paths, interfaces: GenerationState['interfaces']): number[] {
  return [...new Set(interfaces.map(({ ifindex }) => ifindex))].flatMap((ifindex) =>
    judgingHooks.flatMap((hook) => {
      const place = openPlace(paths, ifindex, hook);
      place?.close();
      return place?.programId ?? [];
    }),
  );
}

function idsOf(paths: Paths, { generation }: GenerationState): ReadonlySet<number> {
  const entries = openEntries(paths.maps(generation));
  const ids = new Set(Object.values(entries).map(({ id }) => id));
  closeEntries(entries);
  return ids;
}

/** Of a trial, while it judges; of an observation, until its deadline. */
export function pendingOf({ change }: Changing, side: Side): Pending | undefined {
  const { kind, after, since, deadlineNs } = change;
  if (kind === 'apply' || kind === 'down' || change.reverted || (kind === 'trial' && side === 'before'))
    return undefined;
  if (deadlineNs !== undefined && BigInt(deadlineNs) <= bootTimeNs()) return undefined;
  const deadline = deadlineNs === undefined ? undefined : dateOfBootTime(BigInt(deadlineNs));
  const interfaces = after.interfaces.map(({ name, mode }) => ({ name, mode }));
  return { kind, policyPath: after.policy.path, since: new Date(since), interfaces, ...(deadline && { deadline }) };
}

/** As the wall clock shows it now: setting the clock moves what is shown, and not the deadline. */
const dateOfBootTime = (timeNs: bigint): Date => new Date(Date.now() + Number((timeNs - bootTimeNs()) / 1_000_000n));

function whySide(paths: Paths, state: Changing, side: Side): string {
  const { change, settled } = state;
  const { path } = change.after.policy;
  const going = isAlive(state);
  if (change.kind === 'apply') {
    if (going) return `an apply of ${path} is going on`;
    return `an apply of ${path} was interrupted ${side === 'after' ? 'after' : 'before'} it went live`;
  }
  if (change.kind === 'down') return whyDown(path, side, going);
  if (change.kind === 'observation') return whyObserved(paths, state);
  if (side === 'after') {
    const { deadline } = pendingOf(state, side) ?? {};
    if (deadline === undefined || readTurn(paths.turn) === Turn.AFTER) return `${path} was confirmed`;
    const then = settled ? `${settled.policy.path} is in force again` : 'nothing is in force';
    return `unconfirmed until ${inSeconds(deadline)}: then ${then}`;
  }
  if (change.reverted) return whyEnded({ kind: 'trial', why: 'reverted', path });
  const turn = readTurn(paths.turn);
  const isOver = turn !== undefined && turn !== Turn.BEFORE;
  return whyEnded({ kind: 'trial', why: isOver ? 'deadline' : 'interrupted', path });
}

function whyDown(path: string, side: Side, going: boolean): string {
  if (side === 'before') return `${path} was taken out of force`;
  if (going) return `${path} is being taken out of force`;
  return `taking ${path} out of force was interrupted before it came to that`;
}

function whyObserved(paths: Paths, state: Changing): string {
  const { path } = state.change.after.policy;
  const turn = readTurn(paths.turn);
  if (turn === undefined || turn === Turn.BEFORE) return whyEnded({ kind: 'observation', why: 'interrupted', path });
  const pending = pendingOf(state, 'before');
  if (pending === undefined) return `${path} was observed until its deadline`;
  const until = pending.deadline ? ` until ${inSeconds(pending.deadline)}` : '';
  return `${path} is observed beside it${until}${whereAlone(state)}`;
}

/** Interfaces that what is observed is for, and what is in force is not. */
function whereAlone({ settled, change }: Changing): string {
  if (settled === undefined) return '';
  const enforced = new Set(settled.interfaces.map(({ ifindex }) => ifindex));
  const alone = change.after.interfaces.filter(({ ifindex }) => !enforced.has(ifindex));
  return alone.length === 0 ? '' : `, and alone on ${alone.map(({ name }) => name).join(', ')}, where packets pass`;
}

/** As times are written elsewhere: in UTC, with the day. */
const inSeconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

type Ended = Pick<NonNullable<EnforcementState['ended']>, 'kind' | 'why' | 'path'>;

const WHAT = { apply: 'an apply', trial: 'a trial', observation: 'an observation', down: 'taking down' } as const;

function whyEnded({ kind, why, path }: Ended): string {
  const what = `${WHAT[kind]} of ${path}`;
  switch (why) {
    case 'deadline':
      return kind === 'observation'
        ? `${what} ended at its deadline`
        : `${what} rolled back at its deadline: nobody confirmed`;
    case 'reverted':
      return `${what} was rolled back`;
    case 'interrupted':
      return `${what} was interrupted before it ${kind === 'observation' ? 'began' : 'went live'}`;
  }
}
