import * as z from 'zod/mini';

/** Who asked for a change, as the kernel tells of the process at the other end of the socket. */
export const who = z.object({
  uid: z.number(),
  /** The name of that user. */
  user: z.optional(z.string()),
  /** The name that this person has logged in with, before sudo or su. */
  login: z.optional(z.string()),
  pid: z.number(),
  tty: z.optional(z.string()),
  command: z.optional(z.string()),
});

export type Who = z.infer<typeof who>;

const change = z.object({
  kind: z.enum([
    'apply',
    'rollback',
    /** The daemon found it in force when it started: `sluice up` left it, or a daemon whose history is gone. */
    'adopt',
    'down',
    /** The daemon put a revision in force again after the machine had started. */
    'restore',
  ]),
  /** Of a rollback or restore: the revision whose policy is in force again. */
  to: z.optional(z.number()),
  observe: z.optional(z.boolean()),
  confirmMs: z.optional(z.number()),
  forced: z.optional(z.boolean()),
});

const outcomeSchema = z.object({
  state: z.enum([
    /** On trial, or observed: it waits for `confirm`. */
    'pending',
    /** In force for good, at least until the next revision that is. */
    'confirmed',
    'rolled-back',
    /** Nobody confirmed it before its deadline. */
    'expired',
    /** The daemon ended before it was in force, or while it was pending. */
    'interrupted',
    /** It could not be put in force. */
    'failed',
  ]),
  at: z.string(),
  /** Who confirmed or rolled back; left out where that was who asked for the change, at once, or nobody. */
  by: z.optional(who),
  /** Of what failed: why. */
  reason: z.optional(z.string()),
});

export type Outcome = z.infer<typeof outcomeSchema>;

/** The policy of a revision, whole: it can be put in force again when its file has changed or is gone. */
const kept = z.object({
  path: z.string(),
  text: z.string(),
  /** Of a program: what it exported, as data. */
  evaluated: z.optional(z.unknown()),
});

/** A change of what is in force, as the history keeps it. Times are ISO 8601. */
export const revision = z.object({
  format: z.literal(1),
  number: z.number(),
  time: z.string(),
  /** Left out where nobody asked: the daemon did it by itself. */
  who: z.optional(who),
  change,
  /** Left out of `down`. */
  policy: z.optional(kept),
  outcome: outcomeSchema,
  /** Of the network namespace, and the start of the machine: another one is behind a restart. */
  place: z.string(),
});

export type Revision = z.infer<typeof revision>;

/** Without the policy's text. */
export const revisionSummary = z.object({
  number: z.number(),
  time: z.string(),
  who: z.optional(who),
  change,
  path: z.optional(z.string()),
  outcome: outcomeSchema,
});

export type RevisionSummary = z.infer<typeof revisionSummary>;

export function summaryOf({ number, time, who, change, policy, outcome }: Revision): RevisionSummary {
  return { number, time, ...(who && { who }), change, ...(policy && { path: policy.path }), outcome };
}

export const outcome = (state: Outcome['state'], by?: Who): Outcome => ({
  state,
  at: new Date().toISOString(),
  ...(by && { by }),
});
