import type { Side } from './judging.ts';

export type Judge = Side | 'nobody';

/** What must hold of a daemon and of the kernel, as far as this test makes it so. */
export interface Model {
  /** For good. */
  inForce: Judge;
  pending?: { readonly kind: 'trial' | 'observation'; readonly side: Side } | undefined;
  /** What the rule `seen` has counted since a policy has been in force. */
  seen: number;
  /** Added to the dynamic set; whichever policy has it. */
  readonly members: Set<string>;
}

export const judgeOf = ({ inForce, pending }: Model): Judge => (pending?.kind === 'trial' ? pending.side : inForce);

/** A change of what is in force, as a step asks for it. */
export type Change =
  | { readonly change: 'apply'; readonly side: Side }
  | { readonly change: 'trial'; readonly side: Side }
  | { readonly change: 'observe'; readonly side: Side }
  | { readonly change: 'confirm' }
  | { readonly change: 'rollback' }
  | { readonly change: 'down' };

/** Whether the daemon is to do it; else it refuses. */
export function isAllowed({ pending }: Model, { change }: Change): boolean {
  if (change === 'confirm' || change === 'rollback') return pending !== undefined;
  return pending === undefined || change === 'down';
}

/** The model after the change. */
export function changed(model: Model, asked: Change): void {
  const { pending } = model;
  model.pending = undefined;
  if (asked.change === 'apply') model.inForce = asked.side;
  if (asked.change === 'trial') model.pending = { kind: 'trial', side: asked.side };
  if (asked.change === 'observe') model.pending = { kind: 'observation', side: asked.side };
  if (asked.change === 'confirm' && pending) model.inForce = pending.side;
  if (asked.change === 'down') model.inForce = 'nobody';
  if (judgeOf(model) === 'nobody' && model.pending === undefined) model.seen = 0;
}
