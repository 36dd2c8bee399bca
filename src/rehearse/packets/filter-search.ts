import type { CbpfInstruction } from '../../policy/cbpf.ts';
import { toPacket } from './assemble.ts';
import { type Branch, traceCbpf } from './cbpf-trace.ts';
import type { MadePacket } from './made-packet.ts';

/** What may still be spent on looking for packets that tcpdump expressions are true of: runs of their programs. */
export interface FilterSearch {
  runs: number;
}

/** Runs of a program from one packet on. */
const RUNS_A_PACKET = 120;

/**
 * A packet like `made` that the program is true of and `accepts` takes: the program is run, and where it turned the
 * packet away, the bytes that it looked at last are changed so that it goes the other way, and so on, breadth first.
 */
export function searchFilter(
  program: readonly CbpfInstruction[],
  made: MadePacket,
  search: FilterSearch,
  accepts: (other: MadePacket) => boolean,
): MadePacket | undefined {
  const seen = new Set<string>();
  const queue: Bytes[] = [{ frame: made.frame, wireLength: made.circumstances.wireLength }];
  for (let turn = 0; turn < RUNS_A_PACKET && search.runs > 0; turn++) {
    const bytes = queue.shift();
    if (bytes === undefined) return undefined;
    search.runs--;
    const { result, branches, path } = traceCbpf(program, bytes.frame, bytes.wireLength);
    if (result !== 0) {
      const other = toPacket(bytes.frame, bytes.wireLength, made.circumstances);
      if (other && accepts(other)) return other;
    }
    if (seen.has(path)) continue;
    seen.add(path);
    for (const branch of branches.toReversed()) queue.push(...otherWay(branch, bytes));
  }
  return undefined;
}

interface Bytes {
  readonly frame: Uint8Array;
  readonly wireLength: number;
}

const LONGEST = 1500;

/** The bytes with those changed that the branch was decided by. */
function otherWay({ of, wanted }: Branch, { frame, wireLength }: Bytes): Bytes[] {
  if (of === 'length') {
    if (wanted < frame.length || wanted > LONGEST) return [];
    const resized = new Uint8Array(wanted);
    resized.set(frame);
    return [{ frame: resized, wireLength: wanted }];
  }
  const end = of.offset + of.size;
  if (end > LONGEST) return [];
  const changed = new Uint8Array(Math.max(frame.length, end));
  changed.set(frame);
  const view = new DataView(changed.buffer);
  if (of.size === 4) view.setUint32(of.offset, wanted);
  else if (of.size === 2) view.setUint16(of.offset, wanted);
  else view.setUint8(of.offset, wanted);
  return [{ frame: changed, wireLength: Math.max(wireLength, changed.length) }];
}
