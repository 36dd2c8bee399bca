import { connectionFields, FIRST_RULE, Flow, Phase, phaseNames, reasonNames } from '../generated/abi.ts';
import type { Jiffies } from '../kernel/jiffies.ts';
import { Protocol } from '../packet/headers.ts';
import { formatTcpFlags, protocolName } from '../packet/names.ts';
import { type Age, idleTicks } from './connection-tables.ts';
import { ipv6At } from './ipv6-text.ts';
import type { GenerationState } from './state.ts';

/** A connection, as it is shown. Source and destination are those of its first packet. */
export interface LiveConnection {
  readonly protocol: string;
  readonly family: 4 | 6;
  readonly source: string;
  /** Null where the protocol has none. */
  readonly sourcePort: number | null;
  readonly destination: string;
  readonly destinationPort: number | null;
  /** The identifier of ICMP echo. */
  readonly echoId: number | null;
  readonly direction: 'inbound' | 'outbound';
  readonly phase: string;
  /** Its source has shown that it gets what is sent to it, or it is the host's own. */
  readonly proven: boolean;
  readonly packets: number;
  /** Of whole frames. */
  readonly bytes: number;
  /** All TCP flags that were seen: `SAF`. Null where it is not TCP. */
  readonly flags: string | null;
  readonly replyPackets: number;
  readonly replyBytes: number;
  readonly replyFlags: string | null;
  /** When its first and its last packet came: ISO 8601. */
  readonly first: string;
  readonly last: string;
  readonly idleSeconds: number;
  /** Until it is over, if no packet comes. */
  readonly secondsLeft: number;
  /** What has decided of it last, a rule or a default; null where that was an earlier policy, whose rules are not known. */
  readonly rule: string | null;
  /** Null of what is no rule. */
  readonly line: number | null;
  /** `drop`: a policy that was put in force since it began forbids it, or it was killed. */
  readonly verdict: 'allow' | 'drop';
  /** Which policy has decided: `earlier` is judged again at its next packet. */
  readonly policy: 'in-force' | 'earlier';
  /** The number of that policy's generation; null of an earlier one. */
  readonly generation: number | null;
  readonly interface: string;
}

/** Reads connections from where they lie. */
export type RecordReader = (view: DataView, at: number, isUnproven: boolean) => LiveConnection;

/** What the numbers in a connection mean. */
export interface RecordContext {
  readonly judge: GenerationState;
  readonly age: Age & { readonly epoch: number };
  readonly jiffies: Jiffies;
  /** The name of an interface by its number. */
  readonly interfaces: ReadonlyMap<number, string>;
}

const f = connectionFields;
/** As in bpf/abi/connection.h, of `struct judged.rule`. */
const JUDGED_DENIED = 2 ** 31;
const [JUDGED_BYTES, COUNTER_BYTES, SIDE_BYTES] = [f.judged.size / 2, f.packets.size / 2, f.sides.size / 2];
const OCTETS = Array.from({ length: 256 }, (_, octet) => String(octet));
const FLAGS = Array.from({ length: 256 }, (_, flags) => formatTcpFlags(flags));
const PROTOCOLS = Array.from({ length: 256 }, (_, protocol) => protocolName(protocol));
const PORTLESS: ReadonlySet<number> = new Set([Phase.ECHO, Phase.OTHER]);

export function createRecordReader({ judge, age, jiffies, interfaces }: RecordContext): RecordReader {
  const { perSecond } = jiffies;
  const nowTicks = Number(jiffies.now);
  const nowMs = jiffies.dateOf(jiffies.now).getTime();
  const isoOf = createClock();
  const at = (idle: number): string => isoOf(nowMs - (idle * 1000) / perSecond);
  /** The count has eight bits more than are kept apart: at 1,000 a second it goes on for 34 years. */
  const sinceFirst = (view: DataView, entry: number): number => {
    const low = view.getUint32(entry + f.first.offset, true);
    return Math.max(0, (nowTicks % 2 ** 40) - (view.getUint8(entry + f.firstEra.offset) * 2 ** 32 + low));
  };
  return (view, entry, isUnproven) => {
    const traits = view.getUint8(entry + f.traits.offset);
    const protocol = view.getUint8(entry + f.protocol.offset);
    const phase = view.getUint8(entry + f.phase.offset);
    const family = traits & Flow.IPV6 ? 6 : 4;
    const isOutbound = (traits & Flow.OUTBOUND) !== 0;
    const hasPorts = !PORTLESS.has(phase) && (phase !== Phase.KILLED || portsIn(protocol));
    const isTcp = protocol === Protocol.TCP;
    const sourcePort = view.getUint16(entry + f.srcPort.offset, true);
    const idle = idleTicks(view, entry, age.now);
    const left = Math.max(0, (age.timeouts[phase] ?? 0) - idle);
    const { rule, epoch, isDenied } = decisive(view, entry, isOutbound ? 1 : 0);
    const isNow = epoch === age.epoch;
    const known = isNow ? judge.rules[rule - FIRST_RULE] : undefined;
    const ifindex = view.getUint32(entry + f.ifindex.offset, true);
    return {
      protocol: PROTOCOLS[protocol] as string,
      family,
      source: addressAt(view, entry + f.srcHi.offset, family),
      sourcePort: hasPorts ? sourcePort : null,
      destination: addressAt(view, entry + f.dstHi.offset, family),
      destinationPort: hasPorts ? view.getUint16(entry + f.dstPort.offset, true) : null,
      echoId: !hasPorts && isEcho(family, protocol) ? sourcePort : null,
      direction: isOutbound ? 'outbound' : 'inbound',
      phase: phaseNames[phase] ?? String(phase),
      proven: !isUnproven,
      packets: counterAt(view, entry + f.packets.offset),
      bytes: counterAt(view, entry + f.bytes.offset),
      flags: isTcp ? (FLAGS[view.getUint8(entry + f.sides.offset + SIDE_BYTES - 1)] as string) : null,
      replyPackets: counterAt(view, entry + f.packets.offset + COUNTER_BYTES),
      replyBytes: counterAt(view, entry + f.bytes.offset + COUNTER_BYTES),
      replyFlags: isTcp ? (FLAGS[view.getUint8(entry + f.sides.offset + 2 * SIDE_BYTES - 1)] as string) : null,
      first: at(sinceFirst(view, entry)),
      last: at(idle),
      idleSeconds: Math.round((idle * 10) / perSecond) / 10,
      secondsLeft: Math.round(left / perSecond),
      rule: isNow ? (known?.name ?? reasonNames[rule] ?? null) : null,
      line: known?.line ?? null,
      verdict: phase === Phase.KILLED || isDenied ? 'drop' : 'allow',
      policy: isNow ? 'in-force' : 'earlier',
      generation: isNow ? judge.generation : null,
      interface: interfaces.get(ifindex) ?? `#${ifindex}`,
    };
  };
}

/** The judgement that matters: what forbids it, else that of the hook where it began. */
function decisive(view: DataView, entry: number, own: 0 | 1): { rule: number; epoch: number; isDenied: boolean } {
  const ownRule = view.getUint32(entry + f.judged.offset + own * JUDGED_BYTES + 4, true);
  const otherAt = entry + f.judged.offset + (1 - own) * JUDGED_BYTES;
  const otherRule = view.getUint32(otherAt + 4, true);
  const isOther =
    (otherRule & JUDGED_DENIED) !== 0 && (ownRule & JUDGED_DENIED) === 0 && view.getUint32(otherAt, true) !== 0;
  const [rule, from] = isOther ? [otherRule, otherAt] : [ownRule, entry + f.judged.offset + own * JUDGED_BYTES];
  return { rule: rule % JUDGED_DENIED, epoch: view.getUint32(from, true), isDenied: (rule & JUDGED_DENIED) !== 0 };
}

const portsIn = (protocol: number): boolean =>
  protocol === Protocol.TCP || protocol === Protocol.UDP || protocol === Protocol.SCTP;

const isEcho = (family: 4 | 6, protocol: number): boolean =>
  protocol === (family === 4 ? Protocol.ICMP : Protocol.ICMPV6);

/** Exact up to 2^53. */
const counterAt = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;

function addressAt(view: DataView, hi: number, family: 4 | 6): string {
  if (family === 6) return ipv6At(view, hi);
  const low = view.getUint32(hi + 8, true);
  return `${OCTETS[low >>> 24]}.${OCTETS[(low >>> 16) & 0xff]}.${OCTETS[(low >>> 8) & 0xff]}.${OCTETS[low & 0xff]}`;
}

/** Of a million times, most are in the same few minutes: what does not change is not written anew. */
function createClock(): (ms: number) => string {
  const minutes = new Map<number, string>();
  return (ms) => {
    const whole = Math.floor(ms);
    const minute = Math.floor(whole / 60_000);
    let prefix = minutes.get(minute);
    if (prefix === undefined) {
      prefix = new Date(minute * 60_000).toISOString().slice(0, 17);
      if (minutes.size < 10_000) minutes.set(minute, prefix);
    }
    const rest = String(whole - minute * 60_000).padStart(5, '0');
    return `${prefix}${rest.slice(0, 2)}.${rest.slice(2)}Z`;
  };
}
