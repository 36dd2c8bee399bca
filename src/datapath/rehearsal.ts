import {
  FIRST_RULE,
  type Packet,
  packetFields,
  Reason,
  reasonNames,
  rehearsalCodec,
  rehearsalFields,
  stageNames,
  verdictNames,
} from '../generated/abi.ts';
import { createTestRunner, type MapMemory, mapMemory, type TestRunner } from '../kernel/index.ts';
import { ETHERNET_HEADER_LENGTH, Ethertype, IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH } from '../packet/headers.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { type CompileOptions, compilePolicy } from '../policy/compile.ts';
import type { Judgement } from '../policy/model.ts';
import { allRules } from '../policy/rule-place.ts';
import { buildGeneration, type Generation } from './generation.ts';
import { type Inspection, inspect } from './inspect.ts';
import { nameInterfaceIn } from './interface-classes.ts';
import { pretendTime } from './pretended-time.ts';

/** What the kernel says of a packet. What it passed on the way is in the counters, not here. */
export type KernelJudgement = Omit<Judgement, 'counted' | 'logged'>;

export interface JudgeOptions {
  /** `ingress` where left out. */
  readonly direction?: 'ingress' | 'egress';
  /** One of the policy's interfaces; rules that name one match no packet without it. */
  readonly interface?: string;
  /** Bytes on the wire, where a capture kept fewer. */
  readonly wireLength?: number;
  /** When it passes, Unix time in milliseconds; now where left out. Only rules with a `when` ask. */
  readonly timeMs?: number;
}

/** A policy compiled, verified and loaded, attached to nothing: it judges packets that are handed to it. */
export interface Rehearsal {
  readonly generation: Generation;
  judge(frame: Uint8Array, options?: JudgeOptions): KernelJudgement;
  /** The data plane's record of the packet judged last. */
  packet(): Packet;
  inspect(): Inspection;
  close(): void;
  [Symbol.dispose](): void;
}

/** The kernel's test run takes a frame between these, bytes; what is behind is only told as the frame's length. */
const SHORTEST_FRAME = 15;
const LONGEST_FRAME = 3400;
const LONGEST_IN_BUFFERS = 65_536;

/** With `multiBuffer`, what comes in is judged in full length up to 64 KiB: Linux 5.18. */
export interface RehearsalOptions
  extends Pick<CompileOptions, 'partLimits' | 'multiBuffer' | 'structure' | 'previous'> {
  /** Tracks connections as the policy says; otherwise each packet is judged as the first of its connection. */
  readonly track?: boolean;
}

/** Numbers for interfaces that need not exist: they have them in the order in which they are asked about. */
const FIRST_IFINDEX = 1_000_000;

/** Builds the policy's generation for test runs. Needs the right to load programs, no interface. */
export function openRehearsal(policy: CheckedPolicy, options: RehearsalOptions = {}): Rehearsal {
  const { track = false } = options;
  const generation = buildGeneration(compilePolicy(policy, options), { rehearse: true, track });
  const numbers = new Map<string, number>();
  const interfaceIndex = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    const fresh = FIRST_IFINDEX + numbers.size;
    nameInterfaceIn(generation.maps, generation.compiled.interfaces, fresh, name);
    numbers.set(name, fresh);
    return fresh;
  };
  let memory: MapMemory;
  try {
    memory = mapMemory(generation.maps.get('xdp', 'rehearsal'));
  } catch (error) {
    generation.close();
    throw error;
  }
  const view = new DataView(memory.buffer);
  const windows = generation.maps.all.get('windows');
  const pretended = windows && pretendTime(windows, generation.compiled.windows.all);
  /** The clock of the data plane is Unix time here. */
  const timeNsOf = (timeMs: number): bigint =>
    pretended ? pretended(timeMs) : BigInt(Math.max(1, Math.floor(timeMs * 1e6)));
  const runnerFor = (program: Generation['tc'], maxFrame: number): TestRunner | undefined =>
    program && createTestRunner(program, { maxFrame });
  const longest = { ingress: options.multiBuffer ? LONGEST_IN_BUFFERS : LONGEST_FRAME, egress: LONGEST_FRAME };
  const runners = {
    ingress: runnerFor(generation.xdp, longest.ingress),
    egress: runnerFor(generation.tc, longest.egress),
  };
  const rules = allRules(policy);
  const close = (): void => {
    memory.close();
    generation.close();
  };

  return {
    generation,
    judge(frame, { direction = 'ingress', interface: name, wireLength = frame.length, timeMs } = {}) {
      // Nothing is attached where nothing is judged.
      if (!runners[direction]) return unjudged(policy);
      if (frame.length < ETHERNET_HEADER_LENGTH) return tooShortForTestRun(policy);
      const runner = runners[endsInIpHeader(frame) ? 'ingress' : direction] as TestRunner;
      view.setUint32(rehearsalFields.ifindex.offset, name === undefined ? 0 : interfaceIndex(name), true);
      view.setUint32(rehearsalFields.frameLength.offset, wireLength, true);
      if (pretended || track) view.setBigUint64(rehearsalFields.timeNs.offset, timeNsOf(timeMs ?? Date.now()), true);
      runner.run(fitting(frame, longest[direction]));
      return readJudgement();
    },
    packet: () => rehearsalCodec.read(view, 0).packet,
    inspect: () => inspect(generation),
    close,
    [Symbol.dispose]: close,
  };

  /** Four fields of the record and not all: a million packets of a capture are judged one by one. */
  function readJudgement(): KernelJudgement {
    const record = rehearsalFields.packet.offset;
    const verdict = view.getUint8(record + packetFields.verdict.offset);
    const stage = view.getUint8(record + packetFields.stage.offset);
    const id = view.getUint32(record + packetFields.rule.offset, true);
    const mark = view.getUint32(record + packetFields.mark.offset, true);
    return {
      verdict: verdictNames[verdict] as Judgement['verdict'],
      stage: stageNames[stage] as Judgement['stage'],
      rule: id < FIRST_RULE ? null : (rules[id - FIRST_RULE] ?? null),
      reason: id < FIRST_RULE ? (reasonNames[id] ?? String(id)) : 'rule',
      id,
      mark,
    };
  }
}

/**
 * Whether the kernel refuses a test run of a classifier: the frame ends within the IP header that its ethertype
 * announces. The parser refuses it as well, in one way at both hooks, so that the XDP program can say which.
 */
function endsInIpHeader(frame: Uint8Array): boolean {
  const ethertype = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  const header = { [Ethertype.IPV4]: IPV4_HEADER_LENGTH, [Ethertype.IPV6]: IPV6_HEADER_LENGTH }[ethertype] ?? 0;
  return frame.length < ETHERNET_HEADER_LENGTH + header;
}

function fitting(frame: Uint8Array, longest: number): Uint8Array {
  if (frame.length > longest) return frame.subarray(0, longest);
  if (frame.length >= SHORTEST_FRAME) return frame;
  const longer = new Uint8Array(SHORTEST_FRAME);
  longer.set(frame);
  return longer;
}

function unjudged(policy: CheckedPolicy): KernelJudgement {
  const reason = Reason.DEFAULT_EGRESS;
  const verdict = policy.egress.default;
  return { verdict, stage: 'egress', rule: null, reason: reasonNames[reason] as string, id: reason, mark: 0 };
}

/** No driver hands on a frame without an Ethernet header, and the kernel does not run a program on one. */
function tooShortForTestRun(policy: CheckedPolicy): KernelJudgement {
  const reason = Reason.TRUNCATED_ETHERNET;
  const verdict = policy.malformed;
  return { verdict, stage: 'parse', rule: null, reason: reasonNames[reason] as string, id: reason, mark: 0 };
}
