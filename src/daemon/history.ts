import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { type Outcome, type Revision, type RevisionSummary, revision, summaryOf } from './revision.ts';
import { writeWhole } from './write-whole.ts';

/** Revisions on disk, a file each. What cannot be written is kept in memory, and tried again with the next. */
export interface History {
  /** Oldest first. */
  readonly revisions: readonly RevisionSummary[];
  /** What is wrong with the folder, at this moment. */
  readonly problems: readonly Problem[];
  /** With its policy; undefined where there is none of that number, or its record is damaged. */
  read(number: number): Revision | undefined;
  /** Gives the revision the next number, and keeps it. */
  add(one: Omit<Revision, 'format' | 'number'>): RevisionSummary;
  /** Says what came of a revision. */
  settle(number: number, outcome: Outcome): void;
}

/** So many are kept, and so many bytes of them; the last one that is confirmed always is. */
export interface HistoryLimits {
  readonly revisions: number;
  readonly bytes: number;
}

const LIMITS: HistoryLimits = { revisions: 100, bytes: 128 * 1024 * 1024 };

/** Opens the history in a folder, which need not be there. Throws nothing: what is wrong is in `problems`. */
export function openHistory(folder: string, limits = LIMITS): History {
  const damaged = new Map<number, Problem>();
  const summaries = new Map<number, RevisionSummary & { readonly bytes: number }>();
  const unsaved = new Map<number, Revision>();
  let unwritten: Problem | undefined;
  const pathOf = (number: number): string => join(folder, `${String(number).padStart(8, '0')}.json`);

  const numbers = listed();
  for (const number of numbers) {
    const found = readOne(number);
    if (found) remember(found);
  }
  let last = numbers.at(-1) ?? 0;

  function listed(): number[] {
    try {
      const all = readdirSync(folder);
      removeUnfinished(all.filter((name) => /^\d{8,15}\.json\.new$/.test(name)));
      const names = all.filter((name) => /^\d{8,15}\.json$/.test(name));
      return names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unwritten = notKept(error);
      return [];
    }
  }

  /** What a process that was killed had begun to write: what it was to replace is there. */
  function removeUnfinished(names: readonly string[]): void {
    for (const name of names) {
      try {
        rmSync(join(folder, name), { force: true });
      } catch {
        // A folder that is read-only is told of when something is to be kept.
      }
    }
  }

  function readOne(number: number): Revision | undefined {
    try {
      const read = revision.parse(JSON.parse(readFileSync(pathOf(number), 'utf8')));
      if (read.number === number) return read;
    } catch {
      // Told of as damaged.
    }
    damaged.set(number, {
      code: 'daemon/damaged-revision',
      severity: 'warning',
      message: `revision ${number} cannot be read: ${pathOf(number)} is not what Sluice writes`,
    });
    return undefined;
  }

  function remember(one: Revision): void {
    const bytes = statSync(pathOf(one.number), { throwIfNoEntry: false })?.size ?? 0;
    summaries.set(one.number, { ...summaryOf(one), bytes });
  }

  function keep(one: Revision): void {
    unsaved.set(one.number, one);
    summaries.set(one.number, { ...summaryOf(one), bytes: 0 });
    try {
      makeFolder(folder);
      for (const [number, waiting] of unsaved) {
        writeWhole(pathOf(number), JSON.stringify(waiting));
        unsaved.delete(number);
        remember(waiting);
      }
      forgetOldest();
      unwritten = undefined;
    } catch (error) {
      unwritten = notKept(error);
      forgetUnsaved();
    }
  }

  function forgetOldest(): void {
    const lastConfirmed = [...summaries.values()].findLast(({ outcome }) => outcome.state === 'confirmed')?.number;
    const all = [...new Set([...summaries.keys(), ...damaged.keys()])].sort((a, b) => a - b);
    let count = all.length;
    let bytes = [...summaries.values()].reduce((sum, one) => sum + one.bytes, 0);
    for (const number of all) {
      if (count <= limits.revisions && bytes <= limits.bytes) return;
      if (number === lastConfirmed || number === last) continue;
      rmSync(pathOf(number), { force: true });
      count -= 1;
      bytes -= summaries.get(number)?.bytes ?? 0;
      summaries.delete(number);
      damaged.delete(number);
    }
  }

  /** The oldest of what is in memory alone, where it is more than would be kept on disk. */
  function forgetUnsaved(): void {
    const sizeOf = ({ policy }: Revision): number => policy?.text.length ?? 0;
    let bytes = [...unsaved.values()].reduce((sum, one) => sum + sizeOf(one), 0);
    for (const [number, one] of unsaved) {
      if (number === last || (unsaved.size <= limits.revisions && bytes <= limits.bytes)) return;
      unsaved.delete(number);
      bytes -= sizeOf(one);
      if (!existsSync(pathOf(number))) summaries.delete(number);
    }
  }

  function notKept(error: unknown): Problem {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    return {
      code: 'daemon/history-not-written',
      severity: 'warning',
      message: `${folder}: ${code}; what is in force is not touched by it, and the history is in memory until then`,
    };
  }

  return {
    get revisions() {
      return [...summaries.values()].sort((a, b) => a.number - b.number);
    },
    get problems() {
      return [...damaged.values(), ...(unwritten ? [unwritten] : [])];
    },
    read: (number) => unsaved.get(number) ?? (summaries.has(number) ? readOne(number) : undefined),
    add(one) {
      last += 1;
      const added: Revision = { format: 1, number: last, ...one };
      keep(added);
      return summaryOf(added);
    },
    settle(number, outcome) {
      const one = unsaved.get(number) ?? (summaries.has(number) ? readOne(number) : undefined);
      if (one) keep({ ...one, outcome });
    },
  };
}

/** Node says ENOENT of a read-only file system where it is to make the folders above, too. */
function makeFolder(path: string): void {
  const mode = 0o700;
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') mkdirSync(path, { recursive: true, mode });
    else if (code !== 'EEXIST') throw error;
  }
}

/** @throws SluiceError daemon/no-revision */
export function revisionOf(history: History, number: number): Revision {
  const found = history.read(number);
  if (found) return found;
  const broken = history.problems.find(({ message }) => message.startsWith(`revision ${number} `));
  if (broken) throw new SluiceError({ ...broken, severity: 'error' });
  const numbers = history.revisions.map((one) => one.number);
  const known = numbers.length === 0 ? 'there are none yet' : `there are ${numbers[0]} to ${numbers.at(-1)}`;
  throw new SluiceError({ code: 'daemon/no-revision', message: `no revision ${number} is kept`, help: known });
}
