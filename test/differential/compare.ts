import type { Rehearsal } from '../../src/datapath/rehearsal.ts';
import type { Packet } from '../../src/generated/abi.ts';
import { describePacket } from '../../src/packet/describe.ts';
import { ETHERNET_HEADER_LENGTH } from '../../src/packet/headers.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { judgesEgress } from '../../src/policy/judged.ts';
import { type Judgement, judge } from '../../src/policy/model.ts';
import type { TestFrame } from './packets.ts';

/** What the test run gives the programs of a frame: the model gets no more. */
const LONGEST_FRAME = 3400;

export interface Comparison {
  readonly model: Judgement;
  /** Whether a program ran: not on what no program is attached for, or no test run takes. */
  readonly judged: boolean;
  /** One line a difference between model and kernel; none where they agree. */
  readonly differences: readonly string[];
}

/** Judges the frame by the reference model and by the compiled program in the kernel. */
export function compare(policy: CheckedPolicy, rehearsal: Rehearsal, frame: TestFrame): Comparison {
  const { direction, wireLength, timeMs } = frame;
  const bytes = frame.bytes.subarray(0, LONGEST_FRAME);
  const at = frame.interface === undefined ? {} : { interface: frame.interface };
  const kernel = rehearsal.judge(bytes, { direction, wireLength, timeMs, ...at });
  const packet = parseFrame(bytes, { ifindex: 0, frameLength: wireLength });
  const model = judge(policy, bytes, packet, direction, frame.interface, timeMs);
  const judged = bytes.length >= ETHERNET_HEADER_LENGTH && (direction === 'ingress' || judgesEgress(policy));
  const fields = judged ? packetDifferences(packet, rehearsal.packet()) : [];
  return { model, judged, differences: [...judgementDifferences(model, kernel), ...fields] };
}

function judgementDifferences(model: Judgement, kernel: Omit<Judgement, 'counted' | 'logged'>): string[] {
  return (['verdict', 'stage', 'id', 'reason', 'mark'] as const)
    .filter((key) => model[key] !== kernel[key])
    .map((key) => `${key}: model ${model[key]}, kernel ${kernel[key]}`);
}

/** Fields that the judge fills in, or that only the kernel knows. */
const decided: ReadonlySet<string> = new Set([
  'rule',
  'verdict',
  'stage',
  'mark',
  'ifindex',
  'interfaceClass',
  'timeNs',
] satisfies (keyof Packet)[]);

/** The record that the TypeScript parser makes of a frame against the one that the C parser made. */
export function packetDifferences(typescript: Packet, kernel: Packet): string[] {
  return (Object.keys(typescript) as (keyof Packet)[])
    .filter((field) => !decided.has(field) && typescript[field] !== kernel[field])
    .map((field) => `packet.${field}: TypeScript ${typescript[field]}, C ${kernel[field]}`);
}

/** A frame in words and in hex, as a failure shows it. */
export function describeFrame({ bytes, wireLength, direction, interface: name, timeMs }: TestFrame): string {
  const packet = parseFrame(bytes, { ifindex: 0, frameLength: wireLength });
  const cut = wireLength === bytes.length ? '' : ` of ${wireLength}`;
  const where = `${direction}${name === undefined ? '' : ` at ${name}`}, ${bytes.length}${cut} bytes, at ${new Date(timeMs).toISOString()}`;
  return `${describePacket(packet)}\n${where}: ${Buffer.from(bytes).toString('hex')}`;
}
