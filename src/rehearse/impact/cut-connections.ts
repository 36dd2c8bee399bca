import { type FoundConnections, type LiveFlow, liveFlows } from '../../datapath/index.ts';
import { formatAddress } from '../../packet/address.ts';
import { buildFrame } from '../../packet/build.ts';
import { protocolName } from '../../packet/names.ts';
import type { PacketSpec } from '../../packet/spec.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { type Circumstances, type Decision, type VerdictData, verdictData } from '../../policy/decision.ts';
import { isGlob, matchesAny } from '../../policy/interface-pattern.ts';

/** What a policy would do to live connections: at the next packet of each, it judges them. */
export interface Impact {
  /** Those that are live and pass today. */
  readonly connections: number;
  /** How many of them were judged: all but where there are very many. */
  readonly judged: number;
  /** Of those judged. */
  readonly cut: number;
  /** Who cuts them; the most first. */
  readonly by: readonly Cut[];
}

export interface Cut {
  readonly by: VerdictData;
  readonly connections: number;
  /** One of them: `tcp 198.51.100.7:40000 > 192.0.2.10:22`. */
  readonly example: string;
}

export interface ImpactJudge {
  readonly policy: CheckedPolicy;
  /** `Rehearsal.judge` of the policy, which takes each packet for the first of its connection. */
  judge(frame: Uint8Array, circumstances: Circumstances): Decision;
}

/** Judging one takes some ten microseconds, and those that come first in the tables are there by chance. */
const MOST_JUDGED = 100_000;

/** Judges live connections as the policy will once it is in force. In the network namespace that they are of. */
export function impactOn(found: FoundConnections, judge: ImpactJudge): Impact {
  const cuts = new Map<string, { by: VerdictData; connections: number; example: string }>();
  let [connections, judged, cut] = [0, 0, 0];
  for (const flow of liveFlows(found)) {
    connections++;
    if (judged === MOST_JUDGED) continue;
    judged++;
    const by = cutBy(flow, judge);
    if (!by) continue;
    cut++;
    const key = `${by.stage} ${by.rule ?? by.reason}`;
    const known = cuts.get(key);
    if (known) known.connections++;
    else cuts.set(key, { by, connections: 1, example: describeFlow(flow) });
  }
  return { connections, judged, cut, by: [...cuts.values()].sort((a, b) => b.connections - a.connections) };
}

/** Who would cut it; undefined where it goes on. */
function cutBy(flow: LiveFlow, { policy, judge }: ImpactJudge): VerdictData | undefined {
  const there = matchesAny(policy.interfaces, flow.interface ?? '') ? flow.interface : undefined;
  // What the policy does not judge any more passes.
  if (there === undefined) return undefined;
  const asks = (spec: PacketSpec, direction: 'ingress' | 'egress', name: string): VerdictData | undefined => {
    const decision = judge(buildFrame(spec), { direction, interface: name });
    return decision.verdict === 'allow' ? undefined : verdictData(decision, policy);
  };
  const back = flow.direction === 'ingress' ? 'egress' : 'ingress';
  if (policy.connections === undefined) {
    const first = flow.first.tcpFlags === undefined ? flow.first : { ...flow.first, tcpFlags: ACK };
    return asks(first, flow.direction, there) ?? asks(flow.reply, back, there);
  }
  // Rules of prefilter see every packet; the others leave answers alone.
  const before = back === 'ingress' ? asks(flow.reply, back, there) : undefined;
  if (before?.stage === 'prefilter') return before;
  if (policy.connections.keepEstablished) return prefilterOnly(asks(flow.first, flow.direction, there));
  return asks(flow.first, flow.direction, there) ?? (flow.isForwarded ? cutOnItsWayOut(flow, policy, asks) : undefined);
}

const ACK = 0x10;

const prefilterOnly = (by: VerdictData | undefined): VerdictData | undefined =>
  by?.stage === 'prefilter' ? by : undefined;

/** By which interface it leaves is not written down: it is cut where no other lets it out. */
function cutOnItsWayOut(
  flow: LiveFlow,
  { interfaces }: CheckedPolicy,
  asks: (spec: PacketSpec, direction: 'egress', name: string) => VerdictData | undefined,
): VerdictData | undefined {
  const others = interfaces.filter((name) => name !== flow.interface && !isGlob(name));
  const cuts = others.map((name) => asks(flow.first, 'egress', name));
  return cuts.every((by) => by !== undefined) ? cuts[0] : undefined;
}

function describeFlow({ first: { protocol, src, dst, srcPort, dstPort } }: LiveFlow): string {
  const end = (address: PacketSpec['src'], port: number | undefined): string => {
    const text = formatAddress(address);
    if (port === undefined) return text;
    return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
  };
  return `${protocolName(protocol as number)} ${end(src, srcPort)} > ${end(dst, dstPort)}`;
}
