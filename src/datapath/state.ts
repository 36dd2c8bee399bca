import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { SluiceError } from '../diagnostics/problem.ts';

const terminalAction = z.enum(['allow', 'drop', 'reject']);

/** How a structure of the data plane lay in memory when a generation was built: a later version may lay it out anew. */
const layout = z.object({ size: z.number(), fields: z.record(z.string(), z.number()) });

/** How incoming packets come to be judged: at XDP, in which mode; or chained, at TC behind another's XDP program. */
export const JUDGING_MODES = ['native', 'generic', 'chained'] as const;
export type JudgingMode = (typeof JUDGING_MODES)[number];

const attachedInterface = z.object({
  name: z.string(),
  ifindex: z.number(),
  mode: z.enum(JUDGING_MODES),
  /** How egress and marks are attached; TC filters have no pins. */
  classifier: z.enum(['tcx', 'clsact', 'none']),
});

/** What is known of a generation besides its pins, so that any process can say what it is and read its counters. */
const generationState = z.object({
  generation: z.number(),
  policy: z.object({ path: z.string(), text: z.string() }),
  interfaces: z.array(attachedInterface),
  /** The policy's names and globs of interfaces; empty where they were not written down. */
  patterns: z._default(z.array(z.string()), []),
  /** Those of them whose interfaces are chained. */
  chained: z._default(z.array(z.string()), []),
  /** What its rules ask about interfaces, by bit: see interface-classes.ts. */
  questions: z._default(z.array(z.object({ any: z.array(z.string()), none: z.array(z.string()) })), []),
  rules: z.array(
    z.object({
      name: z.string(),
      stage: z.enum(['prefilter', 'ingress', 'egress']),
      line: z.number(),
      action: z.string(),
      /** Since when it counts, ISO 8601: versions of the policy that have a rule of that name go on with it. */
      since: z.optional(z.string()),
    }),
  ),
  /** Sets with a map of their own. */
  sets: z._default(
    z.array(
      z.object({
        name: z.string(),
        map: z.string(),
        family: z.enum(['v4', 'v6']),
        line: z.number(),
        file: z.optional(z.string()),
        counters: z.boolean(),
        ttlMs: z.optional(z.number()),
        /** Members come and go at run time, each with a time of its own. */
        dynamic: z.optional(z.boolean()),
      }),
    ),
    [],
  ),
  /** Rules with a `when`, by index, and the entries of the map `windows` that tell when those are open. */
  windows: z._default(z.array(z.object({ rule: z.number(), entry: z.number() })), []),
  /** What happens to packets that no rule decides. */
  defaults: z.object({ ingress: terminalAction, egress: terminalAction }),
  malformed: z.enum(['drop', 'allow']),
  /** Whether its XDP programs take frames of several buffers; undefined where that was not written down. */
  multiBuffer: z.optional(z.boolean()),
  /** Tail calls that a packet makes at most, at either hook; undefined where that was not written down. */
  longestWay: z.optional(z.number()),
  /** The tables of connections, in groups of slots, and how an entry lies in memory; left out where none are tracked. */
  connections: z.optional(
    z.object({
      proven: z.number(),
      unproven: z.number(),
      /** For how many connections, as the policy has it. */
      room: z.object({ proven: z.number(), unproven: z.number() }),
      layout,
    }),
  ),
  /** `struct counter` and `struct packet`; those of the first version where left out. */
  layouts: z._default(z.object({ counter: layout, packet: layout }), {
    counter: { size: 24, fields: { packets: 0, bytes: 8, lastHit: 16 } },
    packet: { size: 88, fields: {} },
  }),
});

export type GenerationState = z.infer<typeof generationState>;
/** How incoming packets come to be judged. */

/** One generation on its way into the place of another: see docs/decisions/0006. */
const changeState = z.object({
  /** `down`: nothing comes after it, and `settled` is left out; the policy that goes is `after` until the switch is turned back. */
  kind: z.enum(['apply', 'trial', 'observation', 'down']),
  since: z.string(),
  /** On the boot clock, nanoseconds: the one before is in force again from then on. */
  deadlineNs: z.optional(z.string()),
  after: generationState,
  /** Whether it was told to roll back. */
  reverted: z._default(z.boolean(), false),
});

/** What is in force here, by whom, and what is on its way. Which of two judges is asked of the kernel, not of this. */
const enforcementState = z.object({
  format: z.literal(2),
  /** Of the process that put it in force, and when that process began (clock ticks since boot, from /proc). */
  pid: z.number(),
  processStart: z.string(),
  startedAt: z.string(),
  /** While a change goes on, the one before. */
  settled: z.optional(generationState),
  change: z.optional(changeState),
  /** The last change, where it came to nothing. */
  ended: z.optional(
    z.object({
      kind: changeState.shape.kind,
      why: z.enum(['deadline', 'reverted', 'interrupted']),
      path: z.string(),
      at: z.string(),
    }),
  ),
});

export type EnforcementState = z.infer<typeof enforcementState>;
export type ChangeState = NonNullable<EnforcementState['change']>;

/** What Sluice wrote when a generation took the place of another one link after the other. */
const formatOne = z.object({
  ...generationState.shape,
  format: z.literal(1),
  pid: z.number(),
  processStart: z.string(),
  startedAt: z.string(),
});

function parseState(value: unknown): EnforcementState {
  if ((value as { format?: unknown } | null)?.format !== 1) return enforcementState.parse(value);
  const { format: _, pid, processStart, startedAt, ...settled } = formatOne.parse(value);
  return { format: 2, pid, processStart, startedAt, settled };
}

/**
 * The state at `path`, or undefined where there is none.
 * @throws SluiceError datapath/damaged-state; kernel/no-permission
 */
export function readState(path: string): EnforcementState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileSystemRefusal(path, error);
  }
  try {
    return parseState(JSON.parse(text));
  } catch (error) {
    throw damaged(path, error);
  }
}

/** Tells one written state from the next without reading it, which takes a while with many rules; empty where there is none. */
export function stateStamp(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status ? `${status.ino}:${status.mtimeNs}:${status.size}` : '';
}

function damaged(path: string, cause: unknown): SluiceError {
  const message = `${path} cannot be read: ${cause instanceof SyntaxError ? 'not JSON' : 'not what Sluice writes'}`;
  return new SluiceError({ code: 'datapath/damaged-state', message }, { cause });
}

/**
 * Writes the whole file or nothing. Only root may read it: it holds the policy.
 * @throws SluiceError datapath/not-written; kernel/no-permission
 */
export function writeState(path: string, state: EnforcementState): void {
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(temporary, JSON.stringify(state), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw fileSystemRefusal(path, error);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What could not be written may not be removable either.
  }
}

/** What an error of node:fs at `path` means to the user. */
export function fileSystemRefusal(path: string, cause: unknown): SluiceError {
  const { code = 'EIO' } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') {
    const message = `${path}: ${code} (user ${process.geteuid?.()} may not do this here)`;
    return new SluiceError({ code: 'kernel/no-permission', message, help: 'Run as root.' }, { cause });
  }
  return new SluiceError({ code: 'datapath/not-written', message: `${path}: ${code}` }, { cause });
}

/** What else is in the folder stays: a daemon's socket. */
export function removeState(path: string): void {
  const folder = dirname(path);
  try {
    // With what a process that was killed had begun to write.
    const written = readdirSync(folder).filter((name) => name.startsWith(basename(path)));
    for (const name of written) rmSync(join(folder, name), { force: true });
    rmdirSync(folder);
  } catch {
    // It holds something, or is not there.
  }
}

/** When a process began, or undefined where none runs: with its number, this names one process for good. */
export function processStart(pid: number): string | undefined {
  try {
    // The second field is the name in parentheses, which may hold blanks; the third is the state, the 22nd the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    // A zombie has ended: only its parent has not asked yet how.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Which process a state is of. */
type Owner = Pick<EnforcementState, 'pid' | 'processStart'>;

export const isAlive = ({ pid, processStart: start }: Owner): boolean => processStart(pid) === start;

export const isOwn = (state: Owner): boolean => state.pid === process.pid && isAlive(state);
