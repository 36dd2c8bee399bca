import type { Problem } from '../../diagnostics/problem.ts';
import { listInterfaces } from '../../kernel/index.ts';
import { buildFrame } from '../../packet/build.ts';
import { Protocol } from '../../packet/headers.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import {
  type Circumstances,
  type Decision,
  type Direction,
  decidedAt,
  directions,
  type VerdictData,
  verdictData,
} from '../../policy/decision.ts';
import { interfacesOf } from './session-interfaces.ts';
import { describeSession, type SshSession } from './ssh-session.ts';

/** A session whose packets a policy would no longer let pass. */
export interface CutSession {
  readonly session: SshSession;
  readonly direction: Direction;
  readonly interface: string;
  /** The rule or the default that cuts it, with its line. */
  readonly by: VerdictData;
}

export interface SshJudge {
  readonly policy: CheckedPolicy;
  /** `Rehearsal.judge` of the policy, or another that says the same. */
  judge(frame: Uint8Array, circumstances: Circumstances): Decision;
}

const ACK = 0x10;
const PUSH = 0x08;

/**
 * The sessions that the policy would cut: for each its first packet that would not pass, of those that an established
 * connection has, with and without data, in both directions. Called in the network namespace of the sessions.
 */
export function cutsSsh({ policy, judge }: SshJudge, sessions: readonly SshSession[]): CutSession[] {
  const present = sessions.length === 0 ? [] : listInterfaces();
  return sessions.flatMap((session) => {
    for (const name of interfacesOf(session, policy, present)) {
      for (const direction of directions) {
        for (const frame of packetsOf(session, direction)) {
          const decision = judge(frame, { direction, interface: name });
          if (decision.verdict === 'allow') continue;
          return [{ session, direction, interface: name, by: verdictData(decision, policy) }];
        }
      }
    }
    return [];
  });
}

function packetsOf({ client, clientPort, server, serverPort }: SshSession, direction: Direction): Uint8Array[] {
  const ends =
    direction === 'ingress'
      ? { src: client, srcPort: clientPort, dst: server, dstPort: serverPort }
      : { src: server, srcPort: serverPort, dst: client, dstPort: clientPort };
  const tcp = { protocol: Protocol.TCP, ...ends };
  // Of the length that a key press has: a cipher's block and its code.
  return [
    buildFrame({ ...tcp, tcpFlags: ACK }),
    buildFrame({ ...tcp, tcpFlags: ACK | PUSH, payload: new Uint8Array(36) }),
  ];
}

/** An error for each session that would be cut, at the rule or default that cuts it. */
export function sshProblems(policy: CheckedPolicy, cuts: readonly CutSession[]): Problem[] {
  return cuts.map(({ session, direction, interface: name, by }) => {
    const place = placeOf(policy, by);
    return {
      code: 'apply/cuts-ssh',
      message: `${whoCuts(by)} would ${by.verdict} packets of ${whose(session)} (${direction} on ${name})`,
      ...(place && { place: { source: policy.source, ...place, length: 0 } }),
      help: `Let ${describeSession(session)} pass by a rule before, or give --force.`,
    };
  });
}

const whose = (session: SshSession): string =>
  `${session.of === 'caller' ? 'your' : 'the'} SSH connection ${describeSession(session)}`;

function whoCuts({ rule, stage, reason }: VerdictData): string {
  if (rule !== null) return `rule "${rule}"`;
  return reason.startsWith('default-') ? `the default of ${stage}` : `"${reason}"`;
}

function placeOf(policy: CheckedPolicy, { rule, reason }: VerdictData) {
  const rules = [...policy.prefilter, ...policy.ingress.rules, ...policy.egress.rules];
  const found = rule === null ? null : (rules.find(({ name }) => name === rule) ?? null);
  const place = decidedAt({ rule: found, reason }, policy);
  return place && { line: place.line, column: place.column };
}
