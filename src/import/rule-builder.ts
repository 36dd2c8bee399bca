import { and, EVERYTHING, type Region } from './region.ts';
import { type Effect, type ForeignRule, type Loss, NotCarried, type Outcome, type Step } from './ruleset.ts';
import { NotSaid } from './value.ts';

/** A rule under construction: its statements one after the other, each for the packets that are left by then. */
export interface RuleBuilder {
  narrow(region: Region): void;
  /** Only new connections: what is accepted of them is carried over for all packets, other outcomes are not. */
  onlyNew(what: string): void;
  /** At most so many packets in a time; with a text like `10/s` a log can do that, and nothing else. */
  limit(what: string, rate: string | undefined, burst?: number): void;
  effect(effect: Effect): void;
  outcome(outcome: Outcome, region?: Region): void;
  lose(loss: Loss): void;
  finish(): Pick<ForeignRule, 'steps' | 'losses'>;
}

export function createRuleBuilder(): RuleBuilder {
  let region = EVERYTHING;
  let fresh: string | undefined;
  let limited: { what: string; rate: string | undefined; burst: number | undefined } | undefined;
  const steps: Step[] = [];
  const losses: Loss[] = [];
  return {
    narrow(by) {
      region = and(region, by);
    },
    onlyNew(what) {
      fresh = what;
    },
    limit(what, rate, burst) {
      limited = { what, rate, burst };
    },
    effect(effect) {
      if (effect.kind !== 'log' && limited) throw new NotCarried(`Sluice does not limit rates ("${limited.what}")`);
      if (effect.kind === 'log' && limited && limited.rate === undefined) {
        losses.push({ code: 'import/approximate', message: `"${limited.what}" becomes ten events a second` });
      }
      const { rate, burst } = limited ?? {};
      const options = {
        ...(rate !== undefined && { rate }),
        ...(rate !== undefined && burst !== undefined && { burst }),
      };
      steps.push({ region, effect: effect.kind === 'log' ? { ...effect, ...options } : effect });
    },
    outcome(outcome, part) {
      if (limited) throw new NotCarried(`Sluice does not limit rates ("${limited.what}")`);
      if (fresh !== undefined) {
        const message = `it was for new connections only ("${fresh}"), and is now for every packet: Sluice does not track connections`;
        if (outcome.kind !== 'accept') throw new NotCarried(message.replace('and is now', 'and would be'));
        losses.push({ code: 'import/approximate', message });
      }
      steps.push({ region: part ? and(region, part) : region, outcome });
    },
    lose: (loss) => losses.push(loss),
    finish: () => ({ steps: steps.filter((step) => !countsTheSame(step, steps)), losses }),
  };
}

/** Every rule that decides counts: a counter beside it is not one more. */
function countsTheSame(step: Step, steps: readonly Step[]): boolean {
  return step.effect?.kind === 'count' && steps.some(({ region, outcome }) => outcome && region === step.region);
}

/** Of what has no end as rules of a policy. */
export const NOT_SAID = 'it would become more rules than anybody could read, or needs a match that there is not';

/** Reads a rule; what cannot be carried over is what it has lost, and what was done before that stays. */
export function buildRule(read: (rule: RuleBuilder) => void): Pick<ForeignRule, 'steps' | 'losses'> {
  const builder = createRuleBuilder();
  try {
    read(builder);
  } catch (error) {
    if (error instanceof NotCarried) builder.lose(error.loss);
    else if (error instanceof NotSaid) builder.lose({ code: 'import/not-carried', message: NOT_SAID });
    else throw error;
  }
  return builder.finish();
}
