import type { CheckedPolicy, StageName, TerminalAction } from './checked.ts';
import { judgesEgress } from './judged.ts';
import type { LoweredRule } from './lower.ts';
import { neighbourMatch } from './neighbour.ts';
import { type OptimisedRules, optimiseRules, type RemovedRule } from './optimise.ts';

/** What will be compiled, before any instruction is chosen: `sluice explain --plan` prints it. */
export interface Plan {
  readonly policy: CheckedPolicy;
  /** Stages that the policy uses, in the packet's order. */
  readonly stages: readonly StagePlan[];
}

export interface StagePlan {
  readonly stage: StageName;
  /** What decides where no rule does; prefilter hands on to ingress. */
  readonly default?: TerminalAction;
  readonly rules: readonly LoweredRule[];
  /** The rules that speak of ARP or neighbour discovery, and so are asked about it. */
  readonly neighbourRules: readonly LoweredRule[];
  readonly removed: readonly RemovedRule[];
}

/** Lowers and optimises every stage that is used: egress is left out where everything may leave unjudged. */
export function planPolicy(policy: CheckedPolicy): Plan {
  const optimise = (rules: CheckedPolicy['prefilter']): OptimisedRules => optimiseRules(rules, policy.sets);
  const stage = (name: StageName, rules: CheckedPolicy['prefilter'], end?: TerminalAction): StagePlan => {
    const speaking = rules.flatMap((rule) => {
      const match = neighbourMatch(rule.match);
      return match ? [{ ...rule, match }] : [];
    });
    const neighbourRules = optimise(speaking).rules;
    return { stage: name, ...(end && { default: end }), ...optimise(rules), neighbourRules };
  };
  const stages: StagePlan[] = [];
  if (policy.prefilter.length > 0) stages.push(stage('prefilter', policy.prefilter));
  stages.push(stage('ingress', policy.ingress.rules, policy.ingress.default));
  if (judgesEgress(policy)) {
    stages.push(stage('egress', policy.egress.rules, policy.egress.default));
  }
  return { policy, stages };
}
