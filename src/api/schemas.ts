import * as z from 'zod/mini';
import { revision, revisionSummary } from '../daemon/revision.ts';
import { JUDGING_MODES } from '../datapath/index.ts';

/**
 * What passes between the daemon and whoever speaks to it. Both sides check by these: times are ISO 8601 texts, and
 * durations milliseconds.
 */
const place = z.object({ path: z.string(), line: z.number(), column: z.number(), length: z.number() });

/** A problem as data: whoever has the policy's text shows the line. */
export const problem = z.object({
  code: z.string(),
  severity: z.optional(z.enum(['error', 'warning'])),
  message: z.string(),
  help: z.string(),
  place: z.optional(place),
  related: z.optional(z.array(z.object({ message: z.string(), place }))),
});

/** The body of every answer that is not 200. */
export const failure = z.object({ problems: z.array(problem) });

/** How incoming packets of an interface are judged. */
const mode = z.enum(JUDGING_MODES);

const pending = z.object({
  kind: z.enum(['trial', 'observation']),
  policyPath: z.string(),
  since: z.string(),
  interfaces: z.array(z.object({ name: z.string(), mode: mode })),
  deadline: z.optional(z.string()),
});

const verdict = z.object({
  verdict: z.string(),
  stage: z.string(),
  rule: z.nullable(z.string()),
  line: z.nullable(z.number()),
  reason: z.string(),
});

const example = z.object({
  packet: z.string(),
  direction: z.enum(['ingress', 'egress']),
  interface: z.optional(z.string()),
  /** Where the verdict depends on when. */
  at: z.optional(z.string()),
});

const finding = z.object({ rule: z.string(), stage: z.string(), line: z.number(), reason: z.string() });

/** What becomes of live connections. */
const impact = z.object({
  connections: z.number(),
  judged: z.number(),
  cut: z.number(),
  by: z.array(z.object({ by: verdict, connections: z.number(), example: z.string() })),
});

/** Of long lists the first. */
const rehearsal = z.object({
  packets: z.number(),
  tests: z.number(),
  tookMs: z.number(),
  differences: z.array(z.object({ before: verdict, after: verdict, packets: z.number(), example })),
  differenceCount: z.number(),
  unreached: z.array(finding),
  unreachedCount: z.number(),
  impact: z.optional(impact),
});

const decision = z.object({ name: z.string(), line: z.optional(z.number()), verdict: z.string() });

/** Packets that an observed policy would have judged otherwise, of one pair of rules. */
const difference = z.object({
  direction: z.enum(['ingress', 'egress']),
  enforced: decision,
  observed: decision,
  packets: z.number(),
  bytes: z.number(),
  /** The latest of them, in packet notation. */
  example: z.string(),
});

const applied = z.object({
  revision: z.optional(revisionSummary),
  rules: z.number(),
  interfaces: z.array(z.object({ name: z.string(), mode: z.optional(mode) })),
  warnings: z.array(problem),
  totalMs: z.number(),
  swapMs: z.optional(z.number()),
  pending: z.optional(pending),
  rehearsal: z.optional(rehearsal),
});

const LONGEST_TRIAL_MS = 86_400_000;

/** Who asks, as far as it says so itself; what the kernel says of it counts first. */
const said = { sudoUser: z.optional(z.string().check(z.maxLength(64))) };

/** By what live SSH connections are guarded. */
const guarded = { force: z.optional(z.boolean()), sessions: z.optional(z.array(z.string())) };

const applyBody = z.object({
  ...said,
  ...guarded,
  /** Absolute: files of sets are found by it. */
  path: z.string().check(z.regex(/^\//)),
  text: z.string(),
  evaluated: z.optional(z.unknown()),
  observe: z.optional(z.boolean()),
  confirmMs: z.optional(z.number().check(z.gte(1000), z.lte(LONGEST_TRIAL_MS))),
  dryRun: z.optional(z.boolean()),
  wait: z.optional(z.boolean()),
});

const members = z
  .object({
    ...said,
    set: z.string(),
    add: z.optional(z.array(z.object({ prefix: z.string(), ttlMs: z.optional(z.number()) }))),
    remove: z.optional(z.array(z.string())),
  })
  .check(z.refine(({ add, remove }) => (add === undefined) !== (remove === undefined), 'either "add" or "remove"'));

/** Every request that there is: its way, what it is given, and what comes back. */
export const requests = {
  status: {
    method: 'GET',
    url: '/v1/status',
    body: z.object({}),
    answer: z.object({
      pid: z.number(),
      since: z.string(),
      stateDir: z.string(),
      revision: z.optional(revisionSummary),
      waiting: z.optional(revisionSummary),
      pending: z.optional(pending),
      /** Of what is observed. */
      differences: z.optional(z.array(difference)),
      problems: z.array(problem),
    }),
  },
  history: {
    method: 'GET',
    url: '/v1/revisions',
    body: z.object({}),
    answer: z.object({ revisions: z.array(revisionSummary), problems: z.array(problem) }),
  },
  revision: { method: 'POST', url: '/v1/revision', body: z.object({ number: z.number() }), answer: revision },
  apply: { method: 'POST', url: '/v1/apply', body: applyBody, answer: applied },
  confirm: {
    method: 'POST',
    url: '/v1/confirm',
    body: z.object({ ...said, ...guarded }),
    answer: z.object({ revision: revisionSummary }),
  },
  rollback: {
    method: 'POST',
    url: '/v1/rollback',
    body: z.object({ ...said, ...guarded, to: z.optional(z.number()) }),
    answer: applied,
  },
  down: {
    method: 'POST',
    url: '/v1/down',
    body: z.object(said),
    answer: z.object({ interfaces: z.array(z.string()) }),
  },
  members: { method: 'POST', url: '/v1/members', body: members, answer: z.object({ changed: z.number() }) },
} as const;

export type RequestName = keyof typeof requests;
export type Body<Name extends RequestName> = z.input<(typeof requests)[Name]['body']>;
export type AnswerTo<Name extends RequestName> = z.output<(typeof requests)[Name]['answer']>;
export type DifferenceOnWire = z.infer<typeof difference>;
export type ProblemOnWire = z.infer<typeof problem>;
