import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { memberText, readMembers } from './member-text.ts';
import { createRuntimeMembers, type MemberChange, type RuntimeMember, type RuntimeMembers } from './runtime-members.ts';
import { fileSystemRefusal } from './state.ts';

/** A file with the members that were added to dynamic sets at run time. One process writes it: the one that owns them. */
export interface SetOverlay {
  /** What the file holds, less what has run out since. What changes from now on is in the file when the change returns. */
  readonly members: RuntimeMembers;
  /** Why some of the file could not be read, where the rest of it is kept, or why the last change not be written: the kernel has it all the same. */
  readonly problems: readonly Problem[];
  close(): void;
}

export interface OverlayClocks {
  /** Of the machine's start: `/proc/sys/kernel/random/boot_id`. */
  readonly bootId: string;
  /** Since the machine's start, with the time that it slept. */
  readonly bootMs: () => number;
  readonly wallMs: () => number;
}

/** The file is a line a change; so many more lines than members, and it is written anew. */
const MOST_SUPERFLUOUS = 10_000;

/**
 * Opens the file at `path`, or begins one. An end is kept as a moment of the wall clock and of the boot clock: within one
 * run of the machine the boot clock counts, which nobody sets; after a restart the wall clock. A process that is killed
 * loses nothing; a machine that loses power may lose what was added in the last seconds.
 */
export function openSetOverlay(path: string, clocks: OverlayClocks = systemClocks()): SetOverlay {
  const members = createRuntimeMembers();
  const problems: Problem[] = [];
  let superfluous = Number.POSITIVE_INFINITY;
  let fd: number | undefined;
  removeUnfinished(path);
  readInto(members, path, clocks, problems);
  const damage = problems.filter(({ code }) => code === 'datapath/damaged-state');

  function write(change: MemberChange): void {
    try {
      superfluous += 1 + (change.removed?.length ?? 0);
      if (superfluous > MOST_SUPERFLUOUS) rewrite();
      else append(change);
      problems.splice(0, problems.length, ...damage);
    } catch (error) {
      // The next change writes all of it: this one may be there in part.
      superfluous = Number.POSITIVE_INFINITY;
      const refusal = fileSystemRefusal(path, error).problems.map(asWarning);
      problems.splice(0, problems.length, ...damage, ...refusal);
    }
  }

  function append(change: MemberChange): void {
    writeWhole(fd as number, lineOf(change, clocks));
  }

  /** The whole file or nothing. */
  function rewrite(): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const temporary = `${path}.${process.pid}`;
    const next = openSync(temporary, 'w', 0o600);
    try {
      writeWhole(next, `${JSON.stringify({ format: 1, boot: clocks.bootId })}\n`);
      for (const change of changesFor(members)) writeWhole(next, lineOf(change, clocks));
      fsyncSync(next);
      renameSync(temporary, path);
    } catch (error) {
      closeSync(next);
      rmSync(temporary, { force: true });
      throw error;
    }
    if (fd !== undefined) closeSync(fd);
    fd = next;
    superfluous = 0;
  }

  members.onChange(write);
  return {
    members,
    problems,
    close: () => {
      members.onChange(() => {});
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

const asWarning = (problem: Problem): Problem => ({ ...problem, severity: 'warning' });

function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** A member with its end on both clocks; null where it has none. */
type KeptMember = readonly [prefix: string, wallMs: number | null, bootMs: number | null];

interface Line {
  readonly set: string;
  readonly add?: readonly KeptMember[];
  readonly remove?: readonly string[];
}

function lineOf({ set, added = [], removed = [] }: MemberChange, clocks: OverlayClocks): string {
  const keep = (member: RuntimeMember): KeptMember => {
    const leftMs = member.endsAtMs - performance.now();
    if (leftMs === Number.POSITIVE_INFINITY) return [memberText(member), null, null];
    return [memberText(member), Math.round(clocks.wallMs() + leftMs), Math.round(clocks.bootMs() + leftMs)];
  };
  const line: Line = {
    set,
    ...(added.length > 0 && { add: added.map(keep) }),
    ...(removed.length > 0 && { remove: removed.map(memberText) }),
  };
  return `${JSON.stringify(line)}\n`;
}

/** So many members a line: a line is what is lost when it is damaged. */
const MEMBERS_A_LINE = 100;

function* changesFor(members: RuntimeMembers): Generator<MemberChange> {
  for (const set of members.sets()) {
    const all = [...members.of(set, 'v4'), ...members.of(set, 'v6')];
    for (let at = 0; at < all.length; at += MEMBERS_A_LINE) yield { set, added: all.slice(at, at + MEMBERS_A_LINE) };
  }
}

function readInto(members: RuntimeMembers, path: string, clocks: OverlayClocks, problems: Problem[]): void {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    problems.push(...fileSystemRefusal(path, error).problems.map(asWarning));
    return;
  }
  // What stands behind the last end of a line was being written when its process was killed.
  lines.pop();
  const sameBoot = attempt(() => (JSON.parse(lines[0] ?? '') as { boot?: unknown }).boot === clocks.bootId) ?? false;
  let damaged = sameBoot || attempt(() => JSON.parse(lines[0] ?? '') as unknown) ? 0 : 1;
  for (const line of lines.slice(1)) {
    const change = attempt(() => changeOf(JSON.parse(line) as Line, sameBoot, clocks));
    if (change) members.apply(change);
    else damaged++;
  }
  if (damaged === 0) return;
  const message = `${path}: ${damaged} of ${lines.length} lines are damaged; members that only they have are lost`;
  const help = putAside(path);
  problems.push({ code: 'datapath/damaged-state', severity: 'warning', message, ...(help !== undefined && { help }) });
}

/** The next change writes the file anew: what is in it now may be worth a look. */
function putAside(path: string): string | undefined {
  const aside = `${path}.damaged`;
  try {
    copyFileSync(path, aside);
    return `All of it is kept in ${aside}; \`sluice sets add\` adds members again.`;
  } catch {
    // A disk that is full or read-only: then the file cannot be written anew either.
    return undefined;
  }
}

/** What a process that was killed had begun to write. */
function removeUnfinished(path: string): void {
  const [folder, name] = [dirname(path), basename(path)];
  try {
    for (const one of readdirSync(folder)) {
      if (one.startsWith(`${name}.`) && /^\d+$/.test(one.slice(name.length + 1))) rmSync(join(folder, one));
    }
  } catch {
    // It is not there, or nothing can be removed from it.
  }
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof SluiceError) return undefined;
    throw error;
  }
}

function changeOf({ set, add = [], remove = [] }: Line, sameBoot: boolean, clocks: OverlayClocks): MemberChange {
  if (typeof set !== 'string') throw new TypeError('a change without a set');
  const ends = add.map(([, wallMs, bootMs]) => {
    const left = sameBoot ? bootMs && bootMs - clocks.bootMs() : wallMs && wallMs - clocks.wallMs();
    return left === null ? Number.POSITIVE_INFINITY : performance.now() + left;
  });
  const noEnd = (texts: readonly string[]) =>
    readMembers(texts).map((prefixes) => prefixes.map((one) => ({ ...one, endsAtMs: Number.POSITIVE_INFINITY })));
  const added = noEnd(add.map(([prefix]) => prefix)).flatMap((prefixes, i) =>
    prefixes.map((one) => ({ ...one, endsAtMs: ends[i] ?? Number.POSITIVE_INFINITY })),
  );
  return { set, added, removed: noEnd(remove).flat() };
}

function systemClocks(): OverlayClocks {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    bootMs: () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000,
    wallMs: Date.now,
  };
}
