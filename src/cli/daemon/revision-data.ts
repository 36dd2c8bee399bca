import type { RevisionSummary, Who } from '../../daemon/revision.ts';

/** A revision as data. Null where something is not known, or there is none. */
export interface RevisionRow {
  readonly revision: number;
  readonly time: string;
  readonly who: Who | null;
  readonly what: string;
  readonly to: number | null;
  readonly policy: string | null;
  readonly confirmWithinMs: number | null;
  readonly outcome: string;
  readonly outcomeTime: string;
  readonly outcomeBy: Who | null;
  readonly reason: string | null;
}

export function revisionRow({ number, time, who, change, path, outcome }: RevisionSummary): RevisionRow {
  return {
    revision: number,
    time,
    who: who ?? null,
    what: change.observe ? 'observe' : change.kind,
    to: change.to ?? null,
    policy: path ?? null,
    confirmWithinMs: change.confirmMs ?? null,
    outcome: outcome.state,
    outcomeTime: outcome.at,
    outcomeBy: outcome.by ?? null,
    reason: outcome.reason ?? null,
  };
}

/** `anna (root) on pts/0`: who logged in, as whom, and where. */
export function inWords(who: Who | null): string {
  if (who === null) return 'the daemon';
  const user = who.user ?? `user ${who.uid}`;
  const name = who.login === undefined ? user : `${who.login} (${user})`;
  return who.tty === undefined ? name : `${name} on ${who.tty}`;
}
