import { runCbpf } from '../../policy/cbpf-interpreter.ts';
import type { CheckedPolicy, CheckedRule } from '../../policy/checked.ts';
import type { Circumstances } from '../../policy/decision.ts';
import { exampleInterface } from '../../policy/interface-pattern.ts';
import { applies, type Judgement } from '../../policy/model.ts';
import type { Random } from '../../policy/random.ts';
import { openings } from '../../policy/when/openings.ts';
import { WEEK_MS } from '../../policy/when/schedule.ts';
import { assemble } from './assemble.ts';
import { type Drawn, drawSpec, type Kind, kindsOf } from './draw-spec.ts';
import { edgesOf } from './edges.ts';
import { type FilterSearch, searchFilter } from './filter-search.ts';
import type { MadePacket } from './made-packet.ts';

/** What packets are made with. */
export interface Making {
  readonly policy: CheckedPolicy;
  readonly random: Random;
  /** The policy's judgement of a packet, where there is time for one. */
  judge(made: MadePacket): Judgement | undefined;
  /** What is left of the effort for tcpdump expressions, for all rules. */
  readonly search: FilterSearch;
  /** Packets at the edges of a rule, at most. */
  readonly edges: number;
}

export interface RulePackets {
  /** One a kind of packet that the rule speaks of, where one was found: the rule matches them. */
  readonly inside: readonly MadePacket[];
  /** At the edges of the match, within and without: they differ from one inside in one field. */
  readonly edges: readonly MadePacket[];
  /** Why there is none inside. */
  readonly reason?: string;
}

/** How often a packet is drawn that the rule does not match, or that an earlier rule takes. */
const TRIES = 10;

/** Packets for one rule, those that it decides where such are found. */
export function packetsForRule(rule: CheckedRule, making: Making): RulePackets {
  const inside: MadePacket[] = [];
  const edges: MadePacket[] = [];
  let reason: string | undefined;
  for (const kind of kindsOf(rule.match)) {
    const found = packetOfKind(rule, kind, making);
    if ('reason' in found) {
      reason ??= found.reason;
      continue;
    }
    if (inside.length === 0) edges.push(...packetsAtEdges(rule, found, making));
    inside.push(found.made);
  }
  if (inside.length > 0) return { inside, edges };
  return { inside, edges, reason: reason ?? 'no packet is of the protocols that it asks for' };
}

interface Found {
  readonly made: MadePacket;
  readonly drawn: Extract<Drawn, { readonly spec: unknown }>;
}

function packetOfKind(rule: CheckedRule, kind: Kind, making: Making): Found | { readonly reason: string } {
  let best: Found | undefined;
  let reason = 'none of the packets tried matches all that it asks for';
  for (let turn = 0; turn < TRIES; turn++) {
    const drawn = drawSpec(rule.match, kind, making.policy, { random: making.random, plain: turn === 0 });
    if ('reason' in drawn) {
      reason = drawn.reason;
      continue;
    }
    const made = matching(rule, assemble(drawn.spec, rule.match, circumstancesOf(rule, making.policy)), making);
    if (made === undefined) {
      if (rule.match.filter)
        reason = `no packet was found that its filter "${rule.match.filter.expression}" is true of`;
      continue;
    }
    best ??= { made, drawn };
    const judgement = making.judge(made);
    if (judgement === undefined) break;
    if (reaches(rule, judgement)) return { made, drawn };
  }
  return best ?? { reason };
}

/** The packet, or one like it that the rule's filter is true of; undefined where the rule matches neither. */
function matching(rule: CheckedRule, made: MadePacket | undefined, making: Making): MadePacket | undefined {
  if (made === undefined) return undefined;
  if (isMatched(rule, made, making.policy)) return made;
  const { filter } = rule.match;
  if (filter === undefined || runCbpf(filter.program, made.frame, made.circumstances.wireLength) !== 0)
    return undefined;
  return searchFilter(filter.program, made, making.search, (other) => isMatched(rule, other, making.policy));
}

/** Whether the rule's match is true of the packet. */
export function isMatched(rule: CheckedRule, made: MadePacket, policy: CheckedPolicy): boolean {
  const { frame, packet, circumstances } = made;
  const { interface: interfaceName, timeMs } = circumstances;
  return applies(rule, { policy, frame, packet, interfaceName, timeMs });
}

/** Whether a packet that the rule matches gets as far as to it. */
export function reaches(rule: CheckedRule, { rule: decided }: Pick<Judgement, 'rule'>): boolean {
  return decided === null || decided.index >= rule.index;
}

function packetsAtEdges(rule: CheckedRule, { drawn, made }: Found, { policy, edges }: Making): MadePacket[] {
  return edgesOf(rule.match, drawn.spec, made, policy).slice(0, edges);
}

export function circumstancesOf({ stage, match }: CheckedRule, policy: CheckedPolicy): Circumstances {
  const name = exampleInterface(match.interface ?? { any: policy.interfaces, none: [] });
  const direction = stage === 'egress' ? 'egress' : 'ingress';
  return { direction, timeMs: timeFor(match), ...(name !== undefined && { interface: name }) };
}

/** Weeks in which every window opens, whatever is done to the clocks. */
const WEEKS_AHEAD = 2;

/** Now, or when the rule's window opens next. */
function timeFor({ when }: CheckedRule['match']): number {
  const nowMs = Date.now();
  return when ? (openings(when, nowMs, nowMs + WEEKS_AHEAD * WEEK_MS)[0]?.fromMs ?? nowMs) : nowMs;
}
